"""trigger-plugin: a workflow begins when a plugin reports an event (Dify 1.10).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, CanvasRow, Look, row
from difyflow.nodes._plugin import I18n as I18n
from difyflow.nodes._plugin import Input as Input
from difyflow.nodes._plugin import ParameterOption as ParameterOption
from difyflow.nodes._plugin import ParameterSchema as ParameterSchema
from difyflow.nodes._plugin import constant as constant
from difyflow.nodes._plugin import option as option
from difyflow.nodes._record import Many
from difyflow.nodes._schema import schema_outputs
from difyflow.terms.vartype import OutputVar


class TriggerPlugin(NodeData):
    """Only in workflows, not beside a start node. The subscription has to be made anew after an import."""

    SINCE: ClassVar[str] = "1.10.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    ENTRY: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "plug")

    type: str = "trigger-plugin"
    title: str = "Integration Trigger"
    plugin_id: str = ""
    plugin_unique_identifier: str = ""
    provider_id: str = ""
    provider_type: str | None = None
    provider_name: str | None = None
    event_name: str = ""
    event_label: str | None = None
    event_parameters: dict[str, Input] = Field(default_factory=dict)
    """Only constants are taken; see `event`."""
    event_configurations: dict[str, Any] | None = None
    event_node_version: str | None = None
    subscription_id: str = ""
    """Empty in exports."""
    output_schema: dict[str, Any] | None = None
    """A JSON schema of the outputs."""
    parameters_schema: Many[ParameterSchema] | None = None
    config: dict[str, Any] | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The properties of `output_schema`."""
        return schema_outputs(self.output_schema) or ()

    def open_outputs(self) -> bool:
        """True if the file does not say what the event declares."""
        return schema_outputs(self.output_schema) is None

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """The event."""
        return (row(self.event_label or self.event_name, "event"),)


def event(**values: object) -> dict[str, Input]:
    """The event's parameters by name."""
    return {name: constant(value) for name, value in values.items()}


EXAMPLE = TriggerPlugin(
    plugin_id="langgenius/github_trigger",
    plugin_unique_identifier="langgenius/github_trigger:1.0.0@0f1e2d3c",
    provider_id="langgenius/github_trigger/github_trigger",
    provider_name="langgenius/github_trigger/github_trigger",
    event_name="issue_opened",
    event_label="Issue opened",
    event_parameters=event(labels="bug"),
    output_schema={
        "type": "object",
        "properties": {"title": {"type": "string"}, "issue": {"type": "object"}},
    },
)

NODE = TriggerPlugin
