"""What reports say: their subscriptions and periods, and the figures of each, read for many at once."""
