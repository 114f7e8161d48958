"""Reading: rendered SQL in, frame out, at the speed of a binary COPY."""
