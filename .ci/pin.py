"""Pin what is installed by hash: deploy/requirements.txt for the image, deploy/tools.txt for what checks it.

Here: uv, with the versions of constraints.txt and the hashes of every file of them, and no word about where they come
from. Not here: which versions (constraints.txt), installing them (deploy/Dockerfile, the Makefile).

    python .ci/pin.py            write both anew, after a change of constraints.txt
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from install import build_environment, list_options

ROOT = Path(__file__).parents[1]

# All that a process of Earshot may need in a container.
EXTRAS = ("az", "celery", "gs", "k8s", "otel", "s3")

# Builds Earshot itself, without a network.
BUILD = "setuptools>=77\n"

TOOLS = "cyclonedx-bom>=7,<8\npip-audit>=2.9,<3\n"

OPTIONS = ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]

# The image's Python, and any that runs the tools.
IMAGE = ["--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28"]
ANY = ["--python-version", "3.11", "--universal"]

ELSEWHERE = ("UV_INDEX", "UV_INDEX_STRATEGY", "UV_FIND_LINKS", "UV_CONSTRAINT")

HEADER = "# Made by `python .ci/pin.py`: versions of constraints.txt with the hashes of their files.\n"


def compile_pins(inputs: list[str], text: str, target: Path) -> None:
    """Write the pins of these inputs, and of the requirements in the text. Versions that stand there already stay."""
    uv = str(Path(sys.executable).with_name("uv"))
    # What lies elsewhere may be built by somebody else, and has other hashes.
    environment = {
        name: value for name, value in build_environment(list_options(), os.environ).items() if name not in ELSEWHERE
    }
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    command = [uv, "pip", "compile", *inputs, "-", "--constraint", "constraints.txt", *OPTIONS, "--output-file", target]
    try:
        subprocess.run(
            list(map(str, command)),
            cwd=ROOT,
            env=environment,
            input=text,
            text=True,
            check=True,
        )
    except BaseException:
        target.write_text(before, encoding="utf-8")
        raise
    target.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> int:
    """Write both files."""
    extras = [option for extra in EXTRAS for option in ("--extra", extra)]
    compile_pins(["pyproject.toml", *extras, *IMAGE], BUILD, ROOT / "deploy" / "requirements.txt")
    compile_pins(ANY, TOOLS, ROOT / "deploy" / "tools.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
