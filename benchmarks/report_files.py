"""Report files: one hash for every file of seeded reports, so that a faster way of making them is seen to change none.

Here: invented reports in every language, with names in ten scripts, portfolios, quiet weeks, corrections; their hashes;
comparing with earlier ones.
Not here: how fast they are made (reports.py), whether they are right; the tests say so.

    python -m benchmarks.report_files --output before.txt        (on the commit before)
    python -m benchmarks.report_files --compare before.txt       (after the change; exit code 1 where files differ)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.reports import facts_of
from reports.compose import compose
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import glyph_note, render, subject_line
from tests.reports.conftest import make_facts, make_large_portfolio, make_portfolio, make_quiet_facts

LOCALES = ("en_US", "de_DE", "fr_FR", "es_ES", "pt_BR", "ja_JP", "en_GB", "de_CH")
NAMES = ("🎙️ Morning 日本語", "Καλημέρα", "Привет, мир", "שלום עולם", "مرحبا بالعالم", "नमस्ते", "안녕하세요", "x" * 70)

Hashes = dict[str, str]


def reports() -> Iterator[tuple[str, ReportFacts, str]]:
    """A name, the facts and the recipient's locale of each."""
    for number in range(12):
        yield f"different-{number:02d}", facts_of(number), LOCALES[number % len(LOCALES)]
    for number, name in enumerate(NAMES):
        facts = facts_of(100 + number)
        rows = tuple(
            replace(row, show=f"{name} {row.show}", episode=f"{row.episode} {name}") for row in facts.placements
        )
        yield f"named-{number}", replace(facts, sponsor=name, placements=rows), LOCALES[number % len(LOCALES)]
    kinds = {
        "quarter": make_facts(),
        "quiet": make_quiet_facts(),
        "portfolio": make_portfolio(),
        "large-portfolio": make_large_portfolio(),
        "long-names": make_large_portfolio(400),
        "noted": make_facts(note="We moved two ads by a week. Ask us about the make-good."),
    }
    for locale in LOCALES[1:3]:
        yield from ((f"{kind}-{locale}", facts, locale) for kind, facts in kinds.items())


def hashes() -> Hashes:
    """The hash of each file, of the subject and of the content, by the report's and the file's name."""
    found: Hashes = {}
    for name, facts, locale in reports():
        content = compose(facts, locale)
        found[f"{name}/content"] = content.content_hash
        found[f"{name}/subject"] = f"{subject_line(content)} | {glyph_note(content)}".replace("\n", " ")
        found |= {f"{name}/{file.name}": file.sha256 for file in render(content)}
    return found


def read(path: Path) -> Hashes:
    """What was written with --output."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: printed for name, _, printed in (line.partition("\t") for line in lines)}


def main(given: Sequence[str]) -> int:
    """Make the reports, write or compare their hashes; the exit status is 1 where files differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.report_files", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, help="write the hashes to this file")
    parser.add_argument("--compare", type=Path, help="say which files differ from the hashes in this file")
    options = parser.parse_args(given)
    found = hashes()
    if options.output:
        options.output.write_text("".join(f"{name}\t{printed}\n" for name, printed in found.items()), encoding="utf-8")
    if not options.compare:
        print(f"{len(found)} files and texts.")
        return 0
    before = read(options.compare)
    differing = [name for name in sorted({*found, *before}) if found.get(name) != before.get(name)]
    for name in differing:
        print(f"{name}: {found.get(name, 'not there')} instead of {before.get(name, 'not there')}")
    print(f"{len(found) - len(differing)} of {len(found)} files and texts are the same.")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
