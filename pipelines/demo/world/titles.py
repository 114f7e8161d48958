"""Names of episodes, put together from words of the show's language.

Here: word lists and the one function that joins them. Not here: numbers, dates, files.
"""

from __future__ import annotations

from collections.abc import Mapping

TITLE_WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("The Quiet", "A Borrowed", "The Second", "An Unlikely", "The Last", "A Patient", "The Hidden", "A Stubborn"),
        ("Harbor", "Recipe", "Ledger", "Lighthouse", "Orchard", "Neighbor", "Winter", "Timetable", "Bakery", "Map"),
    ),
    "de": (
        ("Der alte", "Ein stiller", "Der zweite", "Ein guter", "Der letzte", "Ein halber", "Der neue"),
        ("Hobel", "Hinterhof", "Mietvertrag", "Bahnsteig", "Werkzeugkasten", "Nachbar", "Sommer", "Kiosk"),
    ),
    "ja": (
        ("Ame no Hi no ", "Hajimete no ", "Chiisana ", "Wasurerareta ", "Tonari no ", "Yoake no ", "Shizukana "),
        ("Toshoshitsu", "Yakusoku", "Kissaten", "Tegami", "Sakamichi", "Sakanaya", "Tabi", "Tokei"),
    ),
}

TRAILERS: Mapping[str, str] = {"en": "Trailer: What comes next", "de": "Trailer: Was jetzt kommt", "ja": "Yokokuhen"}


def title_of(language: str, number: int) -> str:
    """The title of an episode: the same number always has the same one, and neighbours differ."""
    firsts, seconds = TITLE_WORDS[language]
    space = "" if language == "ja" else " "
    return f"{firsts[number * 5 % len(firsts)]}{space}{seconds[number * 7 % len(seconds)]}"
