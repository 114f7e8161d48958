"""Instance: Dagster's own object for its history, queue and files. dagster.yaml names it, so that every process of
Dagster loads this module before it reads any other setting, those without code of ours too (webserver, daemon).

Here: the guard of what such a process prints, logs and stores, and a folder of its own with mode 0700.
Not here: what the guard does (dagster_texts.py), what lies in the history (dagster.yaml).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from pipelines.dagster_texts import guard_dagster
from sql.safety.private import PRIVATE_UMASK, private_folder

guard_dagster()


class GuardedInstance(DagsterInstance):
    """Dagster's instance with private files: run logs and compute logs can name people."""

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        """No settings of its own."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, Any]:
        return InstanceRef.config_defaults(base_dir)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        os.umask(PRIVATE_UMASK)
        super().__init__(*args, **kwargs)
        root = Path(self.root_directory)
        # Kubernetes mounts dagster.yaml into a folder of root's, in which nothing can be written; what is written lies
        # in EARSHOT_DAGSTER_FOLDER then.
        if os.access(root, os.W_OK):
            folder = private_folder(root)
            private_folder(folder / "storage", within=folder)
