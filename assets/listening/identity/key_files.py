"""Key files: a new version of the keys is added to the file of a key ring.

Here: adding it. Not here: reading a ring, and what its versions mean (keys.py), bringing a version into force
(assets/privacy/rotation.py).
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from uuid import UUID

from assets.listening.identity.keys import DEFAULT, SECRET_BYTES, Keyring
from sql.safety.private import write_private
from sql.values import PermanentError


def add_version(path: Path, tenants: frozenset[UUID] = frozenset()) -> Keyring:
    """Add a version with a new secret at the end of these tenants' keys, or of everybody's; returns the new ring.

    A tenant without keys of its own gets them: the default ones, and the new one after them. The file is replaced at
    once. Raises PermanentError where it is no key ring, or cannot be written.
    """
    Keyring.load(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    own = {str(UUID(name)): entries for name, entries in content.get("tenants", {}).items()}
    content["tenants"] = own
    for name in sorted(map(str, tenants)):
        own.setdefault(name, list(content.get(DEFAULT, [])))
    everybody = [content.setdefault(DEFAULT, []), *own.values()]
    for entries in [own[str(each)] for each in sorted(tenants)] or everybody:
        newest = max((int(entry["version"]) for entry in entries), default=0)
        entries.append({"version": newest + 1, "secret": secrets.token_hex(SECRET_BYTES)})
    try:
        write_private(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise PermanentError(
            f"The key ring {path} cannot be written ({error.strerror}). Where it is a secret of containers, add the "
            "version to a copy of it, and change the secret"
        ) from None
    return Keyring.load(path)
