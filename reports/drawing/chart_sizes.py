"""Chart sizes: how large letters are in a chart, and how wide the label of a bar may be.

Here: what both the looks (chart_specs.py) and the numbers (charts.py) of a chart must agree on, in drawn pixels.
Not here: anything that draws.
"""

from __future__ import annotations

LETTERS = 12
LABEL_SHARE = 0.38


def label_room(width: int) -> float:
    """How wide a bar's label may be."""
    return width * LABEL_SHARE - 12
