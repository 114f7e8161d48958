"""Agent rules: user agents and referrers, matched against rule files.

Here: rule files in the format of the OPAWG user-agent lists, the packaged set, and the matching of each distinct agent
and referrer. 'unknown' is a value, never null.
Not here: what a bot means for a request (dispositions.py), addresses (addresses.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from assets.listening.identity.agent_patterns import compile_pattern
from assets.listening.identity.agent_text import plain_agent, plain_name, without_model
from assets.listening.identity.rule_files import parse_list, read_bytes, shown
from sql.values import PermanentError

PACKAGED_RULES = Path(__file__).parent / "ruleset"
KINDS = ("bots", "apps", "libraries", "browsers", "devices", "referrers")
UNKNOWN = "unknown"

# A rule of any kind with this category names a machine: OPAWG marks so the libraries that only scripts use.
BOT_CATEGORY = "bot"

# A rule of any kind with this category names an app: those of last resort stand behind the browsers, and take its name
# from the agent.
APP_CATEGORY = "app"
NAME_GROUP = "app"

# Referrers in this category are not people following a link: stream rippers, click farms. The OPAWG lists have none.
BAD_CATEGORY = "bad"

# What an importer puts behind the name of an agent that its source already took for a bot, where the source gives
# names instead of the agents' own text.
BOT_SUFFIX = " [bot]"

# Agents are cut here before they are matched: real ones stay below 512 characters, and a made-up one of kilobytes would
# keep a pattern with two repetitions busy for seconds.
LONGEST_AGENT = 1024

# At about 400 bytes each, some 40 MB; a busy network sees 20,000 distinct agents a day.
CACHED_AGENTS = 100_000

# The operating system, first match wins: a watch and a speaker spell the system of the phone too. An app that
# there is for one system alone need not spell it.
SYSTEMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("watchOS", r"[Ww]atch ?OS|Apple ?Watch|^atc/"),
        ("tvOS", r"tvOS|Apple ?TV"),
        ("Sonos", r"^Sonos|Sonos/| Sonos"),
        ("Fire OS", r"Fire OS|AEO[A-Z]{2}|KF[A-Z]{3,4} Build|AFT[A-Z]+\b|Alexa|^Echo/"),
        ("Android", r"[Aa]ndroid|Dalvik|ExoPlayer|stagefright|^(AntennaPod|Podkicker|DoggCatcher|BeyondPod)\b"),
        ("iOS", r"iPhone|iPad|iPod|\biOS\b|HomePod|^(Castro|Overcast|iCatcher)\b"),
        ("ChromeOS", r"CrOS"),
        ("Windows", r"Windows|Win32|Win64"),
        ("macOS", r"Mac ?OS ?X?|Macintosh|macOS|OSX"),
        ("iOS", r"CFNetwork|Darwin/"),
        ("Tizen", r"Tizen"),
        ("webOS", r"[Ww]eb0S|webOS"),
        ("Linux", r"Linux|X11|Ubuntu"),
    )
)


# What stands before the port and the path of an address; an IPv6 host stands in brackets.
ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:\[\]]+)")


class Rule(NamedTuple):
    """One line of a rule file: a name, the pattern that finds it, and where the file has one, its category."""

    name: str
    pattern: re.Pattern[str]
    category: str


class AgentMatch(NamedTuple):
    """What a user agent is. kind: bot, app, library, browser or unknown."""

    is_bot: bool
    agent_kind: str
    app: str
    device: str
    os: str


class ReferrerMatch(NamedTuple):
    """What a referrer is; without a rule, the name is its host."""

    is_bad_referrer: bool
    referrer_name: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule set; version is a hash of its content, so that two equal sets have one version wherever they lie.

    Matches are cached: the same agents come back day after day.
    """

    version: str
    bots: tuple[Rule, ...] = field(repr=False)
    apps: tuple[Rule, ...] = field(repr=False)
    libraries: tuple[Rule, ...] = field(repr=False)
    browsers: tuple[Rule, ...] = field(repr=False)
    devices: tuple[Rule, ...] = field(repr=False)
    referrers: tuple[Rule, ...] = field(repr=False)
    _cache: dict[str, AgentMatch] = field(default_factory=dict, repr=False, compare=False)


AGENT_SCHEMA: Mapping[str, pl.DataType] = {
    "is_bot": pl.Boolean(),
    "agent_kind": pl.String(),
    "app": pl.String(),
    "device": pl.String(),
    "os": pl.String(),
}
REFERRER_SCHEMA: Mapping[str, pl.DataType] = {"is_bad_referrer": pl.Boolean(), "referrer_name": pl.String()}


def load_rules(path: Path | None = None) -> Rules:
    """The packaged rules, or those of a folder with bots.json, apps.json, ... in the format of the OPAWG lists.

    Each file is a JSON array, or an object whose "entries" is one, of {"name", "pattern"} with an optional "category".
    A folder is taken as it is: a kind whose file is missing has no rules. Raises PermanentError for what is unreadable.
    """
    folder = path or PACKAGED_RULES
    files = {kind: (folder / f"{kind}.json") for kind in KINDS}
    found = {kind: read_bytes(file) for kind, file in files.items() if file.is_file()}
    if "bots" not in found or "apps" not in found:
        raise PermanentError(f"{folder} is no rule set: it needs at least bots.json and apps.json")
    return _parse_rules(tuple(sorted(found.items())), str(folder))


def match_agents(agents: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per distinct agent: user_agent, is_bot, agent_kind, app, device, os.

    Bots are tried first, then apps, then libraries and browsers; within a kind the first rule of the file wins.
    A library or browser is no bot, unless its rule is of category bot. app is the name of what matched, of whatever
    kind. An agent that is exactly a rule's name matches it too: some sources give names. Null stays null, unknown.
    """
    return _match_distinct(agents, "user_agent", lambda agent: match_agent(agent, rules), AGENT_SCHEMA)


def match_referrers(referrers: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per distinct referrer: referrer, is_bad_referrer, referrer_name (its host where no rule names it)."""
    return _match_distinct(referrers, "referrer", lambda referrer: match_referrer(referrer, rules), REFERRER_SCHEMA)


def match_agent(agent: str | None, rules: Rules) -> AgentMatch:
    """One agent, as match_agents does it for many."""
    text = plain_agent(agent or "")
    if not text:
        return AgentMatch(False, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    found = rules._cache.get(text)
    if found is None:
        if len(rules._cache) >= CACHED_AGENTS:
            rules._cache.clear()
        found = rules._cache[text] = _match_text(text, rules)
    return found


def _match_text(agent: str, rules: Rules) -> AgentMatch:
    is_declared_bot = agent.endswith(BOT_SUFFIX)
    text = agent.removesuffix(BOT_SUFFIX)[:LONGEST_AGENT]
    kind, rule, app = _first_of_kinds(text, rules)
    is_bot = is_declared_bot or kind == "bot" or (rule is not None and rule.category == BOT_CATEGORY)
    device = _first(text, rules.devices)
    return AgentMatch(
        is_bot=is_bot,
        agent_kind="bot" if is_bot else kind,
        app=app,
        device=UNKNOWN if device is None else device.category or device.name,
        os=next((name for name, pattern in SYSTEMS if pattern.search(text)), UNKNOWN),
    )


def match_referrer(referrer: str | None, rules: Rules) -> ReferrerMatch:
    """One referrer, as match_referrers does it for many."""
    text = (referrer or "").strip()
    address = ADDRESS.match(text)
    host = address["host"].lower().rstrip(".") if address else None
    if address and address["scheme"].lower() in ("http", "https"):
        # Hosts are written in any case, and a name before an @ is no host (RFC 3986, sections 3.2 and 6.2.2.1).
        text = f"{address['scheme'].lower()}://{host}{text[address.end() :]}"
    rule = _first(text[:LONGEST_AGENT], rules.referrers) if text else None
    if rule is not None:
        return ReferrerMatch(rule.category == BAD_CATEGORY, rule.name)
    return ReferrerMatch(False, host.strip("[]").removeprefix("www.") if host else UNKNOWN)


def _first_of_kinds(text: str, rules: Rules) -> tuple[str, Rule | None, str]:
    """Kind, rule and name of what matches first. Bots and libraries are looked for outside of the name of a phone."""
    bare = without_model(text)
    order = (
        ("bot", rules.bots, bare),
        ("app", rules.apps, text),
        ("library", rules.libraries, bare),
        ("browser", rules.browsers, text),
    )
    for kind, of_kind, searched in order:
        rule = _first(searched, of_kind)
        if rule is not None:
            return APP_CATEGORY if rule.category == APP_CATEGORY else kind, rule, _name_of(rule, searched)
    return UNKNOWN, None, UNKNOWN


def _name_of(rule: Rule, text: str) -> str:
    """The name of the rule, or what the group `app` of its pattern found in the agent."""
    if NAME_GROUP not in rule.pattern.groupindex:
        return rule.name
    found = rule.pattern.search(text)
    return plain_name(found[NAME_GROUP] or "" if found else "") or UNKNOWN


def _first(text: str, rules: Iterable[Rule]) -> Rule | None:
    return next((rule for rule in rules if rule.name == text or rule.pattern.search(text)), None)


def _match_distinct(
    values: pl.Series, name: str, match: Callable[[str | None], tuple[object, ...]], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    distinct = values.cast(pl.String).unique().sort()
    matches = pl.DataFrame([match(value) for value in distinct], schema=dict(schema), orient="row")
    return distinct.alias(name).to_frame().hstack(matches)


@lru_cache(maxsize=8)
def _parse_rules(files: tuple[tuple[str, bytes], ...], folder: str) -> Rules:
    entries = {kind: _rules(content, f"{folder}/{kind}.json") for kind, content in files}
    canonical = {
        kind: [[rule.name, rule.pattern.pattern, rule.category] for rule in entries.get(kind, ())] for kind in KINDS
    }
    version = sha256(json.dumps(canonical, ensure_ascii=False).encode()).hexdigest()[:12]
    bots, apps, libraries, browsers, devices, referrers = (entries.get(kind, ()) for kind in KINDS)
    return Rules(version, bots, apps, libraries, browsers, devices, referrers)


def _rules(content: bytes, source: str) -> tuple[Rule, ...]:
    entries = parse_list(content, source)
    problems = [problem for entry in entries if (problem := problem_of(entry))]
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise PermanentError(f"{source}: {problems[0]}{more}")
    return tuple(map(_rule, entries))


def problem_of(entry: object) -> str | None:
    """What is wrong with an entry of a rule file; None where it is a rule."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("name", "pattern")):
        return f"{shown(entry)} has no name and pattern"
    name = shown(entry["name"])
    if not isinstance(entry.get("category", ""), str):
        return f"the category of '{name}' is no text"
    if not all(_is_text(entry.get(each, "")) for each in ("name", "pattern", "category")):
        return f"'{name}' holds half a character, which is no text"
    try:
        compile_pattern(entry["pattern"])
    except ValueError as error:
        return f"the pattern '{shown(entry['pattern'])}' of '{name}' cannot be used: {error}"
    return None


def _is_text(text: str) -> bool:
    """JSON can spell half of a surrogate pair, which cannot be written anywhere."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _rule(entry: Any) -> Rule:
    return Rule(entry["name"], compile_pattern(entry["pattern"]), entry.get("category", ""))
