"""Values: what one step of a run hands to the next, kept in the orchestrator's history.

Here: an IO manager for small values that are JSON. Steps may run on machines that share no folder; all of them share
the history, where a value lies in the event of its step and goes with its run.
Not here: frames and files; those lie in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import DagsterEventType, InputContext, IOManager, MetadataValue, OutputContext
from dagster._core.definitions.metadata import JsonMetadataValue

VALUE, KEY = "value", "mapping_key"


class HistoryValues(IOManager):
    """Keeps each value as metadata of the event that its step was given out by."""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        context.add_output_metadata({VALUE: MetadataValue.json(obj), KEY: context.mapping_key or ""})

    def load_input(self, context: InputContext) -> Any:
        source = context.upstream_output
        if source is None:
            raise KeyError(f"{context.name} is the output of no step")
        found = None
        # A step that was tried again gave its value out again.
        for entry in context.instance.all_logs(source.run_id, of_type=DagsterEventType.HANDLED_OUTPUT):
            event = entry.get_dagster_event()
            kept: Mapping[str, Any] = event.event_specific_data.metadata  # type: ignore[union-attr]
            if event.step_key == source.step_key and VALUE in kept and kept[KEY].value == (source.mapping_key or ""):
                found = kept[VALUE]
        if not isinstance(found, JsonMetadataValue):
            raise KeyError(f"run {source.run_id} keeps no value of step {source.step_key}")
        return found.data
