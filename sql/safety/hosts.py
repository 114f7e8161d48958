"""Hosts: the names and addresses of this machine itself.

Here: those of loopback. Not here: which addresses are public (assets/web/public_addresses.py).
"""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
