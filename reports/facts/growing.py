"""Growing: how conversions come in after the ads, and from whom: numbers of a report that are counts of conversions.

Here: frozen records. Not here: credit by day (report_facts.py), the lines and sentences (reports/content).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after the last ad on their path conversions to date came, of ads whose window is complete.

    conversions: how many they are. within: the share of them that came in 0, 1, 2, ... days; the last one is 1.
    """

    conversions: int
    within: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Customers:
    """Conversions of which is known whether the customer was new: to date, and in the period."""

    stated: int
    new: int
    stated_now: int
    new_now: int
