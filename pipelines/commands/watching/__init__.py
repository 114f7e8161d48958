"""Commands that say how the installation stands: tenants, checks, metrics, traces, alerts, and who changed what."""
