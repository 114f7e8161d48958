"""Listening: from raw requests to dispositions, downloads, audiences and ads delivered.

Here: the public functions of this room: frames in, frames out, usable without a database.
Not here: how they work (each module says what it holds), and the assets that run them.
"""

from assets.listening.audience import measure_audience
from assets.listening.catalogue import index_catalogue
from assets.listening.consumption import measure_consumption
from assets.listening.day import compute_listening_day
from assets.listening.dimensions import measure_dimensions
from assets.listening.dispositions import DISPOSITIONS
from assets.listening.downloads import count_downloads, dispose, settle_requests
from assets.listening.enrichment import enrich_requests
from assets.listening.exposures import collect_signals, find_delivered_ads
from assets.listening.method import Method
from assets.listening.windows import cut_windows

__all__ = [
    "DISPOSITIONS",
    "Method",
    "collect_signals",
    "compute_listening_day",
    "count_downloads",
    "cut_windows",
    "dispose",
    "enrich_requests",
    "find_delivered_ads",
    "index_catalogue",
    "measure_audience",
    "measure_consumption",
    "measure_dimensions",
    "settle_requests",
]
