"""Audience: distinct listeners of episodes, shows and tenants, by day and over periods."""
