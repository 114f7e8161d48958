"""Identity: addresses, user agents, and the keys that identify households and listeners."""
