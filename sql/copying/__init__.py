"""Copying: a frame as the bytes that COPY reads: in binary form where that is exact, else as CSV."""
