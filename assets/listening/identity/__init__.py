"""Identity: who asked: addresses, agents, and the keys that stand for households and listeners."""
