"""Who asks for files: user agents of podcast apps as they look on the wire, bots, watches, browsers, referrers.

Here: strings with their shares. Not here: rules that recognise them (those are the product's, and never called here).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.demo.world.dice import Floats

# The app, its share in percent, and its agents on devices; shares follow public rankings of podcast apps, roughly.
APPS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("Apple Podcasts", 36.0, (
        "AppleCoreMedia/1.0.0.22B83 (iPhone; U; CPU OS 18_1 like Mac OS X; en_us)",
        "Podcasts/1650.20 CFNetwork/1498.700.2 Darwin/23.6.0",
        "Podcasts/4023.310.1 CFNetwork/1568.200.51 Darwin/24.1.0",
        "AppleCoreMedia/1.0.0.21G93 (iPad; U; CPU OS 17_6_1 like Mac OS X; en_us)",
        "Podcasts/3.1 (iPhone; iOS 18.1; build 22B83) AppleWebKit/605.1.15",
    )),
    ("Spotify", 24.0, (
        "Spotify/8.9.76.538 Android/34 (Pixel 8)",
        "Spotify/9.0.2 iOS/18.1 (iPhone15,2)",
        "Spotify/8.9.80 Android/33 (SM-S911B)",
    )),
    ("Overcast", 5.5, ("Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",)),
    ("Pocket Casts", 5.0, (
        "Pocket Casts/7.75 (Android 14; Pixel 7a)",
        "Pocket Casts/7.76 (iOS 18.1; iPhone14,5)",
    )),
    ("YouTube Music", 3.0, ("com.google.android.apps.youtube.music/7.27.52 (Linux; U; Android 14; SM-A546B) gzip",)),
    ("Amazon Music", 3.0, ("AmazonMusic/24.15.1 iPhone14,5 CFNetwork/1568.200.51 Darwin/24.1.0",)),
    ("Castbox", 2.5, ("CastBox/12.1.1 (Linux; Android 13; M2101K6G) ExoPlayerLib/2.18.7",)),
    ("Podcast Addict", 2.5, (
        "Podcast Addict/2024.11 (Android 14; SM-G991B)",
        "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)",
    )),
    ("AntennaPod", 2.5, ("AntennaPod/3.5.1", "AntennaPod/3.4.0")),
    ("Player FM", 1.5, ("Player FM/5.12 (Android 13)",)),
    ("Castro", 1.5, ("Castro 2024.8.1/1690",)),
    ("Deezer", 1.5, ("Deezer/8.0.17 (Android; 14; Mobile; de) samsung SM-S918B",)),
    ("iHeartRadio", 1.5, ("iHeartRadio/10.44.0 (Android 14; Pixel 6)",)),
    ("TuneIn", 1.2, ("TuneIn Radio/36.5 (iPhone13,2; iOS 17.6.1)",)),
    ("Audible", 1.2, ("Audible/4.28.0 CFNetwork/1498.700.2 Darwin/23.6.0",)),
    ("Podbean", 1.0, ("Podbean/Android App 9.8.2 (http://podbean.com),Android 13",)),
    ("Podkicker", 0.8, ("Podkicker/3.4.6",)),
    ("BeyondPod", 0.7, ("BeyondPod/4.3.321 (Android)",)),
    ("Downcast", 0.6, ("Downcast/2.11.28 (iPhone; iOS 17.5)",)),
    ("Fountain", 0.5, ("Fountain/1.1.9 (iOS 18.0)",)),
    ("Browser", 4.0, (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    )),
)  # fmt: skip

BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
)

# Apple Watch requests the same files again beside the phone: PTMG 2.3 has these two shapes.
WATCHES = (
    "atc/1.0 watchOS/10.6.1 model/Watch6,1 hwp/t8301 build/21U580 (6; dt:233)",
    "MobileAsset/1.0 (null)/(null) watchOS/11.1 model/Watch7,1 hwp/t8310 build/22R585",
)

REFERRERS = ("", "", "", "https://www.google.com/", "https://harborlane.example/shows", "https://podcasts.apple.com/")
BAD_REFERRERS = ("https://get-free-traffic-now.example/", "https://www.podcast-plays-boost.example/top")

PAGES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
)  # fmt: skip

AGENTS: tuple[str, ...] = tuple(agent for _, _, agents in APPS for agent in agents)
ALL = pl.Series([*AGENTS, *BOTS, *WATCHES, ""], dtype=pl.String)
FIRST_BOT = len(AGENTS)
FIRST_WATCH = FIRST_BOT + len(BOTS)
EMPTY_AGENT = FIRST_WATCH + len(WATCHES)

# One app of the network itself also reports what is played.
PLAYBACK_AGENTS = tuple(n for n, agent in enumerate(AGENTS) if agent.startswith(("Pocket Casts", "Overcast", "Castro")))

PLATFORMS = pl.Series([app for app, _, agents in APPS for _ in agents], dtype=pl.String)


def cumulative_shares() -> Floats:
    """Upper ends of the agents' shares, in [0, 1]; within an app the first agents are the most frequent."""
    weights = [share / (2**n) for _, share, agents in APPS for n in range(len(agents))]
    ends: Floats = np.cumsum(weights) / float(np.sum(weights))
    return ends
