"""Numbers of episodes: the same wherever frames meet."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from assets.listening import count_downloads, index_catalogue, number_episodes, qualify_requests
from assets.listening.downloads.numbering import number_keys

Frames = Callable[..., pl.DataFrame]


def test_the_catalogue_and_the_audiences_give_an_episode_one_number(
    episodes: Frames, media: Frames, methods: Frames
) -> None:
    shows = episodes([{"episode_id": "b", "podcast_id": "x"}, {"episode_id": "a", "podcast_id": "y"}])
    catalogue = index_catalogue(shows, media(), methods())
    columns = ["tenant_id", "episode_id", "episode_no", "podcast_no"]
    assert catalogue.episodes.select(columns).equals(number_episodes(shows.reverse()).select(columns))


def test_a_download_is_counted_for_its_episode_among_other_episodes_too(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames
) -> None:
    catalogue = index_catalogue(episodes(), media(), methods())
    _, candidates = qualify_requests(requests({}), catalogue)
    downloads = count_downloads(candidates, catalogue)
    more = number_episodes(episodes([{"episode_id": "a-pilot"}, {"episode_id": "harbour-12"}]))
    keys = number_keys(downloads, more)
    assert keys["episode_no"].to_list() == more.filter(episode_id="harbour-12")["episode_no"].to_list() == [2]
