"""What agents and referrers say about themselves, by the packaged rules and by rules of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from assets.listening.identity.agent_rules import (
    Rules,
    load_rules,
    match_agent,
    match_agents,
    match_referrer,
    match_referrers,
)
from sql.values import PermanentError

# The agents of the twenty biggest podcast apps, as servers see them.
APPS = {
    "Podcasts/1575.1.2 CFNetwork/1498.700.2 Darwin/23.6.0": "Apple Podcasts",
    "Podcasts/4020.600.9 iOS/18.5 model/iPhone15,3 hwp/t8120 build/22F76 (6; dt:312)": "Apple Podcasts",
    "AirPodcasts/1410.53 CFNetwork/1111 Darwin/19.0.0": "Apple Podcasts",
    "%E6%92%AD%E5%AE%A2/1402.20 CFNetwork/1197 Darwin/20.0.0": "Apple Podcasts",
    "Spotify/8.9.18 iOS/17.4 (iPhone14,5)": "Spotify",
    "Spotify/8.9.42.575 Android/34 (SM-S918B)": "Spotify",
    "Spotify/124800450 Win32_x86_64/Windows 10 (10.0.19045; x64)": "Spotify",
    "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)": "Overcast",
    "Overcast (+http://overcast.fm/; Apple Watch podcast app)": "Overcast",
    "Pocket Casts/7.62 (iPhone; iOS 17.4)": "Pocket Casts",
    "Shifty Jelly Pocket Casts, Android v7.20": "Pocket Casts",
    "CastBox/8.30.1 (fm.castbox.audiobook.radio.podcast; build:483; iOS 17.1) Alamofire/4.9.1": "Castbox",
    "AntennaPod/3.4.0": "AntennaPod",
    "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)": "Podcast Addict",
    "Podcast Addict - Dalvik/2.1.0 (Linux; U; Android 14; Pixel 7 Build/UP1A)": "Podcast Addict",
    "AmazonMusic/24.3.0 Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A)": "Amazon Music",
    "Amazon%20Music/1 CFNetwork/1490 Darwin/23.2.0": "Amazon Music",
    "iHeartRadio/10.38.0 (Android 13; Pixel 6 Build/TQ3A)": "iHeartRadio",
    "Podbean/Android App 9.6.2 (http://podbean.com),94ae0d1b": "Podbean",
    "Podbean/iOS (http://podbean.com) 5.4.0 - 3b60d1c5": "Podbean",
    "Castro 2024.2/1502": "Castro",
    "Downcast/2.11.5 (iPhone; iOS 17.1; Scale/3.00)": "Downcast",
    "Deezer/9.32.0.17 CFNetwork/1474 Darwin/23.0.0": "Deezer",
    "com.google.android.apps.youtube.music/7.27.52 (Linux; U; Android 14; SM-A546B) gzip": "YouTube Music",
    "com.google.ios.youtubemusic/6.42 (iPhone14,2; U; CPU iOS 17_1 like Mac OS X; en_US)": "YouTube Music",
    "Player FM": "Player FM",
    "Player FM/5.5.0 (Android 13; SM-G991B)": "Player FM",
    "Stitcher/iOS": "Stitcher",
    "Audible/4.20.0 iPhone": "Audible",
    "TuneIn Radio/28.4.1 (iPhone; iOS 17.1)": "TuneIn",
    "TuneIn Radio Pro/33.6; iPhone14,5; iOS/17.5": "TuneIn",
    "Goodpods/3.10 (Pixel 6)": "Goodpods",
    "Goodpods/350 CFNetwork/1474 Darwin/23.0.0": "Goodpods",
    "fountain.fm/1.0.8 (Android 14)": "Fountain",
    "Fountain/300 CFNetwork/1485 Darwin/23.1.0": "Fountain",
    "Podverse/iOS Mobile App 4.15.5": "Podverse",
    "BBC%20Sounds/22 CFNetwork/1410.0.3 Darwin/22.6.0": "BBC Sounds",
    "NPROne/5.2 (iPhone; iOS 17.1)": "NPR One",
    "AlexaMediaPlayer/2.1.4676.0 (Linux;Android 5.1.1) ExoPlayerLib/1.5.9": "Amazon Alexa",
    "Acast/3.1.8 (Linux;Android 13) ExoPlayerLib/2.18": "Acast",
    "Podcast%E2%80%99ler/1710.17 CFNetwork/1399 Darwin/22.1.0": "Apple Podcasts",
    "%ED%8C%9F%EC%BA%90%EC%8A%A4%ED%8A%B8/1410.25.1 CFNetwork/1107.1 Darwin/19.0.0": "Apple Podcasts",
    "Podcast/1660.5 CFNetwork/1335.0.3 Darwin/21.6.0": "Apple Podcasts",
    "spotify_android-tablet": "Spotify",
    "Spotify-Lite: Spotify-Lite/0.13.48.96 Android/22 (SM-G531H)": "Spotify",
    "Spotify/4.3.2.0 Polestar/30 (Polestar)": "Spotify",
    "de.danoeh.antennapod/1.7.3b (Linux;Android 8.0.0) ExoPlayerLib/2.9.3": "AntennaPod",
    "Harley/3.12.0.78 A1CTGXB4BA274T/9.4.0.2386": "Amazon Music",
    "GooglePodcasts/2.0.10 iPhone/14.6 hw/iPhone12_1": "Google Podcasts",
    "PodcastRepublic/18.0 (Linux; U; Android 10;blueline/QP1A.190711.020.C3)": "Podcast Republic",
    "com.reallybadapps.podcastguru/2.0 (Linux;Android 13) ExoPlayerLib/2.18": "PodcastGuru",
    "CastGuru/5.0 (Android 13)": "PodcastGuru",
    "iVooxApp/3.85 (iPhone; iOS; iOS 15.6.1; d:16910714; 113F)": "iVoox",
    "ThePodcastApp/6.23.0 (iPhone; iOS 15.6.1; ) player (build 6272; +https://podcast.app/)": "The Podcast App",
}

BOTS = [
    "PocketCasts/1.0 (Pocket Casts Feed Parser; +http://pocketcasts.com/)",
    "Mozilla/5.0 (compatible; SomethingNew/1.0; +https://something.example.org/about)",
    "something-crawler (+mailto:ops@example.org)",
    "episode-backfill-worker/0.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "iTMS",
    "itms/1.0",
    "Applebot/0.1 (+http://www.apple.com/go/applebot)",
    "Amazon Music Podcast",
    "Spotify/1.0",
    "Overcast/1.0 Podcast Sync (12 subscribers; feed-id=123456; +http://overcast.fm/)",
    "PlayerFM/1.0 Podcast Sync (24 subscribers; url=https://player.fm/podcast-sync)",
    "Podcastindex.org/v1.0.0/Aggrivate",
    "PodchaserParser/1.0",
    "ListenNotes/3.0 (id=1; 2 subscribers)",
    "PodnewsBot (+https://podnews.net/bot)",
    "Podscribe/1.0",
    "MagellanAI/1.0 (+https://magellan.ai)",
    "Podtrac Feed Scanner",
    "AhrefsBot/7.0",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Bytespider; spider-feedback@bytedance.com",
    "python-requests/2.31.0",
    "Python/3.11 aiohttp/3.9.1",
    "curl/8.4.0",
    "Wget/1.21.4",
    "Go-http-client/2.0",
    "axios/1.6.2",
    "okhttp/4.12.0",
    "Java/17.0.9",
    "Castopod/1.6.5 (+https://castopod.org/)",
    "CastFeedValidator/3.6.1 (https://castfeedvalidator.com)",
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",
    "podcast-transcriber/0.3",
    "TranscribeServer/2",
    "whisper-worker/1.1",
    "podcast-downloader/1.2",
    "rss-audio-downloader/1.0",
    "Buzzsprout Importer",
    "Transistor.fm/1.0",
    "Triton Digital Podcast Sync",
    "UptimeRobot/2.0",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "atc/1.0 watchOS/10.1 model/Watch6,7 hwp/t8301 build/21S67 (6; dt:241)",
    "AllEars/1.0; (+www.allears.ai)",
    "Headliner/1.0.0 +https://headliner.app",
    "PodOracle/1.0 (Podcast Search Engine)",
    "NovaStreamLive/1.0 (Podcast Import)",
    "amazon-Quick-on-behalf-of-ab5a6944",
    "Podcast%20Archiver/3000000003 CFNetwork/1406.0.4 Darwin/22.4.0",
    "Radioline Stream Monitoring (tech@radioline.co)",
    "Mozilla/5.0",
]

PEOPLE = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19 Build/PPR1) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 30) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "AppleCoreMedia/1.0.0.21E219 (iPhone; U; CPU OS 17_4 like Mac OS X; en_us)",
    "AndroidDownloadManager/13 (Linux; U; Android 13; SM-A146B Build/TP1A)",
    "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 6 Build/TQ3A)",
    "stagefright/1.2 (Linux;Android 9)",
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0; Smart Monitor M7) AppleWebKit/537.36 Version/7.0 TV Safari/537.36",
    "Tweetbot/6.0 CFNetwork/1410.0.3 Darwin/22.6.0",
    "Lenovo Bothell Radio/2.0 (Android 13)",
]


@pytest.mark.parametrize(("agent", "app"), APPS.items())
def test_a_podcast_app_is_known_and_no_bot(rules: Rules, agent: str, app: str) -> None:
    found = match_agent(agent, rules)

    assert (found.is_bot, found.agent_kind, found.app) == (False, "app", app)


@pytest.mark.parametrize("agent", BOTS)
def test_a_self_declared_machine_is_found(rules: Rules, agent: str) -> None:
    assert match_agent(agent, rules).is_bot


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_or_phone_of_a_person_is_no_bot(rules: Rules, agent: str) -> None:
    assert not match_agent(agent, rules).is_bot


def test_bots_are_matched_before_apps_and_apps_before_libraries(rules: Rules) -> None:
    kinds = {
        agent: match_agent(agent, rules).agent_kind
        for agent in (
            "Overcast/1.0 Podcast Sync (1 subscribers)",
            "Acast/3.1.8 (Linux;Android 13) ExoPlayerLib/2.18",
            "ExoPlayerLib/2.18",
            "Nobody knows this one",
        )
    }

    assert list(kinds.values()) == ["bot", "app", "library", "unknown"]


@pytest.mark.parametrize(
    ("agent", "device", "system"),
    [
        ("Podcasts/4020.600.9 iOS/18.5 model/iPhone15,3 hwp/t8120 build/22F76 (6; dt:312)", "mobile", "iOS"),
        ("PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)", "mobile", "Android"),
        ("AlexaMediaPlayer/2.1.4676.0 (Linux;Android 5.1.1) ExoPlayerLib/1.5.9", "smart_speaker", "Fire OS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/124.0 Safari/537.36", "computer", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605", "computer", "macOS"),
        ("Spotify/8.9 iOS/17.4 (iPad13,4)", "tablet", "iOS"),
        ("Overcast (+http://overcast.fm/; Apple Watch podcast app)", "watch", "watchOS"),
        ("Castro 2024.2/1502", "mobile", "iOS"),
        ("AntennaPod/3.4.0", "mobile", "Android"),
        ("Nobody knows this one", "unknown", "unknown"),
    ],
)
def test_device_and_system_are_read_from_the_agent(rules: Rules, agent: str, device: str, system: str) -> None:
    found = match_agent(agent, rules)

    assert (found.device, found.os) == (device, system)


def test_each_distinct_agent_is_answered_once_and_nothing_is_null(rules: Rules) -> None:
    found = match_agents(pl.Series(["Castro 2024.2/1502", None, "Castro 2024.2/1502", ""]), rules)

    assert found.columns == ["user_agent", "is_bot", "agent_kind", "app", "device", "os"]
    assert found["user_agent"].to_list() == [None, "", "Castro 2024.2/1502"]
    assert sum(found.drop("user_agent").null_count().row(0)) == 0
    assert found.row(0)[1:] == found.row(1)[1:] == (False, "unknown", "unknown", "unknown", "unknown")


def test_no_agents_at_all_give_an_empty_table_with_its_columns(rules: Rules) -> None:
    assert match_agents(pl.Series([], dtype=pl.String), rules).schema["is_bot"] == pl.Boolean


def test_the_name_of_a_rule_stands_for_its_agents(rules: Rules) -> None:
    assert match_agent("Castbox", rules).app == "Castbox"


def test_an_agent_that_its_source_took_for_a_bot_stays_one(rules: Rules) -> None:
    found = match_agent("Castbox [bot]", rules)

    assert (found.is_bot, found.app) == (True, "Castbox")


def test_an_agent_that_comes_again_is_answered_alike(rules: Rules) -> None:
    assert match_agent("Castro 2024.2/1502", rules) == match_agent("Castro 2024.2/1502", load_rules())


def test_an_agent_of_many_kilobytes_is_known_by_its_beginning(rules: Rules) -> None:
    assert match_agent("Castro 2024.2/1502 " + "/x " * 50_000, rules).app == "Castro"


def test_a_referrer_without_a_rule_is_its_host(rules: Rules) -> None:
    found = match_referrers(
        pl.Series(["https://podcasts.apple.com/us/podcast/id1", "https://www.example.org/a?b", None, "-"]), rules
    )

    names = dict(found.select("referrer", "referrer_name").iter_rows())
    assert names == {
        "https://podcasts.apple.com/us/podcast/id1": "Apple Podcasts",
        "https://www.example.org/a?b": "example.org",
        None: "unknown",
        "-": "unknown",
    }
    assert not found["is_bad_referrer"].any()


@pytest.mark.parametrize(
    ("referrer", "named"),
    [
        ("https://open.spotify.com/episode/1", "Spotify"),
        ("HTTPS://OPEN.SPOTIFY.COM/episode/1", "Spotify"),
        ("https://open.spotify.com", "Spotify"),
        ("https://open.spotify.com:443/episode/1", "Spotify"),
        ("https://open.spotify.com?si=1", "Spotify"),
        ("https://ada@open.spotify.com./episode/1", "Spotify"),
        ("https://open.spotify.com.evil.example/", "open.spotify.com.evil.example"),
        ("https://open.spotify.com@evil.example/", "evil.example"),
        ("https://open.spotify.community/", "open.spotify.community"),
        ("https://music.amazon.co.uk/podcasts/1", "Amazon Music"),
        ("https://music.amazon.evil.example/", "music.amazon.evil.example"),
        ("https://pca.st/abc", "Pocket Casts"),
        ("https://lists.pocketcasts.com/abc", "Pocket Casts"),
        ("https://[2001:db8::1]/x", "2001:db8::1"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1"),
        ("http://[/x", "unknown"),
        ("android-app://com.Example.player/", "com.example.player"),
    ],
)
def test_a_referrer_is_known_by_its_whole_host(rules: Rules, referrer: str, named: str) -> None:
    assert match_referrer(referrer, rules) == (False, named)


def test_every_packaged_pattern_of_a_referrer_ends_with_its_host(rules: Rules) -> None:
    assert all(rule.pattern.pattern.endswith("(?=[/:?#]|$)") for rule in rules.referrers)
    assert match_referrer("http://SEMALT.com/x", rules).is_bad_referrer
    assert not match_referrer("http://semalt.com.evil.example.org/x", rules).is_bad_referrer


def test_a_listed_traffic_exchange_is_a_bad_referrer(rules: Rules) -> None:
    assert match_referrer("https://www.hitleap.com/surf", rules) == (True, "Traffic exchange")


def test_the_version_follows_the_content_and_not_the_place(tmp_path: Path, rules: Rules) -> None:
    for name, bot in (("one", "^Probe/"), ("two", "^Probe/"), ("three", "^Sonde/")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bots.json").write_text(json.dumps([{"name": "Probe", "pattern": bot}]))
        (tmp_path / name / "apps.json").write_text("[]")

    versions = [load_rules(tmp_path / name).version for name in ("one", "two", "three")]

    assert versions[0] == versions[1] != versions[2]
    assert rules.version not in versions


def test_a_broken_pattern_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "bots.json").write_text('[{"name": "Half", "pattern": "(open"}]')
    (tmp_path / "apps.json").write_text("[]")

    with pytest.raises(PermanentError, match=r"bots\.json: the pattern '\(open' of 'Half'"):
        load_rules(tmp_path)


def test_a_pattern_that_looks_around_is_matched_and_not_dropped(tmp_path: Path) -> None:
    looking = [{"name": "Not Radio", "pattern": r"^(?!Radio)\w+(?<!App)/\d+(?=\.)"}]
    (tmp_path / "bots.json").write_text(json.dumps(looking))
    (tmp_path / "apps.json").write_text("[]")

    rules = load_rules(tmp_path)

    agents = ["Sonde/1.0", "Radio/1.0", "SondeApp/1.0", "Sonde/1"]
    assert [match_agent(agent, rules).is_bot for agent in agents] == [True, False, False, False]


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"needs at least bots\.json and apps\.json"):
        load_rules(tmp_path)
