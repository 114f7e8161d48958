"""Safety: text from outside, secrets and files, made harmless before they are shown."""
