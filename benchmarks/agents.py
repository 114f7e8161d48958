"""Agents: how many of a list of user agents the rules call a bot, and how many they give a name.

Here: the counts by kind of agent, each distinct agent once and weighted by its requests, and the time of a match.
Not here: the lists. `python -m benchmarks.agents LIST...` reads tab-separated files: kind, name, agent, and optionally
the number of its requests. Without a list it counts the agents of the invented network.
"""

from __future__ import annotations

import csv
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.listening.identity.agent_rules import Rules, load_rules, match_agent


@dataclass(frozen=True, slots=True)
class Example:
    """An agent of which it is known what it is. kind: as the list calls it, such as app, browser, library, bot."""

    kind: str
    name: str
    agent: str
    requests: int = 1


@dataclass(slots=True)
class Counts:
    """Of the agents of one kind: how many there are, are called bots, are named, and are named as in the list."""

    agents: int = 0
    bots: int = 0
    named: int = 0
    same_name: int = 0
    requests: int = 0
    bot_requests: int = 0


def read_examples(path: Path) -> Iterator[Example]:
    """The rows of a tab-separated file; a row without an agent is left out."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) >= 3 and row[2]:
                yield Example(row[0], row[1], row[2], int(row[3]) if len(row) > 3 else 1)


def invented() -> Iterator[Example]:
    """The agents of the simulator, all of people."""
    from pipelines.demo.world.agents import AGENTS

    for agent in AGENTS:
        yield Example("invented", "", agent)


def count(examples: Iterable[Example], rules: Rules) -> dict[str, Counts]:
    """The counts by kind. An agent that stands in a list twice counts once, with its requests added up."""
    together: dict[tuple[str, str], Example] = {}
    for each in examples:
        before = together.get((each.kind, each.agent))
        requests = each.requests + (before.requests if before else 0)
        together[each.kind, each.agent] = Example(each.kind, each.name, each.agent, requests)
    counted: dict[str, Counts] = {}
    for each in together.values():
        match = match_agent(each.agent, rules)
        counts = counted.setdefault(each.kind, Counts())
        counts.agents += 1
        counts.bots += match.is_bot
        counts.named += match.app != "unknown"
        counts.same_name += _same(match.app, each.name)
        counts.requests += each.requests
        counts.bot_requests += each.requests * match.is_bot
    return counted


def _same(found: str, listed: str) -> bool:
    """Whether one name holds the other, letters and digits alone."""
    one, other = (re.sub(r"[^a-z0-9]", "", name.lower()) for name in (found, listed))
    return bool(one and other) and (one in other or other in one)


def main(arguments: Sequence[str]) -> None:
    """Print the counts of the lists that the arguments name."""
    rules = load_rules()
    examples = [each for path in arguments for each in read_examples(Path(path))] or list(invented())
    began = time.process_time()
    counted = count(examples, rules)
    seconds = time.process_time() - began
    print(f"{'kind':<16}{'agents':>8}{'bots':>9}{'named':>9}{'as listed':>11}{'requests':>12}{'of bots':>9}")
    for kind, each in sorted(counted.items()):
        shares = f"{each.bots / each.agents:>9.2%}{each.named / each.agents:>9.2%}{each.same_name / each.agents:>11.2%}"
        print(f"{kind:<16}{each.agents:>8,}{shares}{each.requests:>12,}{each.bot_requests / each.requests:>9.3%}")
    print(f"{1000 * seconds / sum(each.agents for each in counted.values()):.2f} ms of a processor for an agent")


if __name__ == "__main__":
    main(sys.argv[1:])
