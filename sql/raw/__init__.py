"""Raw rows: how they come in by imports, are taken back, counted, archived and erased."""
