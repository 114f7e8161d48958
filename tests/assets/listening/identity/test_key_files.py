"""A new version of the keys stands at the end of those whose it is, and nothing else of the file changes."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from assets.listening.identity.key_files import add_version
from assets.listening.identity.keys import Keyring
from sql.values import PermanentError

NORTH, SOUTH = UUID(int=1), UUID(int=2)
FIRST, OWN = {"version": 1, "secret": "00" * 32}, {"version": 4, "secret": "11" * 32}


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring with a default key, and with a key of the north's own."""
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps({"default": [FIRST], "tenants": {str(NORTH): [OWN]}}), encoding="utf-8")
    path.chmod(0o600)
    return path


def versions(path: Path) -> dict[str, list[int]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    named = {"default": content["default"], **content["tenants"]}
    return {name: [entry["version"] for entry in entries] for name, entries in named.items()}


def test_everybody_gets_a_version_after_the_newest_that_they_have(ring: Path) -> None:
    made = add_version(ring)
    assert versions(ring) == {"default": [1, 2], str(NORTH): [4, 5]}
    assert [key.version for key in made.default] == [1, 2]
    assert made == Keyring.load(ring)


def test_a_tenant_without_keys_of_its_own_gets_the_default_ones_and_a_new_one(ring: Path) -> None:
    add_version(ring, frozenset({SOUTH}))
    assert versions(ring) == {"default": [1], str(NORTH): [4], str(SOUTH): [1, 2]}
    content = json.loads(ring.read_text(encoding="utf-8"))
    assert content["default"] == [FIRST]
    assert content["tenants"][str(SOUTH)][0] == FIRST


def test_each_new_secret_is_another_one_and_the_file_stays_its_owner_s(ring: Path) -> None:
    add_version(ring)
    add_version(ring)
    content = json.loads(ring.read_text(encoding="utf-8"))
    secrets = [entry["secret"] for entries in (content["default"], *content["tenants"].values()) for entry in entries]
    assert len(set(secrets)) == len(secrets) == 6
    assert ring.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_ring_is_left_as_it_is(ring: Path) -> None:
    ring.write_text("[]", encoding="utf-8")
    with pytest.raises(PermanentError):
        add_version(ring)
    assert ring.read_text(encoding="utf-8") == "[]"
