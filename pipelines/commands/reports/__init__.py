"""earshot reports: which reports there are, how they look, and what a campaign manager decides about them.

Here: the group, a module for each kind of command.
Not here: making reports (assets/reporting), what may be decided (reports/steering.py), sending (commands/deliver.py).
"""

from pipelines.commands.reports.group import reports
from pipelines.commands.reports.previewing import write_previews

__all__ = ["reports", "write_previews"]
