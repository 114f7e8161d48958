"""Rules: newer rules on agents and addresses than the packaged ones, fetched and kept."""
