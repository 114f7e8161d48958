"""earshot doctor: whether this installation can do its work, and what to do where it cannot.

Here: the command, its table, its JSON and its exit code.
Not here: what is looked at (pipelines/doctor).
"""

from __future__ import annotations

import json

import click
from rich.text import Text

from pipelines import console
from pipelines.doctor.examining import examine
from pipelines.doctor.finding import Finding, Level, worst

WORDS = {Level.OK: "ok", Level.WARNING: "warning", Level.PROBLEM: "problem"}
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


@click.command()
@click.option("--quick", is_flag=True, help="Only settings and the database, in a second: for probes of liveness.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--dns", "dns_server", metavar="HOST:PORT", help="Ask this DNS server instead of the system's.")
def doctor(quick: bool, as_json: bool, dns_server: str | None) -> None:
    """Look at settings, versions, database, rights, days, schedules, disk, sender and DNS; change nothing.

    Each line says what was found, and what to do where something is wrong. Exit code 0: all is well; 1: something
    should be looked at; 2: some of the work is not done, or soon will not be.
    """
    findings = examine(quick=quick, dns_server=dns_server)
    level = worst(findings)
    if as_json:
        console.page(json.dumps(_object(findings, level), indent=1, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            console.out.print(_line(finding))
            if finding.advice:
                console.out.print(f"         what to do: {finding.advice}")
        console.out.print(_sum(findings))
    raise SystemExit(int(level))


def _line(finding: Finding) -> Text:
    subject = f"{finding.check} of {finding.tenant}" if finding.tenant else finding.check
    word = WORDS[finding.level]
    return Text.assemble((f"{word:<8}", STYLES[finding.level]), f" {subject}: {finding.meaning}")


def _sum(findings: list[Finding]) -> str:
    counts = {level: sum(finding.level == level for finding in findings) for level in Level}
    return f"{counts[Level.PROBLEM]} problem(s), {counts[Level.WARNING]} warning(s), {counts[Level.OK]} ok."


def _object(findings: list[Finding], level: Level) -> dict[str, object]:
    return {
        "level": WORDS[level],
        "findings": [
            {
                "check": finding.check,
                "level": WORDS[finding.level],
                "tenant": finding.tenant,
                "meaning": finding.meaning,
                "advice": finding.advice or None,
            }
            for finding in findings
        ],
    }
