"""Lists: files of rules and of networks, as their owners write them: JSON arrays, or objects whose "entries" is one.

Here: reading one whole, and the errors for what is none.
Not here: what an entry means (agent_rules.py, addresses.py), which patterns can be used (agent_patterns.py).
"""

from __future__ import annotations

import json
from pathlib import Path

from sql.values import PermanentError

# The longest list of the OPAWG set is below 1 MB.
MOST_BYTES = 10_000_000


def read_list(path: Path) -> list[object]:
    """The entries of a file. Raises PermanentError, naming the file and what is wrong with it."""
    return parse_list(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file that is no longer than a list can be. Raises PermanentError for any other."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PermanentError(f"{path} cannot be read ({error})") from error
    if len(content) > MOST_BYTES:
        raise PermanentError(f"{path} is longer than {MOST_BYTES:,} bytes: it is no list")
    return content


def parse_list(content: bytes, source: str) -> list[object]:
    """The entries in the bytes of a file; a byte order mark before them is left out."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PermanentError(f"{source} is no UTF-8 text (at byte {error.start})") from error
    except RecursionError as error:
        raise PermanentError(f"{source} is nested too deeply to be a list") from error
    except ValueError as error:
        raise PermanentError(f"{source} is no JSON ({error})") from error
    entries = found.get("entries") if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise PermanentError(f'{source} is no list: it must be a JSON array, or an object whose "entries" is one')
    return entries


def shown(value: object) -> str:
    """A broken entry in a message: in one line of printable characters, and short."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text[:200])[1:-1][:80]
