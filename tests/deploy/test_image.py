"""The image: what it copies is there, what it must not hold is kept out, and it runs as nobody in particular."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from tests.deploy.reading import DEPLOY, ROOT, known_variables, parse

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def instructions(stage: str, name: str) -> list[str]:
    return re.findall(rf"^{name} (.+)$", stage, flags=re.MULTILINE)


def test_everything_that_is_copied_is_there_and_let_into_the_build() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    copied = [
        source
        for stage in STAGES
        for line in instructions(stage, "COPY")
        if not line.startswith("--from")
        for source in line.split()[:-1]
    ]
    assert sorted(copied) == sorted(let_in)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    for private in (".earshot/keyring.json", "deploy/secrets/keyring.json", ".env", "tests/conftest.py"):
        assert not any(fnmatch(private, f"{pattern}*") for pattern in let_in), private


def test_the_last_stage_has_no_right_and_only_variables_that_are_known() -> None:
    assert instructions(STAGES[-1], "USER") == ["10001:10001"]
    assert "pip install" not in STAGES[-1]
    names = set(re.findall(r"(\w+)=", instructions(STAGES[-1], "ENV")[0]))
    assert names - known_variables() == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    (check,) = re.findall(r"CMD (\[.*\])$", instructions(STAGES[-1], "HEALTHCHECK")[0])
    parse(re.findall(r'"([^"]+)"', check))


def test_all_that_is_installed_is_pinned_by_hash_and_every_stage_is_of_the_one_base() -> None:
    installs = re.findall(r"pip install ([^&\n]+)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert all("--no-deps" in each for each in installs)
    assert {stage.split()[0] for stage in STAGES} == {"${PYTHON_IMAGE}", "build"}
