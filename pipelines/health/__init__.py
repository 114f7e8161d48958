"""Health: what is stale, what failed, and what was entered but leads to nothing."""
