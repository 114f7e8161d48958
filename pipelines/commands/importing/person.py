"""Who sits before the terminal: the name that imports and sources keep.

Here: the login's name. Not here: the database's own trail of changes (config_changes).
"""

from __future__ import annotations

import getpass


def person() -> str:
    """The login's name, or what the machine says of it where it has none."""
    try:
        return getpass.getuser()[:200] or "unknown"
    except (OSError, KeyError, ImportError):
        return "unknown"
