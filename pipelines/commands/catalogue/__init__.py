"""earshot catalogue: what a network has and sells, as it comes in: by feeds and from files.

Here: the group, a module for each kind of command.
Not here: what comes in and how (assets/catalogue).
"""

from pipelines.commands.catalogue.group import catalogue

__all__ = ["catalogue"]
