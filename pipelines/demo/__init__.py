"""An invented podcast network with known truth, for the demo, the tests and the benchmarks.

Here: the door of the simulator, which everything outside imports from. simulate makes a network, load puts it into a
warehouse, refuse_other_databases keeps it out of databases with tenants of their own, write_truth and read_truth keep
what must be found in it, histories shows the cause of each order, and write_cdn_log writes a log to import.
Not here: commands (pipelines/commands).
"""

from pipelines.demo.cdn_log import write_cdn_log
from pipelines.demo.events.schedule import SessionPlan
from pipelines.demo.events.wire import times
from pipelines.demo.history import History, histories, is_one_household
from pipelines.demo.loading import LoadProgress, load
from pipelines.demo.ownership import refuse_other_databases
from pipelines.demo.simulation import DEFAULT_EVENTS, DEFAULT_SEED, Simulation, simulate
from pipelines.demo.truth import Truth, find_truth, read_truth, write_truth
from pipelines.demo.world.calendar import DAY, Span, start_of
from pipelines.demo.world.catalogue import UNKNOWN
from pipelines.demo.world.dice import Bools, Ints
from pipelines.demo.world.network import TENANTS, Tenant

__all__ = [
    "DAY",
    "DEFAULT_EVENTS",
    "DEFAULT_SEED",
    "TENANTS",
    "UNKNOWN",
    "Bools",
    "History",
    "Ints",
    "LoadProgress",
    "SessionPlan",
    "Simulation",
    "Span",
    "Tenant",
    "Truth",
    "find_truth",
    "histories",
    "is_one_household",
    "load",
    "read_truth",
    "refuse_other_databases",
    "simulate",
    "start_of",
    "times",
    "write_cdn_log",
    "write_truth",
]
