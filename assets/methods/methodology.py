"""Methodology: how one tenant's numbers are made, from the configuration in force.

Here: the sentences and tables of the page, and its version, a hash of all of it.
Not here: how a page is spelt (pages.py), keeping it (publishing.py), the rules themselves (assets/listening).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import polars as pl

from assets.listening.downloads.dispositions import DISPOSITIONS
from assets.listening.downloads.method import (
    FIRST_TOUCH,
    LAST_TOUCH,
    LOOK_BACK,
    LOOK_FORWARD,
    Method,
    name_method,
)
from assets.listening.identity.addresses import INCLUSION_VALIDITY, LISTS, AddressRanges
from assets.listening.identity.agent_rules import KINDS, Rules
from assets.listening.identity.keys import Keyring
from assets.methods.pages import Page, Section, Table
from assets.spans import CALENDAR_DAY
from sql.values import Reader

WINDOWS: Mapping[str, str] = {
    CALENDAR_DAY: "Requests of one listener for one episode on one UTC calendar day are one download.",
    FIRST_TOUCH: (
        "Requests of one listener for one episode are one download until 24 hours after the first of them; "
        "the next request begins another."
    ),
    LAST_TOUCH: (
        "Requests of one listener for one episode are one download as long as less than 24 hours lie between them."
    ),
}

_OPEN_FOR = f"{LOOK_FORWARD.total_seconds() / 3600:.0f} hours after the UTC day of its first request"
# What becomes of listeners who are not silent for 24 hours over a long time; on calendar days it makes no difference.
LONG_CHAINS: Mapping[str, str] = {
    FIRST_TOUCH: (
        "Where a download begins depends on the requests before it, back to a silence of 24 hours. Of a listener who "
        f"has not been silent for so long in {LOOK_BACK.days} days, the first request from midnight UTC on, "
        f"{LOOK_BACK.days} days before the day, is taken to begin one."
    ),
    LAST_TOUCH: (
        "However long a listener goes on without a silence of 24 hours, it is one download of the day on which that "
        f"began, for more than {LOOK_BACK.days} days too. What is requested later than {_OPEN_FOR} does not count "
        "towards the minute any more."
    ),
}

# What becomes of a request, in the order in which it is checked; the first that fits counts.
MEANINGS: Mapping[str, str] = {
    "not_a_request": "A playback or follow event of an app; it feeds consumption, not downloads.",
    "malformed": "No address and no key, or a range that contradicts itself.",
    "method_not_get": "HEAD, or any method but GET.",
    "not_modified": "Answered with status 304: the listener has the file already.",
    "status_not_ok": "Any status but 200 and 206; at a prefix service also 301, 302, 307 and 308 are fine.",
    "range_probe": "A request for the first two bytes.",
    "no_user_agent": "The user agent is empty.",
    "watch_duplicate": "An Apple Watch repeating what its phone fetched.",
    "bot_agent": "The user agent is a bot's by the rules below.",
    "datacenter_ip": "The address is in a data centre by the lists below, and on no inclusion list.",
    "suspect_ip": "The address asked for too many things on one day; see below.",
    "bad_referrer": "The referrer is on the list of bad ones.",
    "pre_release": "Before the episode was published.",
    "unknown_asset": "No episode or file of the catalogue.",
    "below_threshold": "Its download did not reach one minute of content.",
    "counted": "The first request of a download that did.",
    "contributed": "A later request that brought new bytes up to the minute.",
    "duplicate": "Every further request of a download.",
}

TOUCH_UNITS: Mapping[str, str] = {
    "impression": "each ad heard",
    "placement_day": "each placement once a day",
    "placement": "each placement once",
}


@dataclass(frozen=True, slots=True)
class Methodology:
    """The page of one tenant in both spellings, and the version that names it."""

    version: str
    markdown: str
    html: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a page is made of. settings: a row of read_method_settings; the frames as their statements return them."""

    tenant: UUID
    settings: Mapping[str, Any]
    inclusions: pl.DataFrame
    campaigns: pl.DataFrame
    rules: Rules
    ranges: AddressRanges
    keyring: Keyring
    method: Method = field(default_factory=Method)


def read_configuration(
    read: Reader, tenant: UUID, rules: Rules, ranges: AddressRanges, keyring: Keyring
) -> Configuration:
    """The configuration of one tenant as it stands now."""
    return Configuration(
        tenant,
        read("read_method_settings", tenants=[tenant]).row(0, named=True),
        read("read_ip_inclusions", tenants=[tenant]).sort("network"),
        read("read_method_campaigns", tenants=[tenant]),
        rules,
        ranges,
        keyring.in_force(read, [tenant]),
    )


def write_methodology(config: Configuration) -> Methodology:
    """The page. The same configuration always gives the same page and version; no clock is read."""
    page = Page(
        f"How {config.settings['name']} measures",
        "",
        [
            _downloads(config),
            _dispositions(),
            _rules(config),
            _addresses(config),
            _suspects(config),
            _inclusions(config),
            _people(config),
            _finality(config),
            _attribution(config),
        ],
    )
    version = sha256(page.markdown().encode()).hexdigest()[:12]
    named = replace(
        page,
        subtitle=f"Version {version}. Generated from the configuration in force; follows PTMG 2.3 of the IAB Tech Lab.",
    )
    return Methodology(version, named.markdown(), named.html())


def _downloads(config: Configuration) -> Section:
    method, missing = config.method, config.settings["whole_file_slack"]
    slack = f"the whole file but for {missing:,} bytes" if missing else "the whole file"
    paragraphs = [
        WINDOWS[config.settings["download_window"]],
        f"A download counts once the listener has received {method.minute_seconds} seconds of content: as many "
        "bytes, beyond the file's header, as that share of the file's duration makes. Bytes that were received count, "
        "not bytes that were asked for, and no byte counts twice. Of a file that is shorter, or whose duration is "
        f"unknown, {slack} is needed; where its size is unknown, {method.assumed_minute:,} bytes are, a minute at "
        "128 kbit/s. A prefix service sees no bytes, so its requests count by themselves.",
        "Where a log does not say how many bytes were sent, the range that was asked for is taken as received. Where "
        "it does not say which part of a file an answer with status 206 was, as many bytes as the file has are the "
        "file; of fewer, as many as were sent, less the file's header, count as content. Two such answers may be the "
        "same part, so the larger one counts, as far as it is more than what was received of known places, and ads in "
        "it do not. is_range_assumed marks each download, and range_assumed counts the requests, for which one of "
        "these was done. The "
        "segments of a stream are parts of the file that they make up: what was received of them is what was received "
        "of that file.",
        "The download happened at its first request that passes every rule below. A day is a UTC day.",
    ]
    named = name_method(config.settings["download_window"], config.settings["suspect_pairs"], missing, method)
    paragraphs.append(
        f"Version {named} of these rules and settings, and of the limit below on suspect addresses. Every row names "
        "it in rules_version, behind the versions of the rules on agents and on addresses."
    )
    if config.settings["download_window"] in LONG_CHAINS:
        paragraphs.append(LONG_CHAINS[config.settings["download_window"]])
    return Section("Downloads", paragraphs)


def _dispositions() -> Section:
    rows = [(str(place), name, MEANINGS[name]) for place, name in enumerate(DISPOSITIONS)]
    text = "Every raw row gets exactly one of these, the first that fits. They sum to the raw rows of each day."
    return Section("What becomes of every request", [text], Table(["order", "disposition", "meaning"], rows))


def _rules(config: Configuration) -> Section:
    rows = [(kind, f"{len(getattr(config.rules, kind)):,}") for kind in KINDS]
    text = (
        f"Version {config.rules.version} of the rules on user agents and referrers. Bots are looked for first, then "
        "apps, libraries and browsers; within a kind the first rule decides. A library that only scripts use is a bot. "
        "An app that no rule names is called what it calls itself, and an agent without a name is unknown and no bot."
    )
    return Section("Agents and referrers", [text], Table(["rules on", "patterns"], rows))


def _addresses(config: Configuration) -> Section:
    rows = [
        (name, f"{len(config.ranges.lists[name].v4.starts):,}", f"{len(config.ranges.lists[name].v6.starts):,}")
        for name in LISTS
    ]
    text = (
        f"Version {config.ranges.version} of the lists of networks. They are asked in this order: a private relay "
        "stands for people, although it lies in a data centre. An address on no list is taken for a household."
    )
    published = (
        f"Among them are the published ranges of {config.ranges.published}: data centres, CDNs, VPNs and declared "
        "crawlers, and Apple's private relay, as their owners and public lists tell them."
        if config.ranges.published
        else "No published ranges are among them."
    )
    return Section("Addresses", [text, published], Table(["list", "IPv4 ranges", "IPv6 ranges"], rows))


def _suspects(config: Configuration) -> Section:
    limit = config.settings["suspect_pairs"]
    text = (
        f"An address that asks for more than {limit:,} different pairs of episode and user agent on one UTC day is no "
        "household; its requests of that day do not count, unless it is on the inclusion list."
        if limit
        else "No limit is set on how much one address may ask for on a day."
    )
    return Section("Suspect addresses", [text])


def _inclusions(config: Configuration) -> Section:
    days = INCLUSION_VALIDITY.days
    if config.inclusions.is_empty():
        return Section("Inclusion list", ["No shared address is exempted from the rules on addresses."])
    rows = [
        (network, reason, validated.date().isoformat(), _valid_through(validated.date()))
        for network, reason, validated in config.inclusions.select("network", "reason", "validated_at").iter_rows()
    ]
    text = (
        f"Shared addresses that are kept. An entry counts on days up to {days} after it was last validated, and on all "
        "days before that: the date is renewed in place, and the days that it covered stay covered. When an entry was "
        "added or taken away is in the trail of changes."
    )
    return Section("Inclusion list", [text], Table(["network", "reason", "validated on", "counts through"], rows))


def _valid_through(validated: date) -> str:
    return (validated + timedelta(days=INCLUSION_VALIDITY.days)).isoformat()


def _people(config: Configuration) -> Section:
    versions = config.keyring.versions_of(config.tenant)
    keys = f"Version of the key: {versions[-1] if versions else 'none'}."
    if len(versions) > 1:
        keys += (
            " Every stored hash was made one of this version, each by hashing it again, and new ones are made the same "
            "way. So a listener or household has one hash before and after, in every period and look-back; what "
            "changes is the hash, and no number."
        )
    days = config.settings["address_days"]
    retention = (
        f"Raw addresses, those of requests and of attribution events, are removed after {days} days; the keys made of "
        "them stay."
        if days
        else "Raw addresses are not removed by Earshot."
    )
    raw_days = config.settings["raw_days"]
    retention += (
        f" Raw rows are dropped after {raw_days} days, once they lie in an archive; a day of that age is computed "
        "again only after they were brought back from it. Signals that name an order stay."
        if raw_days
        else ""
    )
    dropped_after = config.settings["dropped_after"]
    if dropped_after:
        retention += (
            f" The database drops raw rows after {dropped_after} days, and nothing keeps them: a day of that age is "
            "not computed again."
        )
    erased = config.settings["erased"]
    retention += (
        f" Listeners or households were erased on request ({erased:,} in all): their days were computed again "
        "without them, and no table and no archive has their rows. Counts of archived days, which name nobody, stay."
        if erased
        else ""
    )
    return Section(
        "Listeners and households",
        [
            "A listener is an address together with a user agent, a household is an address alone: IPv4 in full, IPv6 "
            "as its /64 network. Both are kept as hashes made with a key (HMAC-SHA-256).",
            f"{keys} {retention}",
            "Sponsor reports tell nothing of where listeners are or what they listen with. Rows about delivery cover "
            f"at least {config.settings['k_delivery']:,} households; smaller ones stand together as Other.",
        ],
    )


def _finality(config: Configuration) -> Section:
    hours = config.settings["lateness_hours"]
    return Section(
        "When numbers are final",
        [
            f"A day is provisional on the next morning and final {hours} hours after its end. Requests that arrive "
            "later are noticed, and the day is computed again; every report says whether its numbers are final. "
            f"Reports close in the time zone {config.settings['timezone']}.",
        ],
    )


def _attribution(config: Configuration) -> Section:
    if config.campaigns.is_empty():
        return Section("Attribution", ["No campaign is set up."])
    rows = [_campaign_row(row) for row in config.campaigns.iter_rows(named=True)]
    text = (
        "Each conversion is matched to ads that the same household or listener heard inside the window before it, or "
        "to the code that was used. Every model is computed; the one named here is the report's."
    )
    headings = [
        "sponsor",
        "campaign",
        "goal",
        "window",
        "model",
        "a touch is",
        "clicks",
        "earlier customers",
        "settings",
    ]
    return Section("Attribution", [text], Table(headings, rows))


def _campaign_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    model = str(row["default_model"]).replace("_", " ")
    decay = f", half-life {_short(row['half_life_days'])} days" if row["default_model"] == "time_decay" else ""
    return (
        row["sponsor"],
        row["campaign"],
        row["goal_kind"],
        f"{_short(row['window_days'])} days",
        f"{model}{decay}",
        TOUCH_UNITS[row["touch_unit"]],
        "count" if row["include_clicks"] else "do not count",
        "left out" if row["exclude_prior_customers"] else "count",
        f"version {row['version']}" if row["version"] else "the defaults",
    )


def _short(number: str) -> str:
    """A decimal as text without trailing zeros."""
    return number.rstrip("0").rstrip(".") if "." in number else number
