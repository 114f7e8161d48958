"""The audit: what pip-audit says is passed on, and that it could look at nothing is no pass."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.reading import ROOT

sys.path.insert(0, str(ROOT / ".ci"))

import audit

GOOD = {"name": "click", "version": "8.3.1", "vulns": []}
WEAK = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}]}
SKIPPED = {"name": "lxml", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def test_a_known_weakness_is_named_with_the_version_that_mends_it() -> None:
    status, sentences = audit.judge({"dependencies": [GOOD, WEAK, SKIPPED]})
    assert status == 1
    assert sentences == [
        "jinja2 2.0: PYSEC-1, mended in 3.1.6",
        "2 packages were looked at; not at lxml: 1 known weakness(es).",
    ]
    assert audit.judge({"dependencies": [GOOD]}) == (0, ["1 packages were looked at: 0 known weakness(es)."])


def test_an_audit_that_could_look_at_nothing_says_so_and_does_not_pass() -> None:
    for nothing in ([SKIPPED, SKIPPED], []):
        status, (sentence,) = audit.judge({"dependencies": nothing})
        assert status == 2
        assert sentence.startswith("Not audited: no database of advisories could be reached from here")


ADVISORY = """\
id: PYSEC-1
affected:
- package: {name: jinja2, ecosystem: PyPI}
  ranges:
  - type: GIT
    events: [{introduced: '0'}]
  - type: ECOSYSTEM
    events: [{introduced: '0'}, {fixed: 2.11.3}, {introduced: '3.0'}, {last_affected: 3.1.5}]
  versions: [4.0rc1]
"""


@pytest.mark.parametrize(
    ("version", "is_weak"),
    [
        ("2.9", True),
        ("2.11.3", False),
        ("3.0rc1", False),
        ("3.0", True),
        ("3.1.5", True),
        ("3.1.6", False),
        ("4.0rc1", True),
    ],
)
def test_a_copy_of_the_database_is_asked_by_range_and_by_version(tmp_path: Path, version: str, is_weak: bool) -> None:
    for name, text in (("PYSEC-1", ADVISORY), ("PYSEC-2", f"{ADVISORY}withdrawn: '2025-01-01T00:00:00Z'\n")):
        file = tmp_path / "vulns" / "jinja2" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    pins = f"Jinja2=={version} \\\n    --hash=sha256:aa\nclick==8.3.1 ; python_version > '3' \\\n    --hash=sha256:bb\n"
    status, sentences = audit.judge(audit.look_up(tmp_path, pins))
    assert status == is_weak
    weak = [f"Jinja2 {version}: PYSEC-1, mended in 2.11.3"] if is_weak else []
    assert sentences == [*weak, f"2 packages were looked at: {len(weak)} known weakness(es)."]


def test_every_pin_is_looked_up_and_a_folder_that_is_no_copy_is_no_pass(tmp_path: Path) -> None:
    pins = (ROOT / "deploy" / "requirements.txt").read_text()
    assert len(audit.PIN.findall(pins)) == pins.count("==")
    assert audit.judge(audit.look_up(tmp_path, pins))[0] == 2


def test_the_workflow_runs_what_the_makefile_has() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text())
    targets = {
        word
        for step in workflow["jobs"]["audit"]["steps"]
        for line in step.get("run", "").splitlines()
        for word in [line.removeprefix("make ")]
        if line.startswith("make ")
    }
    assert targets == {"audit", "licences", "sbom"}
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}: " in makefile for target in targets)
