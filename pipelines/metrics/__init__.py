"""Metrics: what Prometheus reads of an installation, collected from the databases when it asks."""
