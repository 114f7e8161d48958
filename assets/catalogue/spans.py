"""Spans: where an ad lies in a file, from times to bytes.

Here: the bytes of a span of time in a file of one bitrate. Of a file whose bitrate varies they are an estimate: give
such spans as bytes.
Not here: ads in requests (listening/downloads/ad_delivery.py).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def bytes_of(
    start_s: float, end_s: float, *, file_bytes: int | None, header_bytes: int, duration_s: float | None
) -> tuple[int, int]:
    """The first and the last byte, both included, of what plays from start_s to end_s.

    Content begins after the header and is spread evenly over the duration. Raises ValueError, with what is missing or
    wrong, where the span cannot be placed in the file.
    """
    if file_bytes is None or duration_s is None:
        raise ValueError(
            "times become bytes by the file's size and duration, and one of them is not known: "
            "give the file file_bytes and duration_s, or the span first_byte and last_byte"
        )
    if not 0 <= start_s < end_s:
        raise ValueError("a span ends after it begins")
    # Durations in feeds are rounded to seconds.
    if end_s > duration_s + 1:
        raise ValueError(f"the span ends at {end_s:g} s, and the file at {duration_s:g} s")
    content = Decimal(file_bytes - header_bytes)
    whole = Decimal(repr(duration_s))

    def place(seconds: float) -> int:
        share = min(Decimal(repr(float(seconds))), whole) / whole
        return header_bytes + int((content * share).to_integral_value(ROUND_HALF_UP))

    first, after = place(start_s), place(end_s)
    if after <= first:
        raise ValueError("the span is shorter than a byte of the file")
    return first, after - 1
