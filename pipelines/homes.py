"""Homes: Dagster's folder, and the project's.

Here: the project's folder, and Dagster's home inside Earshot's, so that nothing is littered beside the code; reading
the orchestrator's settings, because Dagster itself keeps everything in SQLite where the file is missing.
Not here: the environment (settings.py), the processes that use them (runtime.py).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipelines.settings import Settings
from sql.safety.private import private_folder
from sql.values import PermanentError

NAME = "dagster.yaml"


def project_root() -> Path:
    """The folder with dagster.yaml and workspace.yaml: where we stand, else the checkout."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[1]):
        if (folder / NAME).is_file() and (folder / "workspace.yaml").is_file():
            return folder
    raise PermanentError(
        f"No readable {NAME} beside a workspace.yaml in {Path.cwd()} or {Path(__file__).resolve().parents[1]}: run "
        "this command from the project's folder, and bring the file back if it is lost (it belongs to the project)."
    )


def dagster_home(settings: Settings) -> Path:
    """Dagster's home: a folder with a link to the project's dagster.yaml, where it may write what it likes.

    Raises PermanentError if that file cannot be used.
    """
    home = private_folder(settings.home / "dagster", within=settings.home)
    link, target = home / NAME, project_root() / NAME
    if not link.is_symlink() or link.resolve() != target.resolve():
        draft = home / f"{NAME}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(link)
    read_orchestrator_settings(home)
    return home


def read_orchestrator_settings(home: Path) -> dict[str, Any]:
    """dagster.yaml of Dagster's home. Raises PermanentError if it cannot be read, or names no storage."""
    # Takes a while to load, and paths are looked up without it.
    import yaml

    path = home / NAME
    where = f"{path} -> {os.readlink(path)}" if os.path.islink(path) else str(path)
    advice = "Nothing was started, because without it Dagster would keep its history in SQLite files"
    try:
        found = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise PermanentError(
            f"Dagster's settings cannot be read: {where}: {error.strerror}. {advice}. Bring the file back, or make it "
            "readable for this user."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        message = " ".join(str(error).split())
        raise PermanentError(f"Dagster's settings are no YAML: {where}: {message}. {advice}. Mend that line.") from None
    if not isinstance(found, dict) or not found.get("storage"):
        raise PermanentError(
            f"Dagster's settings name no storage: {where}. {advice}. Bring back the part `storage: postgres:` with "
            "`postgres_url: {env: DAGSTER_POSTGRES_URL}`."
        )
    return found
