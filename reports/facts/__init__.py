"""Facts: the raw numbers of a report, before a word or a digit is formatted."""
