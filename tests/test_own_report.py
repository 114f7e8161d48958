"""From clone to your own report: every command of the page, on a feed and a log of this machine and a real database."""

from __future__ import annotations

import gzip
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import rss
from tests.assets.catalogue.feeds.site import Site, mp3, open_site

PAGE = Path(__file__).parents[1] / "docs" / "own-report.md"
FEED = "https://feeds.example.com/tides.xml"
SOUND = mp3(90, 1000)
HOMES, DAYS = 5, 2
LAST = datetime.now(UTC).date() - timedelta(days=5)
PLAYER = "AppleCoreMedia/1.0.0.20G75 (iPhone; U; CPU OS 16_6 like Mac OS X; en_us)"

# What commands leave in the environment for the processes that they start; put back after each call.
LEFT = dict.fromkeys(("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "EARSHOT_DAGSTER_FOLDER"))

Run = Callable[[list[str]], Result]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A feed of two episodes with their files."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with open_site() as opened:
        lay_feed(opened, 1, 2)
        yield opened


def lay_feed(site: Site, *numbers: int) -> None:
    """A feed of these episodes."""
    items = []
    for number in numbers:
        address = site.put(f"/tides/{number}.mp3", SOUND)
        released = datetime.combine(LAST - timedelta(days=20), datetime.min.time(), UTC)
        items.append(
            f"<item><title>Low water {number}</title><guid>tides-{number}</guid>"
            f"<pubDate>{released:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
            f'<enclosure url="{address}" length="{len(SOUND)}" type="audio/mpeg"/></item>'
        )
    site.put("/tides.xml", rss(*items, channel="<title>Tides</title>"))


@pytest.fixture
def run(database_url: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a person would in a folder of their own, on a database that is named."""
    (tmp_path / "fonts").mkdir()
    for name, value in {
        "DATABASE_URL": database_url,
        "DAGSTER_POSTGRES_URL": server.dagster_url,
        "EARSHOT_HOME": str(tmp_path / "home"),
        "EARSHOT_FONTS": str(tmp_path / "fonts"),
        "EARSHOT_PRIVATE_NETWORKS": "127.0.0.0/8",
        # The first day is the log's, as for everybody.
        "EARSHOT_FIRST_DAY": "",
    }.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda words: CliRunner().invoke(main, words, env=LEFT)


def line(day: date, home: int, path: str = "/tides/1.mp3", agent: str = PLAYER, sent: int = len(SOUND)) -> str:
    """A request at noon, in nginx's combined format."""
    return f'81.2.69.{home} - - [{day:%d/%b/%Y}:12:00:00 +0000] "GET {path} HTTP/1.1" 200 {sent} "-" "{agent}"\n'


def lay_logs() -> None:
    """Five homes a day, each one ad; and what counts for nothing: a repeat, a bot, a probe, another file."""
    days = [LAST - timedelta(days=back) for back in reversed(range(DAYS))]
    lines = [line(day, home, f"/tides/{1 + home % 2}.mp3") for day in days for home in range(1, HOMES + 1)]
    lines += [line(LAST, 1, "/tides/2.mp3"), line(LAST, 9, agent="Googlebot/2.1"), line(LAST, 8, sent=2)]
    lines += [line(LAST, 7, "/robots.txt"), line(LAST, 4, "/tides/3.mp3")]
    with gzip.open("access.log.gz", "wt") as file:
        file.write("".join(lines))
    Path("logs").mkdir()
    Path("logs/today.log").write_text(line(LAST, 6))
    at = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=15)
    orders = [f"T-{home},{at:%Y-%m-%dT%H:%M:%SZ},30.00,EUR,81.2.69.{home}\n" for home in (2, 3, 99)]
    Path("orders.csv").write_text("order_id,occurred_at,value,currency,client_ip\n" + "".join(orders))


def commands(page: str) -> list[str]:
    """The commands of the blocks that a shell runs, lines that go on joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    return [each for block in blocks for each in block.replace("\\\n", " ").splitlines() if each.strip()]


def edit(command: str) -> None:
    """An edit of a file, as the page does it with sed."""
    match = re.fullmatch(r"sed -i 's/(.*)/(.*)/' (\S+)", command)
    assert match is not None, command
    file = Path(match[3])
    before = file.read_text("utf-8")
    assert re.search(match[1], before, flags=re.MULTILINE), "the page edits a line that there is"
    file.write_text(re.sub(match[1], match[2].replace("&", r"\g<0>"), before, flags=re.MULTILINE), "utf-8")


def report_text() -> str:
    (file,) = Path("my-network/reports").glob("*/report.txt")
    return file.read_text("utf-8")


def test_every_command_of_the_page_runs_and_the_report_has_the_right_numbers(
    run: Run, site: Site, warehouse: Warehouse
) -> None:
    lay_logs()
    todo = commands(PAGE.read_text("utf-8"))
    assert len(todo) >= 12
    reports = []
    for command in todo:
        if command.startswith("sed "):
            edit(command)
            continue
        program, *words = shlex.split(command.replace(FEED, f"{site.address}/tides.xml"))
        assert program == "earshot"
        result = run(words)
        # `plan` ends with 2 where something would change, as the page says.
        assert result.exit_code == (2 if "plan" in words else 0), f"{command}\n{result.output}"
        if "--dry-run" in words:
            assert "15 requests would be stored" in result.output
            assert not Path("my-network").exists()
            assert warehouse.tenants().is_empty()
        elif words[0] == "init":
            reports.append(report_text())
    first, priced, sold = reports
    assert f"Ads delivered: {HOMES * DAYS}\n" in first
    assert f"reached {HOMES} households" in first
    assert "The spend is not known" in first
    assert "€500.00" in priced
    assert "2 attributed conversions" in sold
    assert "€60.00" in sold
    (folder,) = (each for each in Path("my-network/reports").iterdir() if each.is_dir())
    assert {"report.html", "report.txt", "report.draft.pdf", "report.draft.zip"} <= {
        each.name for each in folder.iterdir()
    }

    # Once more, nothing changes, and nothing has left.
    before = standing(warehouse)
    again = ["init", "--tenant", "my-network", "--feed", f"{site.address}/tides.xml", "--log", "access.log.gz"]
    result = run(again)
    assert result.exit_code == 0, result.output
    assert report_text() == sold
    assert standing(warehouse) == before
    assert before[-1] == 0

    # An episode that comes into the feed later has the requests that were there before it, and a row that the platform
    # brings of an older moment is counted.
    lay_feed(site, 1, 2, 3)
    insert_elsewhere(warehouse)
    result = run(again)
    assert result.exit_code == 0, result.output
    with warehouse.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM downloads").fetchone() == (HOMES * DAYS + 2,)


def insert_elsewhere(warehouse: Warehouse) -> None:
    """A request of another home, as a platform inserts what it had received before the day was computed."""
    with warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO listener_events (tenant_id, event_id, occurred_at, received_at, source, event_type,"
            " podcast_id, episode_id, asset_id, client_ip, user_agent, http_method, http_status, bytes_sent)"
            " SELECT tenant_id, gen_random_uuid(), occurred_at, occurred_at, source, event_type,"
            " podcast_id, episode_id, asset_id, '81.2.69.77', user_agent, http_method, http_status, bytes_sent"
            " FROM listener_events WHERE asset_id IS NOT NULL AND http_status = 200 AND bytes_sent > 1000"
            " ORDER BY occurred_at LIMIT 1"
        )


def standing(warehouse: Warehouse) -> tuple[object, ...]:
    """What a repeated command must leave as it is; last how many mails there are."""
    with warehouse.transaction() as connection:
        (found,) = connection.execute(
            "SELECT (SELECT count(*) FROM imports), (SELECT count(*) FROM config_changes),"
            " (SELECT max(finished_at) FROM rollup_ledger), (SELECT max(as_of) FROM reports),"
            " (SELECT count(*) FROM listener_events), (SELECT count(*) FROM report_deliveries)"
        )
    return found


def test_a_failure_names_the_step_and_the_command_that_goes_on_from_there(run: Run, site: Site) -> None:
    lay_logs()
    given = ["--tenant", "north", "--log", "access.log.gz", "--recipient", "you@network.example"]
    result = run(["init", *given, "--feed", f"{site.address}/gone.xml"])
    message = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "no feed at" in message
    assert "It stopped at step 3 of 6 (the feed); the steps before it are done and stay" in message
    assert message.endswith(
        f"this goes on: earshot init --tenant north --feed {site.address}/gone.xml --log access.log.gz "
        "--recipient you@network.example"
    )
    # The tenant is there: what is said of it again stands in its file, and is named.
    result = run(["init", *given, "--currency", "EUR", "--feed", f"{site.address}/gone.xml"])
    assert "network.yaml is there already, so --currency changes nothing: edit the file" in " ".join(
        result.output.split()
    )


def test_a_file_that_cannot_be_measured_is_told_and_measured_once_it_can_be(run: Run, site: Site) -> None:
    lay_logs()
    site.put("/tides/2.mp3", status=503)
    url = f"{site.address}/tides.xml"
    given = ["--tenant", "north", "--feed", url, "--log", "access.log.gz", "--recipient", "a@b.example"]
    message = " ".join(run(["init", *given]).output.split())
    assert "no ad counts in 1 episode(s), whose file is not measured" in message
    file = Path("north/catalogue/first-campaign.yaml")
    assert file.read_text("utf-8").count("start: 0") == 1

    site.put("/tides/2.mp3", SOUND)
    file.unlink()
    result = run(["init", *given])

    assert result.exit_code == 0
    assert "1 file(s) measured" in result.output
    assert file.read_text("utf-8").count("start: 0") == 2


def test_a_log_of_other_files_stops_it_and_says_how_its_import_is_taken_back(run: Run, site: Site) -> None:
    Path("other.log").write_text("".join(line(LAST, home, "/other/show.mp3") for home in range(1, 4)))
    url = f"{site.address}/tides.xml"
    result = run(["init", "--tenant", "north", "--feed", url, "--log", "other.log", "--recipient", "a@b.example"])
    assert result.exit_code == 1
    assert "not one request of the log is for a file of the feed; one is for /other/show.mp3" in result.output
    assert "earshot imports undo" in result.output


def test_a_campaign_of_other_days_than_the_log_is_named_before_anything_is_computed(run: Run, site: Site) -> None:
    lay_logs()
    given = ["--tenant", "north", "--feed", f"{site.address}/tides.xml", "--log", "access.log.gz"]
    result = run(["init", *given, "--recipient", "a@b.example", "--ends", "2020-01-31"])
    assert result.exit_code == 1
    assert "the campaign is to run from" in result.output
    assert f"and the log is of {LAST - timedelta(days=DAYS - 1)} to {LAST}" in result.output
    assert not Path("north/catalogue/first-campaign.yaml").exists()
