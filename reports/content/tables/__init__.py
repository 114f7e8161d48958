"""Tables: the rows of a report, by placement, show, campaign and model."""
