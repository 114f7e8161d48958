"""Names become ids, prices minor units and gaps defaults; what cannot is refused with its line."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from assets.catalogue.resolving import overlapping_spans
from assets.catalogue.state import build_state
from tests.assets.catalogue.building import CAMPAIGN, EPISODE, NOON, PLACEMENT, SPONSOR, resolved

NEW = "placements:\n  - {id: new, order: IO-1, show: tides, name: New, kind: dynamic, position: mid,"
FLIGHT = " flight_start: 2026-03-01, flight_end: 2026-03-31"


def test_a_new_placement_takes_its_campaign_from_its_order_and_its_price_in_that_currency() -> None:
    (wanted,), problems = resolved(f"{NEW}{FLIGHT}, price: 12.5}}")
    assert problems == []
    assert (wanted.values["campaign_id"], wanted.values["cost_minor"]) == (CAMPAIGN, 1250)


def test_an_id_is_the_same_every_time() -> None:
    first, second = (resolved("sponsors: [{id: other, name: Other}]")[0][0].row_id for _ in range(2))
    assert first == second


def test_entries_refer_to_each_other_whatever_their_order() -> None:
    text = (
        "campaigns: [{id: c, sponsor: s, name: C, starts_on: 2026-03-01, ends_on: 2026-03-02}]\n"
        "sponsors: [{id: s, name: S}]"
    )
    wanted, problems = resolved(text)
    assert problems == []
    assert wanted[1].values["sponsor_id"] == wanted[0].row_id


def test_an_episode_is_named_by_its_guid_too_and_airs_when_it_was_released() -> None:
    (wanted,), problems = resolved("airings: [{placement: spring-host-read, episode: g-1}]")
    assert problems == []
    assert wanted.values == {"placement_id": PLACEMENT, "episode_id": EPISODE, "aired_at": NOON}


def test_a_code_is_spelt_as_it_is_compared_and_is_the_sponsors_of_its_placement() -> None:
    (wanted,), problems = resolved('codes: [{code: "\\uff33ave\\u200b10 ", placement: spring-host-read}]')
    assert problems == []
    assert wanted.key == (SPONSOR, "save10", None)


def test_times_of_an_ad_become_bytes_of_its_file() -> None:
    (wanted,), problems = resolved("spans: [{file: /1.mp3, placement: spring-host-read, start: 0, end: 1:00}]")
    assert problems == []
    assert (wanted.values["first_byte"], wanted.values["last_byte"]) == (1000, 60_999)
    assert (wanted.values["position"], wanted.values["insertion"]) == ("pre", "baked_in")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f"{NEW}{FLIGHT},\n     price: 12.505}}", 3, "2 digits"),
        (f"{NEW} flight_start: 2026-03-01}}", 2, "flight_end"),
        ("campaigns:\n  - id: c\n    sponsor: kettel-co", 3, "did you mean kettle-co"),
        ("sponsors:\n  - {id: a, name: A}\n  - {id: a, name: B}", 3, "twice, first in f.yaml:2"),
        ("spans: [{file: /1.mp3, placement: spring-host-read, start: 0, end: 2:00:00}]", 1, "ends at 7200 s"),
        ("subscriptions:\n  - {id: x, sponsor: kettle-co, cadence: weekly, recipients: [nobody]}", 2, "nobody"),
        ("codes:\n  - {code: new}", 2, "needs its placement"),
        ("campaigns: [{id: spring, currency: JPY}]", 1, "enter a new campaign"),
        ("tenants: [{id: harbor, subject_template: '{nothing}'}]", 1, "nothing"),
    ],
)
def test_what_cannot_become_a_row_is_named_with_its_line(text: str, line: int, message: str) -> None:
    _, problems = resolved(text)
    assert [each.place.line for each in problems] == [line], problems
    assert message in problems[0].message


def test_spans_over_each_other_are_a_mistake() -> None:
    text = (
        "spans:\n  - {file: /1.mp3, placement: spring-host-read, first_byte: 1000, last_byte: 2000}\n"
        "  - {file: /1.mp3, first_byte: 2000, last_byte: 3000, position: mid, insertion: dynamic}"
    )
    wanted, _ = resolved(text)
    (problem,) = overlapping_spans(wanted)
    assert problem.place.line == 3


def test_the_example_of_the_docs_makes_a_network_of_nothing() -> None:
    page = (Path(__file__).parents[3] / "docs" / "catalogue-files.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    wanted, problems = resolved(example[1], build_state(UUID(int=3), "harbor-lane", {}, []))
    assert problems == []
    assert len({each.kind for each in wanted}) == 13
