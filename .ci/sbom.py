"""The bill of materials of the image, in CycloneDX's form, without building it.

Here: calling cyclonedx-py on what deploy/requirements.txt installs.
Not here: the list that an image carries (deploy/Dockerfile), licences (licences.py).

    python .ci/sbom.py TOOLS ENVIRONMENT FILE
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Write the file; the exit status is the tool's."""
    tools, environment, target = map(Path, arguments)
    command = [tools / "bin" / "cyclonedx-py", "environment", "--output-reproducible", "--output-file", target]
    with tempfile.TemporaryDirectory() as folder:
        # The tool asks an interpreter where packages lie: this one names that folder alone.
        interpreter = Path(folder) / "python"
        place = shlex.quote(str(environment.resolve()))
        interpreter.write_text(f'#!/bin/sh\nPYTHONPATH={place} exec {shlex.quote(sys.executable)} -S "$@"\n')
        interpreter.chmod(0o700)
        done = subprocess.run([*map(str, command), str(interpreter)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        found = json.loads(target.read_text(encoding="utf-8"))
        print(f"{target}: {len(found['components'])} components.")
    else:
        print(done.stderr, file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
