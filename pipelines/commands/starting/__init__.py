"""earshot init: from a feed and a log of one's own to a first report.

Here: the command, a module for what it asks, what it does, and what it would do.
Not here: any of the work, which other commands do as well (pipelines/commands, assets).
"""

from pipelines.commands.starting.command import init

__all__ = ["init"]
