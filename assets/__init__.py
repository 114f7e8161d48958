"""What exists: one folder per domain, pure Polars modules beside thin Dagster ones."""
