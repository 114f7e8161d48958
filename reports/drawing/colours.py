"""Colours: the one palette of mail, PDF and charts, and the care for a brand colour that would not be seen.

Here: fixed colours and contrast arithmetic.
Not here: where a colour is used (templates, charts.py).
"""

from __future__ import annotations

import re

from reports.facts.report_facts import FactsError

INK = "#1a2233"
MUTED = "#5b6474"
FAINT = "#7b8494"
LINE = "#e5e8ee"
AXIS = "#cfd4dd"
PANEL = "#f6f7fb"
PAPER = "#ffffff"
GROUND = "#f3f4f8"
GOOD = "#067a46"
BAD = "#c02b1d"
WARNING = "#d9822b"
WARNING_TEXT = "#9a5410"
WARNING_PANEL = "#fff6e0"
INFO_PANEL = "#eef3fb"

# WCAG 2.2, success criterion 1.4.11: graphics need 3:1 against what is beside them.
GRAPHICS_CONTRAST = 3.0
# 1.4.3: text needs 4.5:1.
TEXT_CONTRAST = 4.5


def visible_on_white(colour: str) -> str:
    """The brand colour itself, or as much darkened as it needs to be seen on white."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise FactsError(f"brand colour {colour!r} is not of the form #2d5be3: correct it at the tenant")
    return _darkened(colour, GRAPHICS_CONTRAST)


def readable_under_white(colour: str) -> str:
    """The colour itself, or as much darkened as it needs to be for white text on it."""
    return _darkened(colour, TEXT_CONTRAST)


def _darkened(colour: str, least: float) -> str:
    while contrast(colour, PAPER) < least:
        colour = "#" + "".join(f"{int(part * 0.95):02x}" for part in _parts(colour))
    return colour.lower()


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2.2 defines it, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed_with_white(colour: str, share: float) -> str:
    """A lighter tint: share 0 is white, 1 the colour itself; opaque, so that it prints the same everywhere."""
    return "#" + "".join(f"{round(255 - (255 - part) * share):02x}" for part in _parts(colour))


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""

    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
