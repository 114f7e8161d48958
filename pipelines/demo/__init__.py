"""An invented podcast network with known truth, for the demo, the tests and the benchmarks.

Here: simulate makes it, load puts it into a warehouse, write_truth and read_truth keep what must be found in it, and
write_cdn_log writes a log to import. Not here: commands and their words (pipelines/commands).
"""

from pipelines.demo.cdn_log import write_cdn_log
from pipelines.demo.loading import Progress, load
from pipelines.demo.simulation import DEFAULT_EVENTS, DEFAULT_SEED, Simulation, simulate
from pipelines.demo.truth import Truth, find_truth, read_truth, write_truth

__all__ = [
    "DEFAULT_EVENTS",
    "DEFAULT_SEED",
    "Progress",
    "Simulation",
    "Truth",
    "find_truth",
    "load",
    "read_truth",
    "simulate",
    "write_cdn_log",
    "write_truth",
]
