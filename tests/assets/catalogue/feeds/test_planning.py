"""What is written so that the catalogue is in step with a feed: episodes, files, and what the feed has no more."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.catalogue.feeds.reading import FeedFile
from assets.catalogue.feeds.state import MediaFile, ShowState
from tests.assets.catalogue.feeds.building import feed, item, lived


def test_a_new_feed_brings_its_episodes_and_files() -> None:
    known, plan = lived(feed(item(2), item(1)))
    assert [each.title for each in plan.added] == ["Episode 2", "Episode 1"]
    assert [each.path for each in plan.new_files] == ["/show/2.mp3", "/show/1.mp3"]
    assert set(plan.items) == {"guid-1", "guid-2"}
    assert len(known.files) == 2


def test_the_same_feed_again_brings_nothing() -> None:
    _, plan = lived(feed(item(2), item(1)), feed(item(2), item(1)))
    nothing = (plan.added, plan.changed, plan.new_files, plan.replaced, plan.restored, dict(plan.left))
    assert nothing == ((), (), (), (), (), {})


def test_a_title_that_changes_is_changed_in_place() -> None:
    known, plan = lived(feed(item(1)), feed(item(1, title="Better")))
    assert [each.title for each in plan.changed] == ["Better"]
    assert len(known.episodes) == 1


def test_another_enclosure_is_another_file_and_the_one_before_stays() -> None:
    known, plan = lived(feed(item(1)), feed(item(1, url="https://media.example.com/show/1-fixed.mp3")))
    assert [each.path for each in plan.new_files] == ["/show/1-fixed.mp3"]
    assert plan.replaced == (known.files[0].asset_id,)
    assert len(known.files) == 2
    assert len(known.episodes) == 1


def test_an_enclosure_that_comes_back_is_the_file_that_it_was() -> None:
    other = "https://media.example.com/show/1-fixed.mp3"
    known, plan = lived(feed(item(1)), feed(item(1, url=other)), feed(item(1)))
    assert plan.new_files == ()
    assert plan.restored == (known.files[0].asset_id,)
    assert plan.replaced == (known.files[1].asset_id,)


def test_a_prefix_service_or_a_query_that_comes_or_goes_changes_no_file() -> None:
    prefixed = "https://op3.dev/e/chrt.fm/track/AB/media.example.com/show/1.mp3?source=feed"
    _, plan = lived(feed(item(1)), feed(item(1, url=prefixed)))
    assert (plan.new_files, plan.replaced) == ((), ())
    assert [each.url for each in plan.followed] == ["https://media.example.com/show/1.mp3?source=feed"]


def test_what_the_feed_has_no_more_is_marked_and_nothing_goes() -> None:
    known, plan = lived(feed(item(3), item(2), item(1)), feed(item(3), item(1)))
    assert plan.left == {"guid-2": "removed"}
    assert len(known.episodes) == len(known.files) == 3
    assert plan.replaced == ()


def test_a_feed_that_keeps_only_the_newest_has_taken_nothing_out() -> None:
    _, plan = lived(feed(item(3), item(2), item(1)), feed(item(4), item(3), item(2)))
    assert plan.left == {"guid-1": "beyond_end"}


def test_what_comes_back_is_the_episode_that_it_was() -> None:
    known, plan = lived(feed(item(2), item(1)), feed(item(2)), feed(item(2), item(1)))
    assert (plan.added, plan.new_files) == ((), ())
    assert known.left == frozenset()


def test_an_item_that_loses_its_file_has_not_left() -> None:
    _, plan = lived(feed(item(2), item(1)), feed(item(2), item(1, files=())))
    assert dict(plan.left) == {}


def test_one_path_that_is_handed_from_episode_to_episode_belongs_to_the_newest() -> None:
    latest = "https://media.example.com/news/latest.mp3"
    known, plan = lived(feed(item(1, url=f"{latest}?updated=1")), feed(item(2, url=f"{latest}?updated=2")))
    assert len(known.episodes) == 2
    assert plan.replaced == (known.files[0].asset_id,)
    assert [each.path for each in plan.new_files] == ["/news/latest.mp3"]
    assert plan.new_files[0].episode_id == plan.added[0].episode_id


def test_a_file_of_another_show_stays_that_shows() -> None:
    there = MediaFile(UUID(int=900), UUID(int=901), "/show/1.mp3")
    _, plan = lived(feed(item(1)), known=ShowState(files=(there,)))
    assert plan.new_files == ()
    assert len(plan.added) == 1
    assert any("those of other episodes already" in note for note in plan.notes)


def test_files_that_a_platform_has_entered_are_followed_and_not_doubled() -> None:
    before, _ = lived(feed(item(1)))
    entered = replace(before, guids={}, files=tuple(replace(each, is_followed=False) for each in before.files))
    _, plan = lived(feed(item(1)), known=entered)
    assert (plan.added, plan.new_files) == ((), ())
    assert [each.asset_id for each in plan.followed] == [before.files[0].asset_id]


def test_files_that_differ_in_their_query_alone_are_kept_apart() -> None:
    one, two = (f"https://media.example.com/download.php?file={number}" for number in (1, 2))
    _, plan = lived(feed(item(1, url=one), item(2, url=two)))
    assert [each.path for each in plan.new_files] == ["/download.php", "/download.php?file=2"]
    _, plan = lived(feed(item(1, url=one), item(2, url=two)), feed(item(1, url=one), item(2, url=two)))
    assert (plan.new_files, plan.replaced) == ((), ())


def test_every_form_of_an_episode_is_a_file_of_it() -> None:
    both = (FeedFile("https://media.example.com/1.mp3"), FeedFile("https://media.example.com/1.opus"))
    known, plan = lived(feed(item(1, files=both)))
    assert len(plan.new_files) == 2
    assert {each.episode_id for each in known.files} == {plan.added[0].episode_id}


def test_a_host_that_may_be_an_unlisted_service_is_named() -> None:
    _, plan = lived(feed(item(1, url="https://new.example/e/media.example.com/1.mp3")))
    assert any("new.example" in note for note in plan.notes)


ITEMS = st.lists(
    st.builds(
        item,
        st.integers(1, 5),
        guid=st.sampled_from(["", None, "same", "guid-1"]),
        url=st.sampled_from(["", *(f"https://media.example.com/{name}.mp3" for name in "abc")]),
    ),
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=4))
def test_whatever_a_feed_does_nothing_goes_and_the_same_feed_again_is_quiet(histories: list[list[object]]) -> None:
    feeds = [feed(*items) for items in histories]  # type: ignore[arg-type]
    before, _ = lived(*feeds[:-1])
    known, _ = lived(*feeds)
    assert {each.episode_id for each in before.episodes} <= {each.episode_id for each in known.episodes}
    assert {each.asset_id for each in before.files} <= {each.asset_id for each in known.files}
    guids = [each.guid for each in known.episodes]
    assert len(guids) == len(set(guids))
    current = [each.path for each in known.files if each.is_current]
    assert len(current) == len(set(current))
    _, again = lived(*feeds, feeds[-1])
    assert (again.added, again.new_files, dict(again.left)) == ((), (), {})


@pytest.mark.parametrize("url", ["https://media.example.com", "https://media.example.com/"])
def test_a_file_without_a_path_is_said(url: str) -> None:
    _, plan = lived(feed(item(1, url=url)))
    assert plan.new_files == ()
    assert any("without a path" in note for note in plan.notes)
