"""What the packaged rules make of kinds of agents: brands, libraries of every language, and apps that no rule names."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listening.identity.agent_rules import Rules, load_rules, match_agent

RULES = load_rules()

# A brand's app or browser, and the same brand's server.
BRANDS = [
    ("Castro 2 Episode Download", "Castro/1.0 (feed-parser-bot)"),
    ("Castro Episode Download (http://supertop.example/castro)", "Castro Feed Fetcher"),
    ("Mozilla/5.0 (Linux; Android 14) Chrome/97.0 Mobile Safari/537.36 baiduboxapp/13.5", "Baiduspider/2.0"),
    (
        "Mozilla/5.0 (Linux; U; Android 4.4.2) Mobile Safari/534.24 baidubrowser/6.1",
        "Baiduspider-image+(+http://www.baidu.com/search/spider.htm)",
    ),
    (
        "Mozilla/5.0 (Linux; Android 7.0) Chrome/68.0 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.2",
        "Sogou web spider/4.0",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10) Chrome/80.0 Mobile Safari/537.36 YandexSearch/7.52",
        "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
    ),
    ("SoundOn/1.10.1", "SoundOn/1.0 (bot; hosting)"),
    ("audiobookshelf (+https://audiobookshelf.org)", "audiobook-crawler (+https://example.org)"),
    ("NewsBlur/4.0.1 CFNetwork/672.1.13 Darwin/14.0.0", "NewsBlur Feed Fetcher - 12 subscribers"),
    ("TPA/3.0.468 (+https://thepodcastapp.dev)", "TPA-Crawler/1.0 (+https://example.org)"),
    ("Pinterest/3.3.3 CFNetwork/609.1.4 Darwin/13.0.0", "Pinterest/0.2 (+http://www.pinterest.com/)"),
    ("Feedly/81 CFNetwork/1206 Darwin/20.1.0", "Feedly/1.0 (+http://www.feedly.com/fetcher.html)"),
    ("Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) Chrome/58.0 Mobile Safari/537.36", "M bot 60"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605 (Ecosia ios@9.0.1)",
        "Mozilla/5.0 (Linux) Chrome/100 (crawls; ops@host.example)",
    ),
]  # fmt: skip

LIBRARIES = [
    *("python-urllib3/2.2.1", "Python-urllib/3.12", "python-httpx/0.27.0"),
    *("httplib2/0.22", "aiohttp/3.9", "Scrapy/2.11"),
    *("got/13.0.0", "got (https://github.com/sindresorhus/got)", "axios/1.7.2"),
    *("node-fetch/3.3", "undici", "superagent/9.0"),
    *("go-resty/2.13.1 (https://github.com/go-resty/resty)", "Go-http-client/2.0", "Go 1.1 package http", "fasthttp"),
    *("AHC/2.1", "Java/21.0.1", "Java-http-client/17", "Jersey/2.25.1 (HttpUrlConnection 1.8)", "ReactorNetty/1.1"),
    *("GuzzleHttp/7", "Symfony HttpClient/Curl", "PHP/8.3.0"),
    *("Faraday v2.9.0", "Ruby", "HTTParty", "Typhoeus - https://x"),
    *("libwww-perl/6.77", "HTTP-Tiny/0.088", "WWW-Mechanize/2.18", "reqwest/0.12.4", "ureq/2.9.7", "RestSharp/111.2"),
    *("lua-resty-http/0.17", "hackney/1.20.1", "curl/8.7.1"),
    *("Wget/1.24", "libcurl/7.65.1", "cpprestsdk/2.8.0", "Dart/3.3 (dart:io)"),
    *("xh/0.18.0", "Microsoft BITS/7.8", "grpc-java-okhttp/1.58", "gofeed/1.0", "Siege/4.0", "Zapier", "Locust/2.20"),
    *("Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)", "qbhttp/1.0.0", "request.js", "vimeo.php 3.0"),
    *("babashka.http-client/0.4", "uclient-fetch", "quic-go-HTTP/3", "colly - https://github.com/gocolly/colly/v2"),
    *("Apidog/1.0.0 (https://apidog.example)", "host.example/go-network-v2.0.1"),
    *("Example::Agent/3.14", "Example\\Http\\Client", "Example-HttpComponents-NIO"),
    *("Example HTTP Components 1.0 (Pharo/11)", "http/2.9.8 Tcl/8.6.13"),
    *("Asynchronous WinHTTP/1.0", "Example/2.0 (SBCL 2.3.7; Linux)", "Example/0.13 (std.http)"),
    *("R (4.3.1 x86_64-pc-linux-gnu x86_64 linux-gnu)", "IE6.0,Java(TM) 2 Runtime Environment, Standard Edition"),
    *("ExampleJavaClient/unknown (Java) ReactorNetty/0.9.6", "Mozilla/5.0 (pc-x86_64-linux-gnu) Siege/4.1.6"),
    *("Mozilla/5.0 (compatible; Example HTTP_Request class;)", "Mozilla/4.0 (compatible; Synapse)"),
    *("Popsicle (https://popsicle.example)", "Restler for node.js", "RxNetty Client", "mint/1.6.2", "serf/1.3.10"),
    *("spray-can/1.3.3", "armeria/1.27.2", "Crystal", "SWI-Prolog", "zig/0.13.0 (std.http)", "Anemone/0.7.2"),
    *("python-requests/1.2.0 CPython/2.7.4 Linux/3.8.0", "example-uploader/4.0 CPython/3.10.6"),
    "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)",
]  # fmt: skip

# Tools that copy a show's whole archive, and servers that fetch for others, beside the podcatchers among the NAMESAKES.
DOWNLOADERS = [
    "poddl - podcast downloader",
    "podcast-dl/9.1",
    "podgrabber/1.0",
    "pod-fetcher/2",
    "rss enclosure downloader",
]

# Machines that play: people hear them, so none is a bot.
PLAYERS = [
    *("AppleCoreMedia/1.0.0.21E219 (HomePod; U; CPU OS 17_4 like Mac OS X; en_us)", "VLC/3.0.20 LibVLC/3.0.20"),
    *("GStreamer souphttpsrc 1.22.0 libsoup/3.2.2", "stagefright/1.2 (Linux;Android 9)", "Roku/DVP-12.0 (12.0.0.4182)"),
    *("Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 Chrome/109.0 Safari/537.36 Tesla/2023.44", "libmpv"),
    *("ExoPlayerLib/2.18.7", "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)"),
    *("Sonos/80.1-55014 (ACR_:Device)", "Yoto/14665", "gvfs/1.48.2", "AvsDeviceSdk/1.23.0"),
    *("PS4Application libhttp/1.000 (PS4) libhttp/6.72 (PlayStation 4)", "HbbTV/1.4.1 (;Panasonic;) PanasonicSDK/2017"),
    *("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 TV Safari/537.36", "SXM-WearOS/1.4 (Wear OS 4)"),
]  # fmt: skip

# Apps and browsers whose names hold a word of a script, a download or a bot, or the address of who has made them.
NAMESAKES = [
    *("IBrowse/2.4 (AmigaOS 3.9; 68K)", "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1", "Pocomail/4.8.4400"),
    *("uTorrent/2210(25302)", "BTWebClient/354S(44846)", "eMClient/9.2.2157.0", "MozacFetch/49.0.20200702190156"),
    *("APKXDL (Linux; U; Android 4.4.4;en_US; grouper) Downloader", "Free%20Downloader/1 CFNetwork/672 Darwin/14"),
    *("Peapod/1.0 +http://www.peapodpy.org.uk", "ntvmobil iPhone 7.0 Version/8.0 Mobile/12F70 (angebot: appntv)"),
    *("newsboat/2.36 (Linux x86_64; https://newsboat.example/) libcurl/8.5.0", "podboat/2.36 (Linux) libcurl/8.5.0"),
    *("castget 2.0.1 (castget rss enclosure downloader)", "castget", "Podget", "Podgrab", "PodFetch/4.1"),
    *("gPodder/3.11.4 (+http://gpodder.example/) Linux", "castero 0.9.5 <https://castero.example>", "BashPodder"),
    *("Mopidy-Podcast/3.0.1 Mopidy/3.4.2 CPython/3.11.2", "Audacious/4.3.1 neon/0.32.5", "Kasts/24.08 Syndication"),
    *("Example HTTP Player/1.0", "okhttp3-3.12.1.hw.191202", "Example HTTP/110 (Windows 10.0 64-bit)"),
    "Mozilla/5.0 (compatible; Konqueror; FreeBSD; http://www.example.net/)",
    "Mozilla/5.0 (X11; U; Linux x86_64; rv:1.9.1.5) Gecko/20091105 Firefox/3.5.5 AutoPager/0.5 (http://example.net/)",
    "New York/R3.0 NF-Browser/3.3 Openwave-MMS/4.5 IA-Java/1.0 Profile/MIDP2.0/CLDC1.1",
    *("ExampleGalaxyClient/2.0.20 (win7 x64)", "Example Ad Client/6.2 (Silverlight; Windows Phone OS 10.0)"),
    "Microsoft Office/16.0 (Microsoft Outlook 16.0.13110; Pro), Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_4) Safari/531.2+ Miro/6.0 (http://www.getmiro.com/)",
    "Mozilla/5.0 (Linux; Android 2.3.4; HTC Ruby Build/GRJ22) AppleWebKit/537.31 Chrome/26.0 Mobile Safari/537.31",
    "Mozilla/5.0 (Linux; U; Android 2.3.4; xx; LG-P698 Build/alex@hawk-droid.rev3) Version/4.0 Mobile Safari/533.1",
    "Mozilla/5.0 (Linux; U; Android WP7; de-de; GT-S5830 - http://forum.example.pl Build/GRWK74) Mobile Safari/533.1",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; http://intranet.example.com; rv:11.0) like Gecko",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; http://www.example.net)",
]  # fmt: skip

NAMES = st.text("abcdefghijklmnopqrstuvwxyzäéñ", min_size=4, max_size=12).map(str.title).map(lambda name: f"Zq{name}")
NUMBERS = st.lists(st.integers(0, 4000), min_size=1, max_size=4).map(lambda each: ".".join(map(str, each)))
FORMS = (
    "{name}/{number} CFNetwork/{number} Darwin/{number}",
    "{name}/{number} (iPhone; iOS {number}; Scale/3.00)",
    "{name}/{number} (org.example.listen; build:{number}; iOS {number}) Alamofire/{number}",
    "{name}/{number} (Linux;Android {number}) ExoPlayerLib/{number}",
    "{name} {number}",
    "{name}/{number}",
    "{name}",
    "{name} iOS",
    "{name} for Apple Watch",
    "Mozilla/5.0 (Linux; U; Windows NT 6.1; en-us; dream) {name}",
    "Mozilla/5.0 (Linux; Android {number}; Box Build/NHG47L) {name}/{number}",
)


@pytest.mark.parametrize(("person", "server"), BRANDS)
def test_the_rules_for_a_brands_servers_leave_its_app_alone(rules: Rules, person: str, server: str) -> None:
    assert not match_agent(person, rules).is_bot
    assert match_agent(person, rules).app != "unknown"
    assert match_agent(server, rules).is_bot


@pytest.mark.parametrize("agent", LIBRARIES)
def test_a_library_that_only_scripts_use_is_a_bot(rules: Rules, agent: str) -> None:
    assert match_agent(agent, rules).is_bot


@pytest.mark.parametrize("agent", DOWNLOADERS)
def test_what_copies_archives_is_a_bot_though_a_podcatcher_is_an_app(rules: Rules, agent: str) -> None:
    assert match_agent(agent, rules).is_bot


@pytest.mark.parametrize("agent", NAMESAKES)
def test_a_word_in_the_name_of_an_app_or_a_browser_makes_no_bot_of_it(rules: Rules, agent: str) -> None:
    assert not match_agent(agent, rules).is_bot


@pytest.mark.parametrize("agent", PLAYERS)
def test_what_plays_is_no_bot_and_has_a_name(rules: Rules, agent: str) -> None:
    found = match_agent(agent, rules)

    assert not found.is_bot
    assert found.app != "unknown"


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(name=NAMES, numbers=st.tuples(NUMBERS, NUMBERS))
def test_an_app_keeps_name_and_kind_in_every_version(form: str, name: str, numbers: tuple[str, str]) -> None:
    found = [match_agent(form.format(name=name, number=number), RULES) for number in numbers]

    assert {(each.is_bot, each.agent_kind, each.app) for each in found} == {(False, "app", name)}


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(["Pocket Casts", "Overcast", "Podcast Addict", "AntennaPod", "播客", "Deezer"]), number=NUMBERS
)
def test_an_escaped_name_is_the_name(name: str, number: str) -> None:
    agent = f"{name}/{number} CFNetwork/1410.0.3 Darwin/22.6.0"

    assert match_agent(quote(agent, safe="/ "), RULES) == match_agent(f"\t{agent}\x00 ", RULES)


@settings(max_examples=25, deadline=None)
@given(
    number=NUMBERS,
    agent=st.sampled_from(["python-urllib3/{}", "got/{}", "AHC/{}", "okhttp/{}", "go-resty/{}", "Java/{}"]),
)
def test_a_library_is_one_in_every_version(number: str, agent: str) -> None:
    assert match_agent(agent.format(number), RULES).is_bot


@pytest.mark.parametrize(
    "agent", ["", " ", "\x00", "deadbeefcafe0123", "12345", "%", "(((", "Nobody has a rule for this one"]
)
def test_what_has_no_name_is_unknown_and_no_bot(rules: Rules, agent: str) -> None:
    found = match_agent(agent, rules)

    assert (found.is_bot, found.app) == (False, "unknown")
