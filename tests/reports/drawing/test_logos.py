"""Logos: what is taken, what is refused, and that nothing of the file itself reaches a mail or a page."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image
from pypdf import PdfReader

from reports.compose import compose
from reports.drawing.logos import HEIGHT, LARGEST_LOGO, WIDTH, LogoError, normalised, size_of
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import render

SHAPES = '<rect width="60" height="60" fill="#cc3333"/><circle cx="120" cy="30" r="28" fill="#3366cc"/>'


def svg(inside: str = SHAPES, attributes: str = "") -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="60" '
        f'viewBox="0 0 200 60" {attributes}>{inside}</svg>'
    ).encode()


def png(size: tuple[int, int] = (800, 200), colour: tuple[int, ...] = (10, 120, 80, 128)) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", size, colour).save(written, "PNG")
    return written.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body), formats=["PNG"])


@pytest.mark.parametrize("body", [svg(), png()], ids=["SVG", "PNG"])
def test_a_logo_becomes_a_small_opaque_png_of_the_same_shape(body: bytes) -> None:
    made = opened(normalised(body))
    assert made.mode == "RGB"
    assert made.width <= WIDTH
    assert made.height <= HEIGHT
    assert made.width / made.height == pytest.approx(200 / 60 if body == svg() else 4, rel=0.02)
    assert normalised(body) == normalised(body)
    assert size_of(normalised(body)) == (made.width // 2, made.height // 2)


@pytest.mark.parametrize(("width", "height"), [(2_000_000, 10), (10, 2_000_000)])
def test_an_svg_of_any_shape_is_drawn_small(width: int, height: int) -> None:
    thin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="9" height="9"/></svg>'
    )
    made = opened(normalised(thin.encode()))
    assert max(made.size) <= WIDTH


def test_transparency_is_laid_on_white_and_colours_stay() -> None:
    # Half of (10, 120, 80) on white.
    assert opened(normalised(png())).getpixel((5, 5)) == pytest.approx((132, 187, 167), abs=1)
    drawn = opened(normalised(svg()))
    assert drawn.getpixel((20, 40)) == pytest.approx((204, 51, 51), abs=2)
    assert drawn.getpixel((drawn.width - 2, 2)) == (255, 255, 255)


def test_a_noisy_picture_does_not_weigh_a_mail_down() -> None:
    written = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((360, 96), 90) for _ in range(3)]).save(written, "PNG")
    assert len(written.getvalue()) > LARGEST_LOGO
    assert len(normalised(written.getvalue())) <= LARGEST_LOGO


def huge() -> bytes:
    """A PNG of a few bytes that says that it has 81 million pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 9_000, 9_000, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


# Each draws the one before ten times.
BILLIONS = '<rect id="x0" width="1" height="1"/>' + "".join(
    f'<g id="x{level}">' + f'<use href="#x{level - 1}"/>' * 10 + "</g>" for level in range(1, 10)
)


def test_an_svg_with_styles_and_uses_is_drawn_as_its_program_shows_it() -> None:
    """As drawing programs export them: classes, and a shape that stands twice."""
    body = svg(
        "<defs><style>.ink { fill: #cc3333 }</style>"
        '<symbol id="dot"><rect class="ink" width="20" height="100"/></symbol></defs>'
        '<use href="#dot"/><use xlink:href="#dot" x="140"/>'
    )
    drawn = opened(normalised(body))
    assert drawn.getpixel((2, 40)) == pytest.approx((204, 51, 51), abs=2)
    middle = drawn.getpixel((drawn.width // 2, 40))
    assert middle == (255, 255, 255)
    assert any(
        drawn.getpixel((x, 40)) == pytest.approx((204, 51, 51), abs=2) for x in range(drawn.width // 2, drawn.width)
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (svg("<script>alert(1)</script>"), "'script'"),
        (svg(attributes='onload="alert(1)"'), "'onload'"),
        (svg('<image xlink:href="https://example.com/x.png" width="9" height="9"/>'), "'image'"),
        (svg('<image href="file:///etc/passwd" width="9" height="9"/>'), "'image'"),
        (svg('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>'), "'foreignObject'"),
        (svg("<style>@import url(https://example.com/x.css);</style>"), "style that loads"),
        (svg("<style>rect { fill: url(https://example.com/x.svg#y) }</style>"), "style that loads"),
        (svg('<use href="https://example.com/x.svg#y"/>'), "'href'"),
        (svg('<rect width="9" height="9" fill="url(https://example.com/#x)"/>'), "'fill'"),
        (svg('<a xlink:href="javascript:alert(1)"><rect width="9" height="9"/></a>'), "'a'"),
        (svg('<g id="x"><use href="#x"/></g>'), "draws itself"),
        (svg('<g id="x"><use href="#y"/></g><g id="y"><use xlink:href="#x"/></g>'), "draws itself"),
        (svg(BILLIONS), "more than 5000 elements by its uses"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), "document type"),
        (svg("<rect/>" * 5_001), "5000 elements"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "an SVG"),
        (b"GIF89a\x01\x00\x01\x00", "neither"),
        (b"\x89PNG\r\n\x1a\nnot a picture", "no PNG that can be read"),
        (huge(), "9000 by 9000"),
        (png((6_001, 10)), "6001 by 10"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 1_000_000, "at most 1000000 bytes"),
    ],
)
def test_what_runs_loads_multiplies_or_is_no_logo_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(LogoError) as raised:
        normalised(body)
    assert reason in str(raised.value)


def test_logos_stand_at_the_head_of_mail_and_pdf(facts: ReportFacts) -> None:
    given = replace(facts, network_logo=normalised(svg()), sponsor_logo=normalised(png()))
    content = compose(given)
    files = {file.name: file for file in render(content)}
    page = files["report.html"].body.decode()
    for role, body in (("network", given.network_logo), ("sponsor", given.sponsor_logo)):
        assert files[f"{role}.png"].body == body
        assert page.count(f"cid:{files[f'{role}.png'].content_id}") == 1
    assert page.index(f"cid:{files['network.png'].content_id}") < page.index("<h1")
    assert 'alt="Acme &lt;Cloud&gt; &amp; Co"' in page
    images = len(PdfReader(io.BytesIO(files["report.pdf"].body)).pages[0].images)
    assert images == 2
    assert len(PdfReader(io.BytesIO(render(compose(facts))[2].body)).pages[0].images) == 0


def test_one_logo_alone_stands_alone(facts: ReportFacts) -> None:
    names = [file.name for file in render(compose(replace(facts, sponsor_logo=normalised(png()))))]
    assert "sponsor.png" in names
    assert "network.png" not in names
