"""World: the invented network's people, shows, files and campaigns."""
