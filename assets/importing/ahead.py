"""Ahead: the next items are made in a thread of their own while the last one is used.

Here: one generator around another. What is made lets others work (the database, the network, compiled code), so reading
and storing a log take as long as the slower of both, not their sum.
Not here: what the items are.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def ahead(items: Iterable[T], depth: int = 1) -> Iterator[T]:
    """The same items in the same order, up to depth of them made before they are wanted.

    What making one raises is raised here, after the items before it. Where nobody wants more, no more are made.
    """
    made: queue.Queue[_Item[T] | _End] = queue.Queue(depth)
    stop = threading.Event()
    maker = threading.Thread(target=_make, args=(items, made, stop), daemon=True, name="ahead")
    maker.start()
    try:
        while isinstance(found := made.get(), _Item):
            yield found.value
        if found.error is not None:
            raise found.error
    finally:
        stop.set()
        while maker.is_alive():
            _empty(made)
            maker.join(0.05)


def _make(items: Iterable[T], made: queue.Queue[_Item[T] | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            made.put(_Item(item))
            if stop.is_set():
                break
    except BaseException as problem:
        error = problem
    finally:
        if isinstance(items, Generator):
            items.close()
    made.put(_End(error))


def _empty(made: queue.Queue[_Item[T] | _End]) -> None:
    while not made.empty():
        made.get()
