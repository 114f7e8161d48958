"""Patterns that a rule file may have, and those that would keep a run busy for ever."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from assets.listening.identity.agent_patterns import LONGEST_PATTERN, compile_pattern
from assets.listening.identity.agent_rules import KINDS, PACKAGED_RULES

SLOW = [
    *(r"(a+)+$", r"(a*)*b", r"(a|aa)+$", r"(a|a?)+$", r"(.*a){20}", r"(a?){40}a{40}", r"(a{1,16}){1,16}b", r"(x+x+)+y"),
    *(r"^(\w+\s?)*$", r"([a-zA-Z]+)*$", r"(.*)*=", r"(.|\s)*x", r"((ab)*)*c", r"(\d+\.?)+x", r"(?:a|ab|b)+$"),
    *(
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(([^,]*),)*(([^,]*))*$",
        r"(?=(a+)+b)a",
        r"(?!(a+)+b)a",
        r"(?<=x)(?:(?:\w\w?)+)$",
    ),
    *(r"(?>(a+)+)b", r"(?:a+)++b", r"(?i)(?:A+a)+$", r"(?:\S+\W*)+$", r"(?P<word>\w+[ -]?)+!", r"(?:/?[\w.-]+)*/?\?"),
    *(r"a*a*a*a*a*b", r"\s+\s+\s+\s+$", r".*.*.*=.*", "a?" * 40 + "a" * 40, r"^.*,.*,.*,.*,x"),
]
FINE = [
    *(
        "",
        "^Foo/",
        r"Foo.*Bar",
        r"\d+(?:\.\d+)*",
        r"([\w-]+\.)*example\.com",
        r"^(?:[^/]*/)*x$",
        r"(ab|cd)+",
        r"(a|[ab])*c",
    ),
    *(
        r"^\W*(https?://|[\w.+-]+@[\w-]+\.)\S*$",
        r"(?i)^(?!.*(iphone|ipad)).*\(\+http",
        r"(iPhone|iPad).*AppleWebKit.*Safari/",
    ),
    *(r"(?:%[0-9A-F]{2})+$", r"Mobile/[0-9A-Z]{6,}", r"a{3}b{2,4}", r"(?:\w+/)?\d+", r"[\u0430-\u044f]+/"),
]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_could_be_tried_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"several ways|too many ways"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", FINE)
def test_an_everyday_pattern_is_taken(pattern: str) -> None:
    assert compile_pattern(pattern) == re.compile(pattern)


@pytest.mark.parametrize("pattern", [r"(\w+) \1", r"(?P<a>x)(?P=a)", r"(a)?(?(1)b|c)"])
def test_a_pattern_that_refers_back_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="refers back"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a{2,1}", "(" * 5000 + ")" * 5000, "(?P<1>a)", "a{99999999999}"])
def test_what_is_no_pattern_is_refused_with_words(pattern: str) -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        compile_pattern(pattern)


def test_a_pattern_is_no_book() -> None:
    with pytest.raises(ValueError, match="longer than"):
        compile_pattern("a" * (LONGEST_PATTERN + 1))


def test_the_packaged_rules_are_taken_one_and_all() -> None:
    for kind in KINDS:
        content = json.loads((PACKAGED_RULES / f"{kind}.json").read_text())
        for entry in content["entries"] if isinstance(content, dict) else content:
            assert compile_pattern(entry["pattern"])


def test_a_doubled_repetition_is_refused_in_every_form() -> None:
    """Every way to repeat a repetition of what it may begin with itself."""
    for inner, outer, item in product(
        ["*", "+", "{2,}", "{0,30}", "*?", "+?"], ["*", "+", "{3,}", "{2,40}"], ["a", "[a-z]", r"\w", "."]
    ):
        for whole in (f"(?:{item}{inner}){outer}z", f"^(?:x?{item}{inner}){outer}$", f"(?:{item}{inner}|b){outer}!"):
            with pytest.raises(ValueError, match="several ways"):
                compile_pattern(whole)
