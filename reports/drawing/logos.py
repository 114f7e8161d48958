"""Logos: pictures from outside, checked and drawn anew, so that nothing of the file itself reaches a mail or a page.

Here: which PNG and SVG files are taken, and the small opaque PNG that is made of them.
Not here: where logos are kept (reports/subscribing.py), where they stand (templates).
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import typst
from PIL import Image

from sql.values import PermanentError

LARGEST_FILE = 1_000_000
LARGEST_SIDE = 6_000
MOST_PIXELS = 16_000_000
MOST_ELEMENTS = 5_000
# Twice what is shown, for sharp screens.
WIDTH, HEIGHT = 360, 96
# What is made may not weigh a mail down.
LARGEST_LOGO = 60_000

_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}"
# What draws, and nothing that runs, loads or moves. A style loads nothing either; a use draws once more what is there.
_ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "title", "desc", "metadata", "path", "rect", "circle", "ellipse", "line", "polyline"),
        *("polygon", "clipPath", "mask", "linearGradient", "radialGradient", "stop", "text", "tspan", "style", "use"),
        "symbol",
    }
)
_ELSEWHERE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|expression\(|\\", re.IGNORECASE)
_PAGE = (
    b"#set page(width: auto, height: auto, margin: 0pt, fill: white)\n"
    b'#let logo(..size) = image(bytes(sys.inputs.logo), format: "svg", ..size)\n'
    b"#context { let own = measure(logo()); let most = calc.min(360pt / own.width, 96pt / own.height)\n"
    b"logo(width: own.width * most, height: own.height * most) }"
)


class LogoError(PermanentError):
    """A file that is not taken as a logo."""


def normalised(body: bytes) -> bytes:
    """A PNG of at most 360 by 96 pixels on white, of a PNG or SVG file of at most 1 MB. Raises LogoError for others."""
    if len(body) > LARGEST_FILE:
        raise LogoError(f"a logo has at most {LARGEST_FILE} bytes; this file has {len(body)}")
    picture = _opened(body if body.startswith(_PNG) else _drawn(body))
    on_white = Image.new("RGB", picture.size, "white")
    on_white.paste(picture, mask=picture.getchannel("A"))
    on_white.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    made = _saved(on_white)
    return made if len(made) <= LARGEST_LOGO else _saved(on_white.quantize(64))


def size_of(logo: bytes) -> tuple[int, int]:
    """Width and height at which a logo is shown: half its pixels."""
    width, height = Image.open(io.BytesIO(logo), formats=["PNG"]).size
    return max(1, width // 2), max(1, height // 2)


def _opened(body: bytes) -> Image.Image:
    """The whole picture with its transparency; its size is checked before it is unpacked."""
    try:
        picture = Image.open(io.BytesIO(body), formats=["PNG"])
        width, height = picture.size
        if max(width, height) > LARGEST_SIDE or width * height > MOST_PIXELS:
            raise LogoError(f"a logo has at most {LARGEST_SIDE} pixels a side; this one has {width} by {height}")
        return picture.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LogoError("the file is no PNG that can be read, and no SVG: export the logo as one of the two") from error


def _drawn(body: bytes) -> bytes:
    """An SVG as a PNG, drawn without files, network, scripts or system fonts."""
    text = _checked(body)
    try:
        compiler = typst.Compiler(_PAGE, ignore_system_fonts=True)
        made = compiler.compile(format="png", sys_inputs={"logo": text}, ppi=72)
    except typst.TypstError as error:
        raise LogoError(f"the SVG cannot be drawn: {error.message}") from error
    if not isinstance(made, bytes):
        raise LogoError("the SVG cannot be drawn on one page: export it with a width and a height")
    return made


def _checked(body: bytes) -> str:
    """The SVG's text, if it holds shapes and nothing else."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LogoError("the file is neither a PNG nor an SVG in UTF-8") from error
    # Entities can multiply without end, and come with a document type only.
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise LogoError("the SVG has a document type, which a logo does not need: save it without (as plain SVG)")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:
        raise LogoError(f"the file is neither a PNG nor an SVG that can be read: {error}") from error
    elements = list(root.iter())
    if root.tag != f"{_SVG}svg" or len(elements) > MOST_ELEMENTS:
        raise LogoError(f"a logo is an SVG of at most {MOST_ELEMENTS} elements")
    for element in elements:
        _refuse(element)
    _refuse_many(root, {name: element for element in elements if (name := element.get("id"))})
    return text


def _refuse_many(root: ElementTree.Element, named: dict[str, ElementTree.Element]) -> None:
    """Raises LogoError where uses draw more than the most elements in all, or draw themselves."""
    drawn = 0
    open_: list[tuple[ElementTree.Element, frozenset[str]]] = [(root, frozenset())]
    while open_:
        element, inside = open_.pop()
        drawn += 1
        if drawn > MOST_ELEMENTS:
            raise LogoError(f"the SVG draws more than {MOST_ELEMENTS} elements by its uses: export it as plain shapes")
        open_ += [(child, inside) for child in element]
        target = _target(element)
        if target in inside:
            raise LogoError("the SVG has a use that draws itself: export it as plain shapes")
        if target in named:
            open_.append((named[target], inside | {target}))


def _target(element: ElementTree.Element) -> str:
    """The id of what a use draws once more; '' of other elements."""
    if element.tag != f"{_SVG}use":
        return ""
    links = (value for name, value in element.attrib.items() if name.rpartition("}")[2] == "href")
    return next(links, "").removeprefix("#")


def _refuse(element: ElementTree.Element) -> None:
    """Raises LogoError for an element or attribute that runs, loads or multiplies something."""
    name = str(element.tag)
    if name.startswith(_SVG) and name.removeprefix(_SVG) not in _ELEMENTS:
        raise LogoError(f"the SVG has a {name.removeprefix(_SVG)!r}, and a logo is of plain shapes: export it as paths")
    if name == f"{_SVG}style" and _ELSEWHERE.search(element.text or ""):
        raise LogoError("the SVG has a style that loads something: export it with presentation attributes")
    for attribute, value in element.attrib.items():
        own = attribute.rpartition("}")[2].lower()
        if own.startswith("on") or (own == "href" and not value.startswith("#")) or _ELSEWHERE.search(value):
            raise LogoError(f"the SVG's attribute {own!r} runs or loads something: export it as plain shapes")


def _saved(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
