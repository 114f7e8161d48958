"""Licences: every package of the image is listed with its own word for it, and none asks for what is not allowed."""

from __future__ import annotations

import sys
from importlib.metadata import distributions

import pytest

from tests.deploy.reading import ROOT
from tests.deploy.test_pins import pins

sys.path.insert(0, str(ROOT / ".ci"))

import licences


def listed() -> dict[str, str]:
    lines = licences.PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {name: licence for name, licence in rows if name != "package"}


def test_the_page_lists_what_is_pinned_and_is_as_the_script_writes_it() -> None:
    assert set(listed()) == set(pins("requirements.txt"))
    assert licences.describe(listed(), licences.read_rules()) == licences.PAGE.read_text(encoding="utf-8")


def test_what_is_installed_here_says_of_itself_what_the_page_says() -> None:
    pinned, page = pins("requirements.txt"), listed()
    here = [
        package
        for package in distributions()
        if pinned.get(licences.canonical(package.metadata["Name"]), ("", 0))[0] == package.version
    ]
    assert licences.read_licences(here) == {
        name: page[name] for name in map(licences.canonical, (package.metadata["Name"] for package in here))
    }
    assert len(here) > 100


def test_only_licences_that_are_allowed_or_explained_are_there() -> None:
    rules = licences.read_rules()
    assert licences.refused(listed(), rules) == []
    assert set(rules["packages"]) <= set(listed())


@pytest.mark.parametrize(
    ("package", "licence", "sentence"),
    [
        ("newcomer", "AGPL-3.0-only", "newcomer says AGPL-3.0-only: allow it in deploy/licences.toml with a reason"),
        ("mutagen", "AGPL-3.0-only", "mutagen says AGPL-3.0-only, and not GPL-2.0-or-later any more"),
    ],
)
def test_another_licence_is_refused(package: str, licence: str, sentence: str) -> None:
    (found,) = licences.refused({package: licence}, licences.read_rules())
    assert found.startswith(sentence)
