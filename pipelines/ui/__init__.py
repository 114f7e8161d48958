"""UI: Dagster's webserver, daemon and code server, started, guarded and kept running."""
