"""Erasure: a listener or a household leaves everything that is kept of a tenant."""
