"""Known weaknesses of the pinned versions, by pip-audit, which asks a database of advisories.

Here: calling it for the image's pins, and failing where it could look at nothing: pip-audit itself passes then.
Not here: which versions (constraints.txt), what is done about a weakness (SECURITY.md).

    python .ci/audit.py TOOLS      exit status 0: none known; 1: some, which are listed; 2: not looked at
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

# Asked in turn until one knows the packages: the index's own advisories, and OSV's.
SERVICES = ("pypi", "osv")

UNREACHABLE = """\
Not audited: no database of advisories could be reached from here, so nothing is known of {packages} packages.
Run `make audit` on a machine that reaches one, or see the workflow Audit.\
"""


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


def main(arguments: list[str]) -> int:
    """Audit; the exit status is that of the first service that knows a package."""
    status, sentences = 2, [UNREACHABLE.format(packages=0)]
    for service in SERVICES:
        status, sentences = judge(ask(Path(arguments[0]), service))
        if status != 2:
            break
    for sentence in sentences:
        print(sentence)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
