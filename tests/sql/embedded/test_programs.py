"""Where the server's programs come from: apt's answer, the loader's answer, and the words when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sql.embedded import debian, programs
from sql.embedded.account import serving_account
from sql.values import PermanentError
from tests.conftest import silent

PRINTED = """\
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror.example_security 0
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian 0
'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror.example_updates 0
'http://elsewhere.example/tool/dists/stable/InRelease' elsewhere.example_tool 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_packages 0
"""


def test_the_mirror_is_the_one_that_serves_this_release() -> None:
    assert debian.mirror(PRINTED, "bookworm") == "http://mirror.example/debian"


def test_a_machine_without_a_mirror_has_none() -> None:
    assert debian.mirror("Reading package lists...\n", "bookworm") is None


def test_the_login_of_a_mirror_is_not_repeated() -> None:
    message = debian.without_login("Failed to fetch https://marta:pass@mirror.example/debian/dists/trixie/InRelease")
    assert message == "Failed to fetch https://***@mirror.example/debian/dists/trixie/InRelease"


def test_a_library_from_the_system_or_from_nowhere_is_a_stray() -> None:
    listing = """\
        linux-vdso.so.1 (0x00007f4752868000)
        libpq.so.5 => /cache/programs/usr/lib/libpq.so.5 (0x00007f4751d36000)
        libz.so.1 => /lib/libz.so.1 (0x00007f4752839000)
        libxml2.so.2 => not found
    """
    strays = debian.stray_libraries(listing, Path("/cache/programs"))
    assert [line.split()[0] for line in strays] == ["libz.so.1", "libxml2.so.2"]


def test_a_machine_that_cannot_have_a_server_gets_the_one_command_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "USUAL_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PermanentError) as refusal:
        programs.find_programs(tmp_path, serving_account(), silent)
    assert "docker compose -f deploy/compose.yaml up -d timescaledb" in str(refusal.value)
    assert "DATABASE_URL=" in str(refusal.value)


def test_a_folder_without_a_server_holds_no_programs(tmp_path: Path) -> None:
    assert programs.inspect(tmp_path) is None


def test_programs_that_another_home_uses_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(programs, "lasting_folder", lambda: tmp_path)
    account = serving_account()
    cache = programs.cache_folder(tmp_path, account)
    unpacked = cache / debian.folder_name()
    unpacked.mkdir()
    homes = [tmp_path / name for name in ("first", "second")]
    for home in homes:
        home.mkdir()
    unpacked.with_suffix(".homes").write_text("\n".join(map(str, homes)))
    assert not programs.release_programs(homes[0], account)
    assert unpacked.exists()
    assert programs.release_programs(homes[1], account)
    assert not unpacked.exists()
