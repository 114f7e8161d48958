"""What an app requests in one session, and what each request was meant to be: whole files, ranges, pieces, hang-ups.

Here: the shapes of listening with their outcome known by construction: each shape is built around the definition of a
minute, far from its edge or exactly on it, and says itself which of its requests counts.
Not here: requests that never reach a listener (noise.py); rules of the product, which are never called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.demo.events.schedule import Sessions
from pipelines.demo.world.calendar import MINUTE, SECOND
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Bools, Floats, Ints, joined

DISPOSITIONS = (
    "not_a_request", "malformed", "method_not_get", "not_modified", "status_not_ok", "range_probe", "no_user_agent",
    "watch_duplicate", "bot_agent", "datacenter_ip", "suspect_ip", "bad_referrer", "pre_release", "unknown_asset",
    "below_threshold", "counted", "contributed", "duplicate",
)  # fmt: skip
NUMBER = {name: number for number, name in enumerate(DISPOSITIONS)}
PROBE, BELOW, COUNTED, CONTRIBUTED, DUPLICATE = (
    NUMBER[name] for name in ("range_probe", "below_threshold", "counted", "contributed", "duplicate")
)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests, one entry each; UNKNOWN (-1) stands for a value that was not logged. session: index of its session."""

    session: Ints
    at: Ints
    status: Ints
    first: Ints
    last: Ints
    sent: Ints
    outcome: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Groups:
    """What a session amounts to: whether it counts, its first request that is no probe, and the bytes it received."""

    session: Ints
    at: Ints
    counted: Bools
    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class File:
    """Per session: the file's size, header, need of one minute, and fractions of luck."""

    at: Ints
    size: Ints
    header: Ints
    need: Ints
    luck: Floats
    unlogged: Floats

    def content(self, tenths: int) -> Ints:
        """The byte after the given tenths of a minute's content."""
        return self.header + self.need * tenths // 10


# One request of a shape: delay after the start, status, range, bytes sent, outcome.
Piece = tuple[Ints | int, int, Ints | int, Ints | int, Ints | int, int]
Shape = Callable[[File], tuple[list[Piece], Ints | int]]


def whole(file: File) -> tuple[list[Piece], Ints | int]:
    """The whole file, status 200; some servers count their headers as sent."""
    sent = file.size + np.where(file.unlogged < 0.2, 412, 0)
    return [(0, 200, UNKNOWN, UNKNOWN, sent, COUNTED)], file.size - 1


def ranged(file: File) -> tuple[list[Piece], Ints | int]:
    """The whole file as one range; sometimes without a logged end, sometimes without logged bytes."""
    end = np.where(file.unlogged < 0.15, UNKNOWN, file.size - 1)
    sent = np.where(file.unlogged > 0.9, UNKNOWN, file.size)
    return [(0, 206, 0, end, sent, COUNTED)], file.size - 1


def streamed(file: File) -> tuple[list[Piece], Ints | int]:
    """A probe, then pieces that reach the minute with the second one; some listeners stop early in the file."""
    one, two = file.content(6), file.content(12)
    end = _end_of(file, two)
    return [
        (0, 206, 0, 1, 2, PROBE),
        (SECOND // 4, 206, 0, one - 1, one, COUNTED),
        (20 * SECOND, 206, one, two - 1, two - one, CONTRIBUTED),
        (45 * SECOND, 206, two, end, end + 1 - two, DUPLICATE),
    ], end


def buffered(file: File) -> tuple[list[Piece], Ints | int]:
    """Larger pieces: the first one holds the minute."""
    one = file.content(15)
    end = _end_of(file, one)
    middle = (one + end) // 2
    return [
        (0, 206, 0, one - 1, one, COUNTED),
        (50 * SECOND, 206, one, middle, middle + 1 - one, DUPLICATE),
        (150 * SECOND, 206, middle + 1, end, end - middle, DUPLICATE),
    ], end


def resumed(file: File) -> tuple[list[Piece], Ints | int]:
    """A download that breaks off before the minute, though all was requested, and goes on about an hour later."""
    cut = file.content(6)
    later = (40 + 70 * file.luck).astype(np.int64) * MINUTE
    return [(0, 206, 0, file.size - 1, cut, COUNTED), (later, 206, cut, file.size - 1, file.size - cut, CONTRIBUTED)], (
        file.size - 1
    )


def rewound(file: File) -> tuple[list[Piece], Ints | int]:
    """The same beginning twice, which adds nothing, and then the rest."""
    cut = file.content(6)
    return [
        (0, 206, 0, cut - 1, cut, COUNTED),
        (30 * SECOND, 206, 0, cut - 1, cut, DUPLICATE),
        (90 * SECOND, 206, cut, file.size - 1, file.size - cut, CONTRIBUTED),
    ], file.size - 1


def repeated(file: File) -> tuple[list[Piece], Ints | int]:
    """The whole file twice within an hour."""
    later = (1 + 50 * file.luck).astype(np.int64) * MINUTE
    piece = (200, UNKNOWN, UNKNOWN, file.size)
    return [(0, *piece, COUNTED), (later, *piece, DUPLICATE)], file.size - 1


def exact(file: File) -> tuple[list[Piece], Ints | int]:
    """One minute to the byte."""
    end = file.header + file.need
    return [(0, 206, 0, end - 1, end, COUNTED)], end - 1


def hung_up(file: File) -> tuple[list[Piece], Ints | int]:
    """A client that leaves before the minute, now and then by one byte."""
    short = np.where(file.luck < 0.06, file.need - 1, (file.need * 0.92 * file.luck).astype(np.int64))
    sent = np.maximum(file.header + short, 1)
    return [(0, 200, UNKNOWN, UNKNOWN, sent, BELOW)], sent - 1


def hung_up_twice(file: File) -> tuple[list[Piece], Ints | int]:
    """Twice the beginning: the pieces overlap, so that together they still do not reach the minute."""
    one, two = file.content(4), file.content(8)
    return [(0, 206, 0, one - 1, one, BELOW), (5 * MINUTE, 206, 0, two - 1, two, BELOW)], two - 1


def redirected(file: File) -> tuple[list[Piece], Ints | int]:
    """A prefix service sends the app on to the file and sees no bytes."""
    return [(0, 302, UNKNOWN, UNKNOWN, UNKNOWN, COUNTED)], file.size - 1


def redirected_twice(file: File) -> tuple[list[Piece], Ints | int]:
    """The pieces of a fetch that a prefix redirects twice, three minutes apart, and the last byte."""
    return [
        (0, 302, UNKNOWN, UNKNOWN, UNKNOWN, COUNTED),
        (3 * MINUTE, 302, UNKNOWN, UNKNOWN, UNKNOWN, DUPLICATE),
    ], file.size - 1


SHAPES: tuple[Shape, ...] = (
    whole, ranged, streamed, buffered, resumed, rewound, repeated, exact, hung_up, hung_up_twice,
    redirected, redirected_twice,
)  # fmt: skip
WHOLE, REDIRECTED = SHAPES.index(whole), SHAPES.index(redirected)
# Upper ends of the shares of the shapes, in the order above; files that cannot be cut have fewer, a prefix has two.
USUAL = np.cumsum([0.36, 0.2, 0.12, 0.1, 0.03, 0.01, 0.05, 0.01, 0.1, 0.02])
UNCUT = np.cumsum([0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.08, 0.0, 0.12])
PREFIX = 0.93

# The longest shape, with room: sessions closer to midnight request the whole file at once.
LONGEST = 115 * MINUTE


def _end_of(file: File, least: Ints) -> Ints:
    """The last byte of a session: three in ten stop somewhere between 30 and 80 % of the rest."""
    rest = file.size - 1 - least
    share = np.where(file.luck < 0.3, 0.3 + file.luck * 5 / 3, 1.0)
    return least + (rest * share).astype(np.int64)


def choose_shapes(library: Library, sessions: Sessions, midnight: int, rng: np.random.Generator) -> Ints:
    """The shape of each session, as an index into SHAPES."""
    luck = rng.random(len(sessions))
    usual = np.minimum(np.searchsorted(USUAL, luck, side="right"), len(USUAL) - 1)
    uncut = np.minimum(np.searchsorted(UNCUT, luck, side="right"), len(UNCUT) - 1)
    shape = np.where(library.plain[sessions.asset], usual, uncut)
    prefix = library.prefix_show[library.show_of_episode[sessions.episode]]
    shape = np.where(prefix, np.where(luck < PREFIX, REDIRECTED, REDIRECTED + 1), shape)
    late = sessions.at + LONGEST >= midnight
    return np.where(late, np.where(prefix, REDIRECTED, WHOLE), shape).astype(np.int64)


def perform(library: Library, sessions: Sessions, shapes: Ints, rng: np.random.Generator) -> tuple[Requests, Groups]:
    """The requests of all sessions, and what each session amounts to."""
    luck, unlogged = rng.random(len(sessions)), rng.random(len(sessions))
    empty = np.zeros(0, dtype=np.int64)
    requests = [Requests(*[empty] * 7)]
    groups = [Groups(empty, empty, empty.astype(np.bool_), empty, empty)]
    for number, shape in enumerate(SHAPES):
        chosen = np.nonzero(shapes == number)[0]
        if len(chosen) == 0:
            continue
        asset = sessions.asset[chosen]
        file = File(
            sessions.at[chosen], library.size[asset], library.header[asset], library.need[asset],
            luck[chosen], unlogged[chosen],
        )  # fmt: skip
        pieces, end = shape(file)
        requests += [_request(chosen, file.at, piece) for piece in pieces]
        anchor = next(piece for piece in pieces if piece[-1] != PROBE)
        counted = np.full(len(chosen), anchor[-1] == COUNTED)
        groups.append(Groups(chosen, file.at + anchor[0], counted, np.zeros_like(chosen), np.zeros_like(chosen) + end))
    return joined(requests), joined(groups)


def _request(chosen: Ints, at: Ints, piece: Piece) -> Requests:
    delay, status, first, last, sent, outcome = piece
    zero = np.zeros_like(chosen)
    return Requests(chosen, at + delay, zero + status, zero + first, zero + last, zero + sent, zero + outcome)
