"""Methods: how the numbers are made, as settings in force and as pages."""
