"""Values: what one step of a run hands to the next, metadata in the orchestrator's history.

Here: an IO manager for small values that are JSON. Steps may run on machines that share no folder; all of them share
the history, where a value lies in the event of its step and goes with its run.
Not here: frames and files; those lie in the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import DagsterEventType, InputContext, IOManager, MetadataValue, OutputContext
from dagster._core.definitions.metadata import JsonMetadataValue

VALUE, KEY = "value", "mapping_key"


class HistoryValues(IOManager):
    """Keeps each value as metadata of the event that its step was given out by.

    A step that brings many together reads them once.
    """

    def __init__(self) -> None:
        self._run_id, self._found = "", dict[tuple[str | None, str], JsonMetadataValue]()

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        context.add_output_metadata({VALUE: MetadataValue.json(obj), KEY: context.mapping_key or ""})

    def load_input(self, context: InputContext) -> Any:
        source = context.upstream_output
        if source is None:
            raise KeyError(f"{context.name} is the output of no step")
        value = (source.step_key, source.mapping_key or "")
        if source.run_id != self._run_id or value not in self._found:
            self._run_id, self._found = source.run_id, dict(_read_values(context, source.run_id))
        if value not in self._found:
            raise KeyError(f"run {source.run_id} keeps no value of step {source.step_key}")
        return self._found[value].data


def _read_values(context: InputContext, run_id: str) -> Iterator[tuple[tuple[str | None, str], JsonMetadataValue]]:
    """Every value of a run, in the order in which they were given out: a step that was tried again gave one again."""
    for entry in context.instance.all_logs(run_id, of_type=DagsterEventType.HANDLED_OUTPUT):
        event = entry.get_dagster_event()
        metadata: Mapping[str, Any] = event.event_specific_data.metadata  # type: ignore[union-attr]
        if isinstance(found := metadata.get(VALUE), JsonMetadataValue):
            yield (event.step_key, str(metadata[KEY].value)), found
