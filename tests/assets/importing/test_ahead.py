"""Ahead: the same items in the same order, errors where they were, and no more than is wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from assets.importing.ahead import ahead


@pytest.mark.parametrize("depth", [1, 3])
def test_all_items_come_in_their_order(depth: int) -> None:
    assert list(ahead(range(50), depth)) == list(range(50))


def test_the_next_item_is_made_while_the_last_one_is_used() -> None:
    made = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(3):
            made.release()
            yield number

    first = ahead(items())
    assert next(first) == 0
    # Nobody has asked for the second yet.
    assert all(made.acquire(timeout=10) for _ in range(2))
    assert list(first) == [1, 2]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    got: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        got.extend(ahead(items()))
    assert got == [1]


def test_where_nobody_wants_more_none_are_made_and_the_maker_is_closed() -> None:
    made, closed = [], threading.Event()

    def items() -> Iterator[int]:
        try:
            for number in range(1_000):
                made.append(number)
                yield number
        finally:
            closed.set()

    wanted = ahead(items())
    assert next(wanted) == 0
    wanted.close()  # type: ignore[attr-defined]
    assert closed.wait(10)
    assert len(made) < 10
