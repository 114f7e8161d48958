"""How fast reports are made: mail, text, PDF, CSV and pictures of different reports, with all workers.

Here: invented reports that differ in names, numbers and colours, processes that share them, the clock and the
processor's time.
Not here: reading facts from a database, sending (morning.py). `python -m benchmarks.reports --help`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context

from reports.compose import compose
from reports.content.report import ReportContent
from reports.drawing import charts
from reports.drawing.fonts import font_registry
from reports.facts.report_facts import Daily, Period, ReportFacts
from reports.rendering.csv import csv_file
from reports.rendering.pdf import pdf_file
from reports.rendering.render import render
from tests.reports.conftest import make_facts

COLOURS = ("#2d5be3", "#067a46", "#8a2be2", "#b5121b", "#d9822b")
SHARE = 10

# So many reports a second on so many processors.
FEWEST_A_SECOND, PROCESSORS = 12, 2


def facts_of(number: int) -> ReportFacts:
    """One of many: a week with twelve placements, or a quarter for each tenth report."""
    facts = make_facts()
    turn = number % len(facts.placements)
    credits_ = [row.conversions for row in facts.placements]
    rows = tuple(
        replace(row, show=f"{row.show} {number % 40}", episode=f"{row.episode} ({number})", conversions=conversions)
        for row, conversions in zip(facts.placements, credits_[turn:] + credits_[:turn], strict=True)
    )
    if number % 10:
        facts = _in_a_week(facts, number)
    return replace(
        facts,
        report_id=f"{number:08x}-9d0b-5c1e-8a77-5b1d7a5b2e10",
        sponsor=f"Sponsor {number}",
        campaign=f"Launch {number}",
        brand=replace(facts.brand, color=COLOURS[number % len(COLOURS)]),
        placements=rows,
    )


def _in_a_week(facts: ReportFacts, number: int) -> ReportFacts:
    period = Period(facts.period.last - timedelta(days=6), facts.period.last)
    before = Period(period.first - timedelta(days=7), period.first - timedelta(days=1))
    tilt = [1000 + 37 * ((number + day) % 7) for day in range(6)]
    delivered = (*tilt, facts.now.delivered - sum(tilt))
    conversions = tuple(float((number * day) % 5) for day in range(7))
    return replace(
        facts,
        cadence="weekly",
        period=period,
        previous_period=before,
        daily=Daily(delivered, conversions),
        previous_daily=Daily(delivered[::-1]),
    )


def make_some(numbers: range) -> tuple[int, int, float]:
    """Make these reports. Returns their number, their bytes, and the processor seconds that they took."""
    started = time.process_time()
    files = [file for number in numbers for file in render(compose(facts_of(number)))]
    return len(numbers), sum(len(file.body) for file in files), time.process_time() - started


def parts(count: int = 20) -> dict[str, float]:
    """Processor milliseconds of each part of a report, in this process."""
    fonts = font_registry()
    contents = [compose(facts_of(number)) for number in range(count + 1)]

    def pictures(content: ReportContent) -> object:
        shown = {"line": content.line, "bars": content.bars}
        drawn = {name: chart for name, chart in shown.items() if chart is not None}
        return charts.pictures(drawn, content.header.accent, fonts, content.report_id)

    steps: dict[str, Callable[[int], object]] = {
        "content": lambda number: compose(facts_of(number)),
        "pictures": lambda number: pictures(contents[number]),
        "pdf": lambda number: pdf_file(contents[number], fonts),
        "csv": lambda number: csv_file(contents[number].records),
    }
    measured = {}
    for name, step in steps.items():
        step(0)
        started = time.process_time()
        for number in range(1, count + 1):
            step(number)
        measured[name] = (time.process_time() - started) / count * 1000
    return measured


def main() -> None:
    """Make the reports and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=600, help="how many different reports (600)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one per processor)")
    chosen = parser.parse_args()
    shares = [range(first, min(first + SHARE, chosen.reports)) for first in range(0, chosen.reports, SHARE)]
    # A process that uses native threads is never forked.
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        # Fonts and templates are read once per process and night.
        list(pool.map(make_some, [range(chosen.reports, chosen.reports + 1)] * chosen.workers))
        started = time.perf_counter()
        done = list(pool.map(make_some, shares))
        elapsed = time.perf_counter() - started
    made, processor = sum(each[0] for each in done), sum(each[2] for each in done)
    print(f"{made} reports with {chosen.workers} workers in {elapsed:.1f} s: {made / elapsed:.1f} a second")
    size = sum(each[1] for each in done) / made / 1000
    print(f"processor: {processor:.1f} s, {processor / made * 1000:.0f} ms a report; {size:.0f} kB")
    print(f"reports / limit, by the clock: {FEWEST_A_SECOND * elapsed / made:.2f} ({FEWEST_A_SECOND} a second)")
    allowed = PROCESSORS / FEWEST_A_SECOND
    print(f"reports / limit, cpu: {processor / made / allowed:.2f} ({allowed * 1000:.0f} ms a report)")
    print("of it, in one process: " + ", ".join(f"{name} {cost:.0f} ms" for name, cost in parts().items()))


if __name__ == "__main__":
    main()
