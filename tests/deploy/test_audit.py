"""The audit: what pip-audit says is passed on, and that it could look at nothing is no pass."""

from __future__ import annotations

import sys

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
