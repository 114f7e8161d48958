"""Typesetting: Typst with the registered fonts and no others, for pages and pictures alike.

Here: the compilers that are kept, the rule that a warning is an error, texts as they are printed.
Not here: layouts (pictures.typ, charts.typ, rendering/templates/report.typ), what stands in them. No text is pasted
into Typst's source: names arrive as data, so a name can never be markup.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any, Literal

import typst

from reports.drawing.fonts import FontRegistry
from reports.wording.isolation import printed
from sql.values import PermanentError

# Templates import each other from here down.
ROOT = Path(__file__).parents[1]

# Typst is given files, and no inputs: what it has set before, such as the explanations in every report, it sets again
# only if something changed that it depends on, and everything depends on the inputs.
MAIN = "main.typ"

# A word that is longer than a column breaks after every so many letters, instead of running over the next one. Between
# characters of Chinese, Japanese and Korean a line breaks by itself, and not inside of the numbers among them.
_LONG = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]{18}")

# Where a link leads is not printed.
ADDRESS = "address"

_of_thread = threading.local()


class TypesettingError(PermanentError):
    """Pages or pictures could not be set, or Typst warned about them."""


def typeset(
    template: Path,
    inputs: dict[str, Any],
    fonts: FontRegistry,
    what: str,
    form: Literal["pdf", "png"] = "pdf",
    *,
    timestamp: int = 0,
    density: float = 1,
) -> list[bytes]:
    """The one PDF, or a PNG for each page. inputs: templates read them as json("/NAME.json"). density: pixels a point.

    Any warning fails, because Typst only warns where text overflows or a font is missing. Raises TypesettingError.
    """
    texts = {f"{name}.json": json.dumps(_shown(value, fonts), ensure_ascii=False) for name, value in inputs.items()}
    files: dict[str, Path | bytes] = {MAIN: template} | {name: text.encode() for name, text in texts.items()}
    try:
        made, warnings = compiler_for(fonts, template).compile_with_warnings(  # type: ignore[type-var]  # not in its stub
            files, format=form, timestamp=timestamp, ppi=72 * density
        )
    except typst.TypstError as error:
        raise TypesettingError(f"{what} could not be set: {error.message} {' '.join(error.hints)}") from error
    if warnings:
        raise TypesettingError(f"{what} came with a warning: {'; '.join(w.message for w in warnings)}")
    pages = made if isinstance(made, list) else [made]
    return [page for page in pages if page is not None]


def _shown(value: Any, fonts: FontRegistry) -> Any:
    """The same structure with every text as one line of characters that the fonts have; addresses stay as they are."""
    if isinstance(value, dict):
        return {name: each if name == ADDRESS else _shown(each, fonts) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each, fonts) for each in value]
    return _LONG.sub("\\g<0>\u200b", fonts.printable(printed(value))) if isinstance(value, str) else value


def compiler_for(fonts: FontRegistry, template: Path) -> typst.Compiler:
    """A compiler with the registered fonts and no others; kept, because making one costs more than a report.

    Each thread has its own: a compiler does one thing at a time.
    """
    compilers: dict[tuple[FontRegistry, Path], typst.Compiler] = _of_thread.__dict__.setdefault("compilers", {})
    if (fonts, template) not in compilers:
        _refuse_unread(fonts)
        root = ROOT if template.is_relative_to(ROOT) else template.parent
        compilers[fonts, template] = typst.Compiler(root=str(root), font_paths=fonts.typst, ignore_system_fonts=True)
    return compilers[fonts, template]


def _refuse_unread(fonts: FontRegistry) -> None:
    """Typst would print boxes for what only a font that it cannot read has."""
    readable = {Path(font.path).resolve() for font in fonts.typst.fonts() if font.path}
    if unread := [path.name for path in fonts.files if path not in readable]:
        names = ", ".join(unread)
        raise TypesettingError(f"Typst cannot read the font files {names}: replace them or take them out of the folder")
