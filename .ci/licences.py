"""Licences of everything that the image installs: listed in docs/licences.md, and only those that deploy/licences.toml
allows.

Here: reading them from an environment in which deploy/requirements.txt is installed, and the page. Not here: the check
that the page is of the pinned packages (tests/deploy/test_licences.py), what is allowed and why (deploy/licences.toml).

    python .ci/licences.py ENVIRONMENT    write the page anew; ENVIRONMENT: a folder of site-packages
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"

HEADER = """# Licences

What `deploy/requirements.txt` installs, by what each package says of itself. `tests/deploy/test_licences.py` fails for
a package that is not listed and for a licence that `deploy/licences.toml` does not allow. Written by
`python .ci/licences.py`; what those that are not permissive ask for is at the end.

| package | licence |
|---|---|
"""


def canonical(name: str) -> str:
    """A package's name as indexes spell it."""
    return name.replace("_", "-").replace(".", "-").lower()


def licence_of(package: Distribution) -> str:
    """What a package says: its SPDX expression, else its classifiers, else the first line of its licence field."""
    found = package.metadata
    if expression := found.get("License-Expression"):
        return str(expression)
    named = [line.split(" :: ")[-1] for line in found.get_all("Classifier") or [] if line.startswith("License ::")]
    named = [name for name in named if name != "OSI Approved"]
    return " / ".join(named) or (str(found.get("License") or "").strip() or "none named").splitlines()[0]


def refused(licences: Mapping[str, str], rules: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A sentence for each package whose licence is neither allowed nor excepted by name."""
    allowed, excepted = rules["allowed"], rules["packages"]
    sentences = []
    for name, licence in sorted(licences.items()):
        exception = excepted.get(name)
        if isinstance(exception, Mapping) and exception["licence"] != licence:
            sentences.append(f"{name} says {licence}, and not {exception['licence']} any more: look at it again.")
        elif exception is None and licence not in allowed:
            sentences.append(
                f"{name} says {licence}: allow it in deploy/licences.toml with a reason, or do without it."
            )
    return sentences


def read_rules() -> dict[str, dict[str, object]]:
    """deploy/licences.toml."""
    return tomllib.loads((ROOT / "deploy" / "licences.toml").read_text(encoding="utf-8"))


def describe(licences: Mapping[str, str], rules: Mapping[str, Mapping[str, object]]) -> str:
    """The page."""
    rows = "".join(f"| {name} | {licence} |\n" for name, licence in sorted(licences.items()))
    notes = "".join(
        f"- **{name}** ({entry['licence']}): {entry['reason']}\n"
        for name, entry in sorted(rules["packages"].items())
        if isinstance(entry, Mapping)
    )
    return f"{HEADER}{rows}\n## Not permissive\n\n{notes}"


def read_licences(packages: Iterable[Distribution]) -> dict[str, str]:
    """By canonical name."""
    return {canonical(str(package.metadata["Name"])): licence_of(package) for package in packages}


def main(arguments: list[str]) -> int:
    """Write the page; the exit status is 1 where a licence is not allowed."""
    licences, rules = read_licences(distributions(path=arguments)), read_rules()
    licences.pop("earshot", None)
    PAGE.write_text(describe(licences, rules), encoding="utf-8")
    sentences = refused(licences, rules)
    for sentence in sentences:
        print(sentence)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
