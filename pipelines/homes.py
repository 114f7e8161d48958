"""Homes: where the orchestrator keeps its things, and where the project lies.

Here: the project's folder, and Dagster's home inside Earshot's, so that nothing is littered beside the code.
Not here: the environment (settings.py), the processes that use them (runtime.py).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.settings import Settings
from sql.private import private_folder
from sql.values import PermanentError


def project_root() -> Path:
    """The folder with dagster.yaml and workspace.yaml: where we stand, else the checkout."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[1]):
        if (folder / "dagster.yaml").exists() and (folder / "workspace.yaml").exists():
            return folder
    raise PermanentError("dagster.yaml was not found: run this command from the project's folder.")


def dagster_home(settings: Settings) -> Path:
    """Dagster's home: a folder with a link to the project's dagster.yaml, where it may write what it likes."""
    home = private_folder(settings.home / "dagster", within=settings.home)
    link, target = home / "dagster.yaml", project_root() / "dagster.yaml"
    if not link.is_symlink() or link.resolve() != target.resolve():
        draft = home / "dagster.yaml.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(link)
    return home
