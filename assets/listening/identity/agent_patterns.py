"""Patterns: which regular expressions of a rule file can be used.

Rules look around (`(?!...)`), so no engine takes them that is linear by construction; Python's tries one way after
another. A pattern whose repetitions can share one text in many ways makes it try them all: years, for an agent of 40
characters.

Here: how many ways there are, from a pattern's form alone, and refusing those with too many before anything is matched.
Not here: what patterns are about (agent_rules.py).
"""

from __future__ import annotations

import re
import re._constants as code  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Sequence
from functools import lru_cache
from math import log
from typing import Any, Final

# The longest pattern of the OPAWG set has 900 characters.
LONGEST_PATTERN = 10_000

# Ways to match are counted as powers of the length of the text. Texts are cut at 1,024 characters, where the third
# power is two seconds for the worst text that there is, and the fourth is minutes. Everyday agents take microseconds.
TEXT_LENGTH = 1024
MOST_POWER = 3.0

_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
_CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d",
    code.CATEGORY_NOT_DIGIT: r"\D",
    code.CATEGORY_SPACE: r"\s",
    code.CATEGORY_NOT_SPACE: r"\S",
    code.CATEGORY_WORD: r"\w",
    code.CATEGORY_NOT_WORD: r"\W",
}
# A sample of all characters, by which two sets are tested for a common one; those that a pattern names are added.
_SAMPLES = frozenset(chr(number).lower() for number in range(256)) | frozenset("\u0436\u4e2d\u0660\u2028\U0001f600")

Node = tuple[Any, Any]
Chars = frozenset[str]


class _UnusablePatternError(Exception):
    """What is wrong with a pattern."""


@lru_cache(maxsize=10_000)
def compile_pattern(text: str) -> re.Pattern[str]:
    """The pattern. Raises ValueError, with the reason, for one that cannot be used."""
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"it is longer than {LONGEST_PATTERN:,} characters")
    try:
        found = re.compile(text)
        power = _Form(text).power()
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no regular expression ({error})") from error
    except _UnusablePatternError as unusable:
        raise ValueError(str(unusable)) from None
    if power > MOST_POWER:
        raise ValueError("its repetitions in a row can share a text in too many ways, so matching could take minutes")
    return found


class _Form:
    """A parsed pattern. Characters are compared in lower case, because a pattern may be case-insensitive."""

    def __init__(self, text: str) -> None:
        self._tree: Sequence[Node] = list(parser.parse(text))
        self._all: Final[Chars] = _SAMPLES | frozenset(text.lower())
        # What may follow a part, where the pattern may simply end there: then no other way is ever tried.
        self._end: Final[Chars] = frozenset()

    def power(self) -> float:
        """The power of the text's length that bounds the ways to match it at all of its places."""
        (op, value), *rest = self._tree or [(code.ANY, None)]
        alternatives = value[1] if op is code.BRANCH and not rest else [self._tree]
        return max(self._power(each, self._end) + (0 if _is_anchored(each) else 1) for each in alternatives)

    def _power(self, nodes: Sequence[Node], follow: Chars) -> float:
        total = 0.0
        for place, (op, value) in enumerate(nodes):
            first, may_end = self._first(nodes[place + 1 :])
            total += self._power_of(op, value, first | follow if may_end else first)
        return total

    def _power_of(self, op: Any, value: Any, follow: Chars) -> float:
        if op in _REPEATS:
            return self._power_of_repeat(value, follow)
        if op is code.SUBPATTERN:
            return self._power(value[-1], follow)
        if op is code.ATOMIC_GROUP:
            return self._power(value, follow)
        if op in (code.ASSERT, code.ASSERT_NOT):
            return self._power(value[1], self._end)
        if op is code.BRANCH:
            doubt = _share(2) if self._overlap(value[1]) else 0.0
            return doubt + max(self._power(each, follow) for each in value[1])
        if op in (code.GROUPREF, code.GROUPREF_EXISTS, code.GROUPREF_IGNORE):
            raise _UnusablePatternError("it refers back to what it matched before, which can take any time")
        return 0.0

    def _power_of_repeat(self, repeat: tuple[int, int, Sequence[Node]], follow: Chars) -> float:
        least, most, body = repeat
        first, may_be_empty = self._first(body)
        if most > 1:
            if may_be_empty or self._power(body, first | follow) > 0:
                raise _UnusablePatternError(
                    "it repeats something that can itself match one text in several ways, such as (a+)+"
                )
            inner = 0.0
        else:
            inner = self._power(body, follow)
        choices = 1 + min(int(most), TEXT_LENGTH) - min(int(least), TEXT_LENGTH)
        is_doubtful = choices > 1 and bool(follow & (self._consumed(body) if most > 1 else first))
        return inner + (_share(choices) if is_doubtful else 0.0)

    def _overlap(self, alternatives: Sequence[Sequence[Node]]) -> bool:
        """Whether two of the alternatives can match at one place."""
        begun: list[tuple[Chars, bool, str]] = [(*self._first(each), _literal_start(each)) for each in alternatives]
        return any(
            empty or other_empty or (first & other_first and _agree(start, other_start))
            for place, (first, empty, start) in enumerate(begun)
            for other_first, other_empty, other_start in begun[:place]
        )

    def _first(self, nodes: Sequence[Node]) -> tuple[Chars, bool]:
        """What a text for these parts can begin with, and whether it can be empty.

        A condition without characters, such as `$`, may fail after anything: it counts as every character.
        """
        found: Chars = frozenset()
        for op, value in nodes:
            first, may_be_empty = self._first_of(op, value)
            found |= first
            if not may_be_empty:
                return found, False
        return found, True

    def _first_of(self, op: Any, value: Any) -> tuple[Chars, bool]:
        if op in _REPEATS:
            first, may_be_empty = self._first(value[2])
            return first, may_be_empty or value[0] == 0
        if op is code.SUBPATTERN:
            return self._first(value[-1])
        if op is code.ATOMIC_GROUP:
            return self._first(value)
        if op is code.BRANCH:
            each = [self._first(alternative) for alternative in value[1]]
            return frozenset().union(*(first for first, _ in each)), any(empty for _, empty in each)
        return self._single(op, value), False

    def _consumed(self, nodes: Sequence[Node]) -> Chars:
        """Every character that a text for these parts can hold."""
        found: Chars = frozenset()
        for op, value in nodes:
            if op in _REPEATS:
                found |= self._consumed(value[2])
            elif op is code.SUBPATTERN:
                found |= self._consumed(value[-1])
            elif op is code.ATOMIC_GROUP:
                found |= self._consumed(value)
            elif op is code.BRANCH:
                found = found.union(*(self._consumed(each) for each in value[1]))
            else:
                found |= self._single(op, value)
        return found

    def _single(self, op: Any, value: Any) -> Chars:
        if op is code.LITERAL:
            return frozenset(chr(value).lower())
        if op is code.NOT_LITERAL:
            return self._all - frozenset(chr(value))
        if op is code.IN:
            return self._one_of(value)
        return self._all

    def _one_of(self, items: Sequence[Node]) -> Chars:
        found: set[str] = set()
        for op, value in items:
            if op is code.LITERAL:
                found.add(chr(value).lower())
            elif op is code.RANGE:
                low, high = value
                found.update(each for each in self._all if _in_range(each, low, high))
            elif op is code.CATEGORY:
                found.update(each for each in self._all if _category(value).match(each))
        return self._all - found if items and items[0][0] is code.NEGATE else frozenset(found)


@lru_cache(maxsize=8)
def _category(name: Any) -> re.Pattern[str]:
    return re.compile(_CATEGORIES[name])


def _in_range(character: str, low: int, high: int) -> bool:
    return any(low <= ord(each) <= high for each in {character, *character.upper()})


def _share(choices: int) -> float:
    """So many choices as a power of the text's length."""
    return log(min(choices, TEXT_LENGTH)) / log(TEXT_LENGTH)


def _literal_start(nodes: Sequence[Node]) -> str:
    """The characters that these parts must begin with, in lower case."""
    found = ""
    for op, value in nodes:
        if op is not code.LITERAL:
            break
        found += chr(value).lower()
    return found


def _agree(start: str, other: str) -> bool:
    length = min(len(start), len(other))
    return start[:length] == other[:length]


def _is_anchored(nodes: Sequence[Node]) -> bool:
    return bool(nodes) and nodes[0] in ((code.AT, code.AT_BEGINNING), (code.AT, code.AT_BEGINNING_STRING))
