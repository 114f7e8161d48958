"""Chart labels: names of bars that can be told apart, and long ones that keep the part which does.

Here: what is added to equal names, what is left out of long ones.
Not here: which bars there are (chart_data.py), where a label breaks into lines (charts.typ).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

# About three lines of a phone.
LONGEST = 90
HEAD = 24
BETWEEN = " … "


def distinct(names: Sequence[tuple[str, ...]]) -> list[str]:
    """A label for each name, all different. A name's parts go from the label itself to what may tell it apart."""
    labels = [parts[0] for parts in names]
    for depth in range(1, max((len(parts) for parts in names), default=1)):
        added = [parts[depth] if depth < len(parts) else "" for parts in names]
        marks = {label: {part for other, part in zip(labels, added, strict=True) if other == label} for label in labels}
        labels = [
            f"{label} · {part}" if part and len(marks[label]) > 1 else label
            for label, part in zip(labels, added, strict=True)
        ]
    labels = [_shortened(label, [other for other in labels if other != label]) for label in labels]
    return [
        f"{label} ({labels[:place].count(label) + 1})" if labels.count(label) > 1 else label
        for place, label in enumerate(labels)
    ]


def _shortened(label: str, others: Sequence[str]) -> str:
    """At most LONGEST letters: the head, and the rest from where the label differs from those that begin alike."""
    if len(label) <= LONGEST:
        return label
    shared = max((_shared(label, other) for other in others), default=0)
    tail = LONGEST - HEAD - len(BETWEEN)
    if shared < tail:
        return f"{label[:tail].rstrip()}{BETWEEN}{label[-HEAD:].lstrip()}"
    # From a little before the difference, so that it stands among its words; at the latest, the end.
    start = min(shared - tail // 3, len(label) - tail)
    after = "…" if start + tail < len(label) else ""
    return f"{label[:HEAD].rstrip()}{BETWEEN}{label[start : start + tail].strip()}{after}"


def _shared(one: str, other: str) -> int:
    """How many letters two labels share from their beginning on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
