"""Which episode an item is: by its guid, by its file, by its title and date."""

from __future__ import annotations

from uuid import UUID

from assets.catalogue.feeds.matching import match_items
from assets.catalogue.feeds.reading import FeedItem
from assets.catalogue.feeds.state import ShowState
from tests.assets.catalogue.feeds.building import NOW, feed, item, lived, numbered_ids


def episodes_of(known: ShowState, *items: FeedItem) -> list[UUID | None]:
    """The episode of each item that the catalogue had; None: a new one."""
    matched, _ = match_items(items, known, NOW, numbered_ids())
    return [each.before.episode_id if each.before else None for each in matched]


def test_a_guid_that_changes_leaves_the_episode_what_it_was() -> None:
    known, plan = lived(feed(item(1)), feed(item(1, guid="new")))
    assert (plan.added, plan.new_files, dict(plan.left)) == ((), (), {})
    assert [each.guid for each in known.episodes] == ["new"]
    assert set(known.guids) == {"guid-1", "new"}


def test_guid_and_file_that_change_together_leave_it_too_where_title_and_date_stay() -> None:
    known, plan = lived(feed(item(1)), feed(item(1, guid="new", url="https://other.example.com/a.mp3")))
    assert len(known.episodes) == 1
    assert len(plan.replaced) == 1


def test_another_title_and_date_under_another_guid_is_another_episode() -> None:
    known, _ = lived(feed(item(1)))
    assert episodes_of(known, item(2, url="https://media.example.com/show/1.mp3")) == [None]


def test_a_guid_that_was_given_up_leads_to_its_episode_until_that_has_left_it() -> None:
    known, _ = lived(feed(item(1)), feed(item(1, guid="new")))
    assert episodes_of(known, item(1)) == [known.episodes[0].episode_id]
    assert episodes_of(known, item(2, guid="guid-1"), item(1, guid="new")) == [None, known.episodes[0].episode_id]


def test_items_that_share_a_guid_are_told_apart_by_their_files() -> None:
    known, plan = lived(feed(item(1, guid="same"), item(2, guid="same")))
    assert len(plan.added) == 2
    assert any("guid(s) on several episodes" in note for note in plan.notes)
    # A third above them changes nothing for the others.
    known, plan = lived(feed(item(3, guid="same"), item(1, guid="same"), item(2, guid="same")), known=known)
    assert [each.title for each in plan.added] == ["Episode 3"]


def test_an_item_that_stands_twice_is_one() -> None:
    _, plan = lived(feed(item(1), item(1)))
    assert len(plan.added) == 1
    assert any("item(s) twice" in note for note in plan.notes)


def test_an_item_without_a_guid_is_known_by_its_file() -> None:
    known, _ = lived(feed(item(1, guid=None)))
    prefixed = item(1, guid=None, url="https://op3.dev/e/media.example.com/show/1.mp3", title="Better")
    assert episodes_of(known, prefixed) == [known.episodes[0].episode_id]


def test_an_item_without_date_and_title_has_some() -> None:
    _, plan = lived(feed(item(1, title=None, published_at=None)))
    assert [(each.title, each.published_at) for each in plan.added] == [("Episode of 2026-05-01", NOW)]


def test_what_an_item_does_not_say_any_more_stays() -> None:
    known, plan = lived(feed(item(1, number=7, duration_s=60.0)), feed(item(1, title=None, published_at=None)))
    assert plan.changed == ()
    assert (known.episodes[0].number, known.episodes[0].duration_s) == (7, 60.0)
