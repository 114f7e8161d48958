"""Storage: where rows lie."""
