"""What agents say about themselves, by the OPAWG lists, which are third-party data beside the checkout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from assets.listening.identity.agent_rules import (
    KINDS,
    Rules,
    load_rules,
    match_agent,
    match_referrer,
)

OPAWG = Path(__file__).parents[5] / "shared" / "data" / "opawg"

needs_opawg = pytest.mark.skipif(
    not OPAWG.is_dir(), reason="the OPAWG lists are not beside this checkout (../shared/data/opawg)"
)


def plain_agents(kind: str) -> list[str]:
    """An agent for each rule of the OPAWG lists that is plain text but for its anchors and escapes."""
    entries = json.loads((OPAWG / f"{kind}.json").read_text(encoding="utf-8"))["entries"]
    plain = [re.sub(r"\\([^\w\s])", r"\1", entry["pattern"]).strip("^$") for entry in entries]
    agents = [text for text in plain if not re.search(r"[\\|*+?\[\]()]|\.[*+]", text)]
    return [
        f"{text}1.0 CFNetwork/1410.0.3 Darwin/22.6.0" if text.endswith("/") and kind == "apps" else text
        for text in agents
    ]


@needs_opawg
def test_nine_in_ten_bots_that_call_themselves_one_are_found(rules: Rules) -> None:
    words = re.compile("bot|crawl|spider|fetch|download|import|transcri|index|scan|pars|sync|feed", re.IGNORECASE)
    declared = [agent for agent in plain_agents("bots") if words.search(agent)]

    missed = [agent for agent in declared if not match_agent(agent, rules).is_bot]

    assert len(declared) > 80
    assert len(missed) <= len(declared) / 10, missed


@needs_opawg
def test_hardly_an_app_of_the_long_tail_is_taken_for_a_bot(rules: Rules) -> None:
    apps = plain_agents("apps")

    flagged = [agent for agent in apps if match_agent(agent, rules).is_bot]

    assert len(apps) > 300
    assert len(flagged) <= len(apps) / 100, flagged


@needs_opawg
def test_the_opawg_lists_load_and_match() -> None:
    opawg = load_rules(OPAWG)

    assert all(getattr(opawg, kind) for kind in KINDS)
    assert match_agent("AntennaPod/3.4.0", opawg).app == "AntennaPod"
    assert match_agent("python-requests/2.31.0", opawg).is_bot
    assert match_agent("Python/3.11 aiohttp/3.9.1", opawg).is_bot
    assert not match_agent("AppleCoreMedia/1.0.0.21E219 (iPhone; U; CPU OS 17_4 like Mac OS X)", opawg).is_bot
    assert match_agent("Podcasts/4020.6 iOS/18.5 model/iPhone15,3 hwp/t8120", opawg).device == "mobile"
    assert match_referrer("https://podcasts.apple.com/us/podcast/id1", opawg).referrer_name == "Apple Podcasts"


# What the OPAWG lists call the apps of these agents.
OPAWG_NAMES = {
    "Podcasts/1575.1.2 CFNetwork/1498.700.2 Darwin/23.6.0": "Apple Podcasts",
    "%E6%92%AD%E5%AE%A2/1402.20 CFNetwork/1197 Darwin/20.0.0": "Apple Podcasts",
    "Spotify/8.9.42.575 Android/34 (SM-S918B)": "Spotify",
    "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)": "Overcast",
    "Pocket Casts/7.62 (iPhone; iOS 17.4)": "Pocket Casts",
    "CastBox/8.30.1 (fm.castbox.audiobook.radio.podcast; build:483; iOS 17.1) Alamofire/4.9.1": "CastBox",
    "AntennaPod/3.4.0": "AntennaPod",
    "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)": "Podcast Addict",
    "AmazonMusic/9.15.2 iPhone7,2 CFNetwork/978.0.7 Darwin/18.7.0": "Amazon Music",
    "iHeartRadio/10.38.0 (Android 13; Pixel 6 Build/TQ3A)": "iHeartRadio",
    "Podbean/iOS (http://podbean.com) 5.4.0 - 3b60d1c5": "Podbean",
    "Castro 2024.2/1502": "Castro",
    "Deezer/9.32.0.17 CFNetwork/1474 Darwin/23.0.0": "Deezer",
    "Player%20FM/588 CFNetwork/1121.2.2 Darwin/19.2.0": "Player FM",
    "GooglePodcasts/2.0.10 iPhone/14.6 hw/iPhone12_1": "Google Podcasts",
    "PodcastRepublic/18.0 (Linux; U; Android 10;blueline/QP1A.190711.020.C3)": "Podcast Republic",
}


@needs_opawg
@pytest.mark.parametrize(("agent", "app"), OPAWG_NAMES.items())
def test_with_the_opawg_lists_an_agent_has_their_names(agent: str, app: str) -> None:
    devices = json.loads((OPAWG / "devices.json").read_text(encoding="utf-8"))["entries"]
    device = next((each["category"] for each in devices if re.search(each["pattern"], agent)), "unknown")

    found = match_agent(agent, load_rules(OPAWG))

    assert (found.is_bot, found.agent_kind, found.app, found.device) == (False, "app", app, device)


@needs_opawg
def test_every_rule_of_the_opawg_lists_is_there() -> None:
    opawg = load_rules(OPAWG)

    for kind in KINDS:
        content = json.loads((OPAWG / f"{kind}.json").read_text(encoding="utf-8"))
        assert [rule.name for rule in getattr(opawg, kind)] == [entry["name"] for entry in content["entries"]]
