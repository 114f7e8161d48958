"""What small commands and the code location do not load: seconds of processor time, for every process that starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What computes, draws, reads frames or keeps history. Each takes a tenth of a second to a second to load.
COMPUTING = {"polars", "numpy", "pyarrow", "scipy", "adbc_driver_manager", "adbc_driver_postgresql", "datasketches"}
COMPUTING |= {"typst", "css_inline", "fontTools", "PIL", "babel", "iporigin", "sendgrid"}
HISTORY = {"sqlalchemy", "dagster_postgres", "psycopg2"}
ORCHESTRATOR = {"dagster", "dagster_shared", "grpc", "pydantic"}


def loaded_by(code: str, environment: dict[str, str] | None = None) -> set[str]:
    """Names of the packages that a new process has loaded after running the code."""
    program = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def test_the_code_location_loads_no_package_that_computes() -> None:
    loaded = loaded_by("import pipelines.definitions; pipelines.definitions.defs.get_repository_def()")
    assert "dagster" in loaded
    assert loaded & (COMPUTING | HISTORY) == set()


def test_the_list_of_commands_loads_next_to_nothing() -> None:
    assert loaded_by("import pipelines.cli") & (COMPUTING | HISTORY | ORCHESTRATOR) == set()


def test_a_probe_loads_nothing_that_computes_or_sends() -> None:
    loaded = loaded_by("import pipelines.commands.watching.doctor")
    assert loaded & (COMPUTING | HISTORY | ORCHESTRATOR) == set()


@pytest.mark.parametrize("module", ["problems.watching", "commands.starting.showing"])
def test_a_look_for_problems_and_a_dry_run_of_init_load_no_orchestrator(module: str) -> None:
    assert loaded_by(f"import pipelines.{module}") & (HISTORY | ORCHESTRATOR) == set()


@pytest.mark.parametrize("command", [["status"], ["db", "status"]], ids=" ".join)
def test_a_small_command_loads_neither_the_orchestrator_nor_what_computes(
    command: list[str], database_url: str, tmp_path: Path
) -> None:
    code = f"from pipelines.cli import main\nmain({command!r}, standalone_mode=False)"
    loaded = loaded_by(code, {"DATABASE_URL": database_url, "EARSHOT_HOME": str(tmp_path)})
    assert "psycopg" in loaded
    assert loaded & (COMPUTING | HISTORY | ORCHESTRATOR) == set()
