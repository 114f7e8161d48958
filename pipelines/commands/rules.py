"""earshot rules: which rules on agents and addresses are in force, and changing over to a fuller set.

Here: the commands.
Not here: fetching and trying a set (pipelines/rules/rulesets.py), or published networks (pipelines/rules/networks.py).
"""

from __future__ import annotations

import click

from assets.listening.identity.addresses import LISTS, load_ranges
from assets.listening.identity.agent_rules import KINDS, load_rules
from pipelines import console, runtime
from pipelines.rules import rulesets
from pipelines.rules.fetching import shown
from pipelines.rules.networks import PUBLISHED_AT, fetched_file, refresh
from pipelines.settings import Settings, load_settings

# As many changes as one looks back at.
MOST_CHANGES = 10


@click.group()
def rules() -> None:
    """Rules that tell bots, apps and devices by their agents, and networks by their addresses."""


@rules.command()
@click.option("--from", "source", metavar="FOLDER|URL", help="Where bots.json, apps.json, ... are.")
@click.option(
    "--networks", metavar="FILE|URL", help="Where newer published networks are, if not where they always are."
)
@click.option("--allow-private", is_flag=True, help="Addresses may be of this machine or network, too.")
def update(source: str | None, networks: str | None, allow_private: bool) -> None:
    """Bring rules up to date, and measure by them from now on.

    Without options: the published networks of data centres, VPNs and relays, from where they are compiled every week.
    With --from: a rule set in the format of the OPAWG lists. Every file and pattern is tried first; if one is broken,
    nothing changes. What was in force before stays under the home.
    Days that are computed already keep the rules that they name until they are computed again.
    """
    settings = load_settings()
    has_changed = source is not None and _update_rules(settings, source, allow_private)
    if networks is not None or source is None:
        has_changed |= _refresh_networks(settings, networks or PUBLISHED_AT, allow_private)
    if has_changed:
        console.out.print("Compute days that are to be measured by them again: earshot backfill --from DAY --to DAY")
    if settings.rules_path:
        console.out.print(f"EARSHOT_RULES is set, so the rules in {settings.rules_path} are used instead.")


def _update_rules(settings: Settings, source: str, allow_private: bool) -> bool:
    change = rulesets.update(settings.home, source, allow_private)
    if change is None:
        console.out.print(f"{shown(source)} holds the rules that are in force already.")
        return False
    console.out.print(f"Rules {change.after} follow {change.before or 'the packaged rules'}.")
    return True


def _refresh_networks(settings: Settings, source: str, allow_private: bool) -> bool:
    change = refresh(settings.home, source, allow_private)
    if change is None:
        console.out.print(f"{shown(source)} holds no newer networks than those in force.")
        return False
    networks = f"Networks {change.after} ({change.ranges:,} ranges, compiled on {change.built_at[:10]})"
    console.out.print(f"{networks} follow {change.before}.")
    return True


@rules.command()
def show() -> None:
    """The rules in force: where they lie, their version, how many of each kind, and which sets came before."""
    settings = load_settings()
    folder = runtime.rules_folder(settings)
    agents, networks = load_rules(folder), load_ranges(folder, fetched_file(settings.home))
    lines = [f"{agents.version}-{networks.version}, {_where(settings)}"]
    lines += [f"  {kind:<16}{len(getattr(agents, kind)):>8,} patterns" for kind in KINDS]
    for name in LISTS:
        found = networks.lists[name]
        lines.append(f"  {name:<16}{len(found.v4.starts):>8,} IPv4 and {len(found.v6.starts):,} IPv6 ranges")
    published = networks.published or "none, since both lists are the folder's own"
    lines.append(f"  published networks: {published}")
    for change in rulesets.changes(settings.home)[-MOST_CHANGES:]:
        lines.append(f"{change.at}  {change.before or 'packaged'} -> {change.after}  from {change.source}")
    for line in lines:
        console.out.print(line)


def _where(settings: Settings) -> str:
    if settings.rules_path:
        return f"from EARSHOT_RULES ({settings.rules_path})"
    folder = rulesets.folder_in_force(settings.home)
    return "the packaged rules" if folder is None else f"in {folder}"
