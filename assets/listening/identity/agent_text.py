"""Agent text: a user agent's text as the rules read it.

Here: what servers, proxies and exports do to an agent on its way (escapes, quotes, control characters) undone; the
model of a phone taken out; a name that was found in an agent made fit to be shown.
Not here: what an agent is (agent_rules.py). The stored text stays as it came: keys are made of it.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

# Longer names are no names; columns and charts have no room for them.
LONGEST_NAME = 60

_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]+")
_HEADER = re.compile(r"^user-agent:\s*", re.IGNORECASE)

# `Android 14; de-de; Model Build/...`: a model can be called Spider or M BOT 60, and an address can stand in the name
# of who has built its system.
_ANDROID = r"(Android [\w.]+; (?:[a-z]{2}(?:[-_][A-Za-z]{2})?; )?)"
_MODEL = re.compile(_ANDROID + r"[^;()]*")
_MODEL_OF_BUILD = re.compile(_ANDROID + r"[^;()]* Build/[^;()]*")


def plain_agent(agent: str) -> str:
    """The agent in one line, without the escapes of URLs, the quotes and the header's name that logs can add.

    Escapes are undone once, and only where they spell text: `Pocket%20Casts`, `%E6%92%AD%E5%AE%A2`.
    """
    text = agent
    if _ESCAPED.search(text):
        decoded = unquote(text, errors="replace")
        text = text if "\ufffd" in decoded else decoded
    text = _HEADER.sub("", _BLANK.sub(" ", text).strip())
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def without_model(agent: str) -> str:
    """The agent without the name of an Android phone. Beside an address, only a build has one."""
    return (_MODEL_OF_BUILD if "://" in agent else _MODEL).sub(r"\1", agent)


def plain_name(found: str) -> str:
    """A name found in an agent, composed (NFC) and printable; empty where too little or too much is left."""
    text = unicodedata.normalize("NFC", "".join(each if each.isprintable() else " " for each in found))
    text = " ".join(text.split()).strip(" -_.,:;+'\"")
    return text if 2 <= len(text) <= LONGEST_NAME and any(map(str.isalpha, text)) else ""
