"""Programs that tests take from Debian's packages, which .ci/run installs and README.md names.

Here: where a program lies. Not here: starting it.
"""

from __future__ import annotations

import shutil

from sql.embedded.account import PLAIN_ENVIRONMENT


def program(name: str, package: str) -> str:
    """The path of a program. Fails the test where the machine lacks it: a check that is left out shows nothing."""
    found = shutil.which(name, path=PLAIN_ENVIRONMENT["PATH"])
    assert found, f"{name} is not installed: apt-get install {package} (README.md names what the tests need)"
    return found
