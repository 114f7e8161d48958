"""Known weaknesses of the pinned versions, by pip-audit, which asks a database of advisories, or by a copy of PyPA's
database (https://github.com/pypa/advisory-database) where none can be reached.

Here: calling it for the image's pins, and failing where it could look at nothing: pip-audit itself passes then.
Not here: which versions (constraints.txt), what is done about a weakness (SECURITY.md).

    python .ci/audit.py TOOLS             exit status 0: none known; 1: some, which are listed; 2: not looked at
    python .ci/audit.py TOOLS FOLDER      the same by the copy in the folder
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]

# Asked in turn until one knows the packages: the index's own advisories, and OSV's.
SERVICES = ("pypi", "osv")

UNREACHABLE = """\
Not audited: no database of advisories could be reached from here, so nothing is known of {packages} packages.
Run `make audit` on a machine that reaches one, see the workflow Audit, or name a copy: make audit ADVISORIES=FOLDER.\
"""

# A line of deploy/requirements.txt that names a package; the lines below it are its hashes.
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)")


def judge(found: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The exit status, and the sentences to print, of what pip-audit says as JSON."""
    packages = found["dependencies"]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    weak = [
        f"{each['name']} {each['version']}: {weakness['id']}"
        + (f", mended in {', '.join(weakness['fix_versions'])}" if weakness["fix_versions"] else ", not mended yet")
        for each in packages
        for weakness in each.get("vulns", ())
    ]
    if not packages or len(skipped) == len(packages):
        return 2, [UNREACHABLE.format(packages=len(packages))]
    looked = f"{len(packages) - len(skipped)} packages were looked at"
    missing = f"; not at {', '.join(skipped)}" if skipped else ""
    return (1 if weak else 0), [*weak, f"{looked}{missing}: {len(weak)} known weakness(es)."]


def ask(tools: Path, service: str) -> dict[str, Any]:
    """What pip-audit says; no package where it gives up."""
    command = [tools / "bin" / "pip-audit", "--requirement", ROOT / "deploy" / "requirements.txt", "--require-hashes"]
    options = ["--disable-pip", "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*map(str, command), *options], capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"dependencies": []}
    return found


def look_up(advisories: Path, pins: str) -> dict[str, Any]:
    """What a copy of PyPA's database says, as pip-audit says it; no package where there is no such copy.

    pins: the text of a file of requirements
    """
    if not (advisories / "vulns").is_dir():
        return {"dependencies": []}
    found = []
    for name, version in PIN.findall(pins):
        files = sorted((advisories / "vulns" / canonicalize_name(name)).glob("*.yaml"))
        weaknesses = [weakness for file in files for weakness in _weaknesses(file.read_text("utf-8"), Version(version))]
        found.append({"name": name, "version": version, "vulns": weaknesses})
    return {"dependencies": found}


def _weaknesses(text: str, version: Version) -> Iterator[dict[str, Any]]:
    """The advisory, if it affects the version. Source of the rule: the OSV schema, "affected" and "ranges"."""
    advisory = yaml.safe_load(text)
    if "withdrawn" in advisory:
        return
    for affected in advisory.get("affected", ()):
        ranges = [each["events"] for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM"]
        named = {parsed for each in affected.get("versions", ()) if (parsed := _parsed(each))}
        if version in named or any(_is_within(version, events) for events in ranges):
            fixes = [str(event["fixed"]) for events in ranges for event in events if "fixed" in event]
            yield {"id": advisory["id"], "fix_versions": fixes}
            return


def _is_within(version: Version, events: list[dict[str, str]]) -> bool:
    """Whether the last event up to the version leaves it affected."""
    bounds = {"introduced": True, "fixed": False, "last_affected": True}
    passed = [
        (bound, kind)
        for event in events
        for kind, text in event.items()
        if kind in bounds and (bound := _parsed(text)) is not None and bound <= version
    ]
    if not passed:
        return False
    bound, kind = max(passed)
    return version == bound if kind == "last_affected" else bounds[kind]


def _parsed(text: object) -> Version | None:
    try:
        return Version(str(text))
    except InvalidVersion:
        return None


def main(arguments: list[str]) -> int:
    """Audit; the exit status is that of the first service that knows a package."""
    status, sentences = 2, [UNREACHABLE.format(packages=0)]
    if len(arguments) > 1:
        pins = (ROOT / "deploy" / "requirements.txt").read_text("utf-8")
        status, sentences = judge(look_up(Path(arguments[1]), pins))
    else:
        for service in SERVICES:
            status, sentences = judge(ask(Path(arguments[0]), service))
            if status != 2:
                break
    for sentence in sentences:
        print(sentence)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
