"""Fonts: the bundled typeface and what it can print.

Here: one registry of fonts for charts and PDF, the check that every character can be printed.
Not here: where text stands. Typst prints boxes for a missing glyph without a warning, so a character that no registered
font has is an error before anything is drawn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

from sql.values import PermanentError

BUNDLED = Path(__file__).parent / "typeface"
FAMILY = "Inter"
COLLECTIONS = frozenset({".ttc", ".otc"})
FONT_FILES = frozenset({".otf", ".ttf"}) | COLLECTIONS


class MissingGlyphError(PermanentError):
    """A character that no bundled font can print."""


@dataclass(frozen=True)
class FontRegistry:
    """Folders with font files; the bundled one is always among them. Use `font_registry()`, which is cached."""

    folders: tuple[Path, ...]

    @cached_property
    def covered(self) -> frozenset[int]:
        """Every code point that some registered font has a glyph for."""
        return frozenset(code for font in self._fonts() for code in font.getBestCmap() or ())

    @cached_property
    def _printable(self) -> frozenset[str]:
        return frozenset(map(chr, self.covered))

    def require(self, strings: Iterable[str]) -> None:
        """Raise MissingGlyphError for the first character that cannot be printed."""
        for text in strings:
            for character in sorted(set(text) - self._printable, key=text.index):
                if not _is_invisible(character):
                    raise MissingGlyphError(_missing(character, text))

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every registered font file."""
        found = (path for folder in self.folders for path in sorted(folder.rglob("*")))
        return tuple(path.resolve() for path in found if path.suffix.lower() in FONT_FILES)

    def _fonts(self) -> Iterator[TTFont]:
        for path in self.files:
            if path.suffix.lower() in COLLECTIONS:
                with TTCollection(path, lazy=True) as collection:
                    yield from collection.fonts
            else:
                with TTFont(path, lazy=True) as font:
                    yield font


@cache
def font_registry(*extra: Path) -> FontRegistry:
    """The bundled fonts and those of further folders, such as Noto for Japanese. Read once per process."""
    for folder in extra:
        if not folder.is_dir():
            raise PermanentError(f"the font folder {folder} does not exist: create it or take it out of the settings")
    return FontRegistry((BUNDLED, *extra))


def _is_invisible(character: str) -> bool:
    """Line ends and marks that only steer direction and joining need no glyph."""
    return character in "\n\t" or unicodedata.category(character) == "Cf"


def _missing(character: str, text: str) -> str:
    name = unicodedata.name(character, "a character without a name")
    return (
        f"no font can print {character!r} (U+{ord(character):04X}, {name}) in {text!r}: "
        "add a folder with a font that has it to the report fonts, or correct the text"
    )
