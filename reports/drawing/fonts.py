"""Fonts: the bundled typefaces, further ones for more scripts, and what all of them together can print.

Here: one registry of fonts for charts and PDF, the order in which they are asked, the mark for what none of them has.
Not here: where text stands, where further fonts come from (noto.py). Typst prints boxes for a missing glyph without a
warning, so characters are looked up before anything is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import typst
from fontTools.ttLib import TTCollection, TTFont

from sql.values import PermanentError

BUNDLED = Path(__file__).parent / "typeface"
FAMILY = "Inter"
COLLECTIONS = frozenset({".ttc", ".otc"})
FONT_FILES = frozenset({".otf", ".ttf"}) | COLLECTIONS

# Asked in this order after Inter, for what it lacks. Further fonts are asked last, in Typst's order.
SCRIPTS = ("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Twemoji Mozilla")

# Chinese, Japanese and Korean write some characters in different forms; these are the families by language.
EAST_ASIAN = {"ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR", "zh": "Noto Sans CJK SC"}
_KANA = re.compile(r"[\u3040-\u30ff]")

# Stands for a character that no font has. A picture or a page with a mark is better than none.
MARK = "\u25a1"


@dataclass(frozen=True)
class FontRegistry:
    """Folders with font files; the bundled one is always among them. Use `font_registry()`, which is cached."""

    folders: tuple[Path, ...]
    _is_drawable: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def lacking(self, text: str) -> list[str]:
        """The characters of the text that no registered font can print, in the order of their code points."""
        characters = set(text)
        if unknown := {character for character in characters if character not in self._is_drawable}:
            self._is_drawable.update(dict.fromkeys(filter(_is_invisible, unknown), True))
            self._look_up({character for character in unknown if character not in self._is_drawable})
        return sorted(character for character in characters if not self._is_drawable[character])

    def printable(self, text: str) -> str:
        """The text with a mark for each character that no registered font can print."""
        for character in () if text.isascii() else self.lacking(text):
            text = text.replace(character, MARK)
        return text

    def families(self, text: str, language: str) -> list[str]:
        """Names of the families to set the text in, the first one first. language: such as ja."""
        east = language if language in EAST_ASIAN else "ja" if _KANA.search(text) else "zh"
        wanted = (FAMILY, *SCRIPTS, EAST_ASIAN[east])
        return [family for family in wanted if family in self._families]

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every registered font file, the bundled ones first."""
        found = (path for folder in self.folders for path in sorted(folder.rglob("*")))
        return tuple(path.resolve() for path in found if path.suffix.lower() in FONT_FILES)

    @cached_property
    def typst(self) -> typst.Fonts:
        """The fonts as Typst reads them, without the system's; it passes over files that it cannot read."""
        folders = [str(folder) for folder in self.folders]
        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)

    @cached_property
    def _families(self) -> frozenset[str]:
        return frozenset(self.typst.families())

    def _look_up(self, wanted: set[str]) -> None:
        """Ask the fonts one after the other, as long as something is looked for: large ones are slow to read."""
        for path in self.files:
            if not wanted:
                return
            found = {character for character in wanted if ord(character) in _covered_by(path)}
            self._is_drawable.update(dict.fromkeys(found, True))
            wanted -= found
        self._is_drawable.update(dict.fromkeys(wanted, False))


@cache
def font_registry(*extra: Path) -> FontRegistry:
    """The bundled fonts and those of further folders, such as Noto for Japanese. Read once per process."""
    for folder in extra:
        if not folder.is_dir():
            raise PermanentError(f"the font folder {folder} does not exist: create it or take it out of the settings")
    return FontRegistry((BUNDLED, *extra))


@cache
def _covered_by(path: Path) -> frozenset[int]:
    """The code points of a font file; those of its first font where it has several, which differ in forms alone."""
    if path.suffix.lower() in COLLECTIONS:
        with TTCollection(path, lazy=True) as collection:
            return frozenset(collection.fonts[0].getBestCmap() or ())
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def _is_invisible(character: str) -> bool:
    """Line ends, blanks, variation selectors, and marks that only steer direction and joining need no glyph."""
    return (
        character.isspace()
        or unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )
