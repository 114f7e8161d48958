"""Results: what came back from a campaign, and how sure that is."""
