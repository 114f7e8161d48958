"""Safety: text from outside, secrets and files, made harmless before anybody sees them."""
