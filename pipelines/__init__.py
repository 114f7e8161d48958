"""When and where things run, and how a person starts them; the only floor that reads the environment."""
