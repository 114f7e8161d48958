"""Noto: fonts for scripts whose letters are too many to bundle, fetched once from Debian and kept for this user.

Here: which packages and files, the folder that they are kept in.
Not here: how packages are fetched and unpacked (sql/embedded/debian.py), what a font can print (fonts.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sql.embedded import debian
from sql.embedded.account import locked
from sql.values import EarshotError

# Chinese, Japanese and Korean; about a hundred and fifty smaller scripts. The files of both are for every architecture.
PACKAGES = ("fonts-noto-cjk", "fonts-noto-core")

# What the bundled fonts lack, in the two weights that are needed; not what only differs in style.
_BUNDLED = "Arabic|Hebrew|Devanagari"
_WANTED = re.compile(rf"NotoSans(?!Mono|Display|(?:{_BUNDLED})(?:UI)?-)[A-Z]\w*(?<!UI)-(?:Regular|Bold)\.tt[fc]")


def fonts_folder() -> Path:
    """Where the fetched fonts lie, or would lie."""
    return Path.home() / ".cache" / "earshot" / f"fonts-{debian.SUITE}"


def fetched_fonts() -> Path | None:
    """The folder of the fetched fonts, or None where there are none."""
    try:
        folder = fonts_folder()
    except RuntimeError:
        return None
    return folder if folder.is_dir() else None


def fetch_fonts(progress: Callable[[str], None]) -> Path:
    """The folder of the fetched fonts, filled if it is not there yet.

    Raises EarshotError where they cannot be had: reports then show a mark for what no font has.
    """
    if (found := fetched_fonts()) is not None:
        return found
    if (reason := debian.refusal()) is not None:
        raise EarshotError(
            f"Fonts for more scripts cannot be fetched: {reason}. EARSHOT_FONTS can name a folder of them."
        )
    folder = fonts_folder()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_suffix(".lock")):
            if not folder.is_dir():
                progress(f"Fetching fonts for more scripts from Debian {debian.SUITE} (about 70 MB, once) ...")
                _fill(folder)
    except OSError as error:
        raise EarshotError(f"Fonts for more scripts could not be kept in {folder}: {error}") from error
    return folder


def _fill(folder: Path) -> None:
    """The folder appears when it is whole."""
    unpacked, chosen = folder.with_suffix(".unpacked"), folder.with_suffix(".chosen")
    for leftover in (unpacked, chosen):
        shutil.rmtree(leftover, ignore_errors=True)
        leftover.mkdir()
    try:
        debian.unpack(unpacked, PACKAGES)
        for path in unpacked.rglob("Noto*"):
            if _WANTED.fullmatch(path.name):
                path.replace(chosen / path.name)
        for package in PACKAGES:
            (unpacked / "usr/share/doc" / package / "copyright").replace(chosen / f"{package}.copyright")
        chosen.replace(folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
        shutil.rmtree(chosen, ignore_errors=True)
