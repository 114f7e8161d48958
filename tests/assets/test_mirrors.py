"""Each module of the computing rooms has its test file: tests/assets mirrors assets, module by module.

Wiring for the orchestrator (assets.py) has none of its own: tests/pipelines tests it through runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIRING = {"__init__.py", "assets.py"}
MODULES = sorted(module.relative_to(ROOT) for module in (ROOT / "assets").rglob("*.py") if module.name not in WIRING)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_its_test_file(module: Path) -> None:
    mirror = Path("tests", module.parent, f"test_{module.name}")
    assert (ROOT / mirror).is_file(), f"{module} has no {mirror}"
    assert "def test_" in (ROOT / mirror).read_text(), f"{mirror} tests nothing"


def test_there_are_modules_to_mirror() -> None:
    assert len(MODULES) > 80
