"""Spelling: texts as they are compared, whatever a keyboard or a script made of them.

Here: which characters are not seen or are blanks, and the one spelling of a single value. The database's functions
clean_text and clean_code say the same, and so does assets/attribution/spellings.py of frames.
Not here: characters that are harmful where they are printed (characters.py).
"""

from __future__ import annotations

import re
import unicodedata

# Controls that are no blanks, soft hyphens, joiners, fillers, direction marks, selectors of variants.
UNSEEN = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
BLANKS = r"[\x09-\x0d\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"

_UNSEEN, _BLANKS = re.compile(UNSEEN), re.compile(BLANKS)


def clean_text(text: str) -> str | None:
    """The text in compatibility form (NFKC), without what is not seen, with single blanks and none at the ends.

    None where nothing is left.
    """
    plain = _BLANKS.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFKC", text))).strip(" ")
    return plain or None


def clean_code(text: str) -> str | None:
    """A promo code or vanity address as it is compared: the same in lower case."""
    plain = clean_text(text)
    return None if plain is None else plain.lower()
