"""Messages: what the sources of reports say, and the catalogues that translate it.

`python -m tests.reports.messages` takes the messages of the sources into every catalogue, and `python -m
tests.reports.messages it` begins one for a further language. What is new there has an empty translation; nothing is
guessed. tests/reports/test_languages.py holds that none stays so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from reports.wording.catalogues import CATALOGUES, FILE, SOURCE, languages

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "reports"
HEADER = "# Reports in {language}. Written by hand; `python -m tests.reports.messages` brings in new messages."

# Functions that are given messages, and at which places they stand among the arguments; None: the first alone.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "say": None,
    "say_counted": (2, 3),
    "credits": (2, 3),
    "message": None,
    "counted": (1, 2),
}
COMMENT = "NOTE:"
METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract"}


def found() -> Iterator[tuple[str, Any, list[str]]]:
    """Each message of the sources: the file, its text (two for a counted one), the notes for who translates it."""
    for path in sorted(SOURCES.rglob("*")):
        if method := METHODS.get(path.suffix):
            source = BytesIO(path.read_bytes())
            for _, text, notes, _ in extract(method, source, KEYWORDS, [COMMENT], {}, strip_comment_tags=True):
                yield path.relative_to(ROOT).as_posix(), text, notes


def template() -> Catalog:
    """All messages of the sources, not translated."""
    catalogue = Catalog(charset="utf-8")
    for path, text, notes in found():
        catalogue.add(text, locations=[(path, 1)], auto_comments=notes)
    return catalogue


def read(language: str) -> Catalog:
    """The catalogue of a language, with what is marked as fuzzy or obsolete."""
    with (CATALOGUES / language / FILE).open("rb") as file:
        return read_po(file, locale=language)


def write(language: str) -> Path:
    """Bring the sources' messages into the catalogue of a language, which is made where there is none."""
    path, sources = CATALOGUES / language / FILE, template()
    new = Catalog(
        language,
        project="Earshot",
        version="reports",
        charset="utf-8",
        header_comment=HEADER.format(language=language),
        fuzzy=False,
    )
    kept = {each.id: each.string for each in read(language)} if path.exists() else {}
    for each in sources:
        if each.id:
            new.add(each.id, kept.get(each.id, ""), each.locations, auto_comments=each.auto_comments)
    return save(new, path)


def save(catalogue: Catalog, path: Path) -> Path:
    """Write a catalogue so that only a change of its messages changes the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = BytesIO()
    write_po(written, catalogue, width=100, include_lineno=False, sort_by_file=True)
    lines = [line for line in written.getvalue().decode().splitlines() if not line.startswith(DATED)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# Lines of the head that would change at every call, or name people.
DATED = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Last-Translator',
    '"Language-Team',
    '"Report-Msgid',
    '"Generated-By',
)


def main(wanted: list[str]) -> None:
    """Refresh all catalogues and those that are named."""
    for language in sorted({*languages(), *wanted} - {SOURCE}):
        Locale.parse(language)
        path = write(language)
        missing = sum(not all(_forms(each.string)) for each in read(language) if each.id)
        print(f"{path.relative_to(ROOT)}: {missing} messages to translate")


def _forms(string: Any) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)


if __name__ == "__main__":
    main(sys.argv[1:])
