"""agent, version 2: an agent of Dify, from `agent_packages` (node 1.15, portable since DSL 0.7.0).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from difyflow.nodes._base import Handle, NodeData, Template
from difyflow.nodes._look import INDIGO, CanvasRow, Look
from difyflow.nodes._record import Many, Record, Since, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class AgentBinding(Record):
    """Which agent: a package of the document, or, in a database, ids."""

    binding_type: str = "inline_agent"
    """inline_agent, roster_agent."""
    package_ref: Annotated[str | None, Since("1.16.0")] = None
    """A key of the document's `agent_packages`."""
    agent_id: str | None = None
    """Only in a server's own data."""
    current_snapshot_id: str | None = None
    """Only in a server's own data."""


class OutputRef(Record):
    """A variable that the agent gets."""

    selector: Selector = Selector()


class DeclaredFile(Record):
    """Which files an output of type file may be."""

    extensions: Many[str] | None = None
    mime_types: Many[str] | None = None


class ArrayItem(Record):
    """What is in an output of type array."""

    type: str = "string"
    """string, number, object, boolean, file."""
    description: str | None = None


class OutputCheck(Record):
    """A model judges an output of type file."""

    enabled: bool = False
    prompt: str | None = None
    benchmark_file_ref: Any = None
    model_ref: Any = None


class OutputRetry(Record):
    """How often an output is tried again."""

    enabled: bool = False
    max_retries: int | None = None
    """0 to 10."""
    retry_interval_ms: int | None = None
    """0 to 60000."""


class FailureStrategy(Record):
    """What happens when an output is not made."""

    retry: OutputRetry | None = None
    on_failure: str = "stop"
    """stop, default_value, fail_branch."""
    default_value: Any = None


class DeclaredOutput(Record):
    """An output that the agent has to make; see `declared`."""

    name: str = ""
    """`^[A-Za-z_][A-Za-z0-9_]*$`, at most 255 characters."""
    type: str = "string"
    """string, number, object, array, boolean, file."""
    description: str | None = None
    required: bool = True
    file: DeclaredFile | None = None
    """For file."""
    array_item: ArrayItem | None = None
    """For array; no arrays in arrays."""
    check: OutputCheck | None = None
    """For file."""
    failure_strategy: FailureStrategy | None = None

    def output_variable(self) -> OutputVar:
        """The same as a variable."""
        if self.type == "array":
            item = VarType.of(self.array_item.type) if self.array_item else VarType.ANY
            return OutputVar(self.name, item.array)
        return OutputVar(self.name, VarType.of(self.type))


class AgentJob(Record):
    """What the agent has to do here; see `job`. Dify refuses keys that it does not know."""

    schema_version: int = 1
    mode: str = "let_agent_figure_it_out"
    """let_agent_figure_it_out, tell_agent_what_to_do."""
    workflow_prompt: Template | None = None
    previous_node_output_refs: Many[OutputRef] | None = None
    declared_outputs: Many[DeclaredOutput] | None = None
    """None or empty: `text`, `files`, `json`."""
    human_contacts: Many[Any] | None = None
    metadata: dict[str, Any] | None = None


class AgentV2(NodeData):
    """The agent itself, with model, tools and knowledge, is a package of the document."""

    SINCE: ClassVar[str] = "1.15.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(INDIGO, "robot")

    type: str = "agent"
    title: str = "Agent"
    version: Annotated[str | None, Written(value="2")] = None
    """`2`, else Dify refuses it."""
    agent_node_kind: Annotated[str | None, Written(value="dify_agent")] = None
    """dify_agent."""
    agent_binding: AgentBinding = AgentBinding()
    agent_job: Annotated[AgentJob | None, Since("1.16.0")] = None
    """In DSL files; an import makes the two fields below of it."""
    agent_task: Template | None = None
    """Only in a server's own data."""
    agent_declared_outputs: Many[DeclaredOutput] | None = None
    """Only in a server's own data."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The declared outputs, else `text`, `files` and `json`."""
        if outputs := self._declared():
            return tuple(item.output_variable() for item in outputs)
        return (
            OutputVar("text", VarType.STRING),
            OutputVar("files", VarType.ARRAY_FILE),
            OutputVar("json", VarType.OBJECT),
        )

    def import_faults(self, dsl_version: tuple[int, ...]) -> Iterator[str]:
        """What Dify 1.15 says to an agent that is not on its own roster (recorded)."""
        if dsl_version[:2] == (0, 6) and self.agent_binding.binding_type != "roster_agent":
            yield "Workflow Agent node worker only supports roster_agent graph binding."

    def source_handles(self) -> tuple[Handle, ...]:
        """`fail-branch` too if an output's failure leads there."""
        strategies = (item.failure_strategy for item in self._declared())
        if any(item is not None and item.on_failure == "fail_branch" for item in strategies):
            return (Handle("source"), Handle("fail-branch"))
        return super().source_handles()

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """What it is to do."""
        prompt = self.agent_job.workflow_prompt if self.agent_job else self.agent_task
        return (CanvasRow("text", prompt, lines=2),) if prompt else ()

    def canvas_height(self) -> int:
        """As version 1 without tools; estimated."""
        return 146

    def _declared(self) -> tuple[DeclaredOutput, ...]:
        stored = self.agent_job.declared_outputs if self.agent_job else self.agent_declared_outputs
        return stored or ()


def job(prompt: str, *refs: Selector, outputs: tuple[DeclaredOutput, ...] = ()) -> AgentJob:
    """What to do, with which variables, making which outputs."""
    return AgentJob(
        mode="tell_agent_what_to_do",
        workflow_prompt=prompt,
        previous_node_output_refs=tuple(OutputRef(selector=item) for item in refs),
        declared_outputs=outputs,
    )


def declared(
    name: str,
    description: str = "",
    *,
    type: Literal["string", "number", "object", "array", "boolean", "file"] = "string",
    items: Literal["string", "number", "object", "boolean", "file"] | None = None,
    required: bool = True,
) -> DeclaredOutput:
    """An output that the agent has to make; `items` is what is in an array."""
    made = DeclaredOutput(name=name, type=type, description=description, required=required)
    return made.changed(array_item=ArrayItem(type=items)) if items else made
