"""Jobs: how a decision becomes a job of the orchestrator, with described configuration.

Here: the job around a decision, and the fields that several of them have. Who decides is the field `by`, which the
trail of changes shows.
Not here: any decision (deciding.py, entering.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from dagster import Field, JobDefinition, OpExecutionContext, job, op

BY = Field(str, description="Who decides this; it stands in the trail of changes (`earshot audit`).")
TENANT = Field(str, description="The tenant's slug.")

Work = Callable[[OpExecutionContext, Mapping[str, Any]], object]


def steering_job(
    name: str, description: str, config: Mapping[str, Any], work: Work, resources: set[str]
) -> JobDefinition:
    """The job report_NAME, of one step that is given its configuration."""

    @op(name=name, description=description, config_schema=dict(config), required_resource_keys=resources)
    def decide(context: OpExecutionContext) -> None:
        work(context, context.op_config)

    @job(name=f"report_{name}", description=description)
    def deciding() -> None:
        decide()

    return deciding


def optional(description: str) -> Field:
    """A text that may be left out."""
    return Field(str, default_value="", description=description)


def several(description: str) -> Field:
    """Any number of texts."""
    return Field([str], default_value=[], description=description)
