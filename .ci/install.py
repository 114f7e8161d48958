"""Install Earshot and what it needs into the environment of the Python that runs this; extras are named as arguments.

Here: uv, which takes seconds where pip takes minutes, and pip where uv cannot be had or fails; for both the versions of
constraints.txt. uv reads no pip.conf, so what pip is configured to use (its index above all) is passed on to uv.
Not here: making the environment (the Makefile), which versions (pyproject.toml, constraints.txt).
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

CONSTRAINTS = ["--constraint", "constraints.txt"]

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

# From pip's sections, the later ones stronger: pip reads them in this order.
SECTIONS = ("global", "install", ":env:")

# pip's option, uv's variable for the same, and what stands between the values of one that takes several.
PASSED_ON = (
    ("index-url", "UV_DEFAULT_INDEX", None),
    ("extra-index-url", "UV_INDEX", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("trusted-host", "UV_INSECURE_HOST", " "),
    ("constraint", "UV_CONSTRAINT", " "),
    ("no-index", "UV_NO_INDEX", None),
    ("keyring-provider", "UV_KEYRING_PROVIDER", None),
    ("timeout", "UV_HTTP_TIMEOUT", None),
    ("default-timeout", "UV_HTTP_TIMEOUT", None),
    ("cert", "SSL_CERT_FILE", None),
    ("client-cert", "SSL_CLIENT_CERT", None),
    ("proxy", "ALL_PROXY", None),
)


def list_options() -> dict[str, str]:
    """What pip is configured to use on this machine, by its files and its environment."""
    listed = subprocess.run([*PIP, "config", "list"], stdout=subprocess.PIPE, text=True, check=False)
    return read_options(listed.stdout.splitlines())


def read_options(lines: Iterable[str]) -> dict[str, str]:
    """Pip's options by name, from the lines of `pip config list`; the environment's win over those of files."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in lines:
        name, separator, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if separator and section in found:
            found[section][option] = str(ast.literal_eval(value))
    return {option: value for section in SECTIONS for option, value in found[section].items() if value}


def build_environment(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv: what is set there already stays, and pip's options fill in what is not."""
    result = dict(environment)
    for option, variable, separator in PASSED_ON:
        if option in options:
            value = options[option] if separator is None else separator.join(options[option].split())
            result.setdefault(variable, value)
    # pip takes the best version of all its indexes, where uv would stop at the first that has the package.
    if "UV_INDEX" in result:
        result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


def install_with_uv(requirements: list[str]) -> bool:
    """Whether uv could be had and has installed everything."""
    # If pip fails as well, its own words say what is wrong.
    if not _succeeds([*PIP, "install", "-qq", *CONSTRAINTS, "uv"]):
        print("uv could not be installed; going on with pip, which takes some minutes ...", flush=True)
        return False
    environment = build_environment(list_options(), os.environ)
    uv = str(Path(sys.executable).with_name("uv"))
    if not _succeeds([uv, "pip", "install", "--quiet", "--python", sys.executable, *requirements], environment):
        print("uv could not install everything; going on with pip, which takes some minutes ...", flush=True)
        return False
    return True


def _succeeds(command: list[str], environment: Mapping[str, str] | None = None) -> bool:
    # What the tools say of a failure may show an address with its password in it, so it is not shown.
    try:
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def main() -> int:
    """Install with uv, else with pip; the exit status is pip's."""
    extras = f"[{','.join(sys.argv[1:])}]" if sys.argv[1:] else ""
    requirements = [*CONSTRAINTS, "--editable", f".{extras}"]
    if install_with_uv(requirements):
        return 0
    return subprocess.run([*PIP, "install", "-qq", *requirements], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
