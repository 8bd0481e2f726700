"""The result of a run, folded from its events: the same for every backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from difyflow.records import events as ev


class RunStatus(StrEnum):
    """How a run ended. `unknown`: it was sent, and nobody can say how it ended."""

    SUCCEEDED = "succeeded"
    PARTIAL_SUCCEEDED = "partial-succeeded"
    PAUSED = "paused"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"

    @property
    def ok(self) -> bool:
        """True for what counts as success: also handled failures and a run that waits for a person."""
        return self in (RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED, RunStatus.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRun:
    """One execution of a node.

    Attributes:
        status: as in `NodeFinished`; `running` if no end was seen.
        elapsed_s: seconds.
        total_tokens: 0 if it used none.
        model: model name that answered; `demo` for the rule-based responder; empty for other nodes.
        finish_reason: why the model stopped; empty if no model ran or the stream was cut.
        cut: True if the model's answer is not whole: it met its limit, or its stream broke off.
        retries: failed tries before this end.
        container_id: iteration or loop that it ran in, else empty.
    """

    execution_id: str
    node_id: str
    node_type: str
    title: str
    status: str
    elapsed_s: float = 0.0
    total_tokens: int = 0
    error: str = ""
    model: str = ""
    finish_reason: str = ""
    cut: bool = False
    retries: int = 0
    container_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run leaves behind.

    Attributes:
        outputs: by name, as JSON values.
        error: the server's or the engine's own message; empty on success.
        error_code: Dify's or our kebab-case code, when there is one.
        backend: `dify`, `local` or `replay`.
        target: URL or path that was run.
        server_version: `X-Version`; empty for local runs.
        models: names of the models that answered, `demo` among them if the responder was used.
        warnings: in words, each about something that does not make the run fail.
        truncated: True if a model's answer was cut (token limit, or its stream broke off).
    """

    status: RunStatus
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    error_code: str = ""
    answer: str = ""
    conversation_id: str = ""
    run_id: str = ""
    task_id: str = ""
    workflow_id: str = ""
    elapsed_s: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    nodes: tuple[NodeRun, ...] = ()
    warnings: tuple[str, ...] = ()
    truncated: bool = False
    models: tuple[str, ...] = ()
    backend: str = ""
    target: str = ""
    server_version: str = ""

    @property
    def ok(self) -> bool:
        """See `RunStatus.ok`."""
        return self.status.ok

    def to_json(self) -> dict[str, object]:
        """A JSON object; `model` names the models, so that a demo run says `demo` wherever it goes."""
        return {
            "status": str(self.status),
            "outputs": dict(self.outputs),
            "answer": self.answer,
            "error": self.error,
            "error_code": self.error_code,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "workflow_id": self.workflow_id,
            "conversation_id": self.conversation_id,
            "elapsed_s": self.elapsed_s,
            "total_tokens": self.total_tokens,
            "total_steps": self.total_steps,
            "model": ", ".join(self.models),
            "truncated": self.truncated,
            "warnings": list(self.warnings),
            "backend": self.backend,
            "target": self.target,
            "server_version": self.server_version,
            "nodes": [
                {name: getattr(node, name) for name in NodeRun.__dataclass_fields__} for node in self.nodes
            ],
        }


class Tally:
    """Folds the events of one run into a `Result`. Not shared between runs."""

    def __init__(self, *, backend: str = "", target: str = "", server_version: str = "") -> None:
        self._result = Result(
            status=RunStatus.UNKNOWN, backend=backend, target=target, server_version=server_version
        )
        self._nodes: dict[str, NodeRun] = {}
        self._warnings: list[str] = []
        self._answer: list[str] = []
        self._ended = False

    def add(self, event: ev.Event) -> None:
        """Takes one event; events after the end change nothing but a chatflow's answer."""
        changes: dict[str, object] = {}
        if event.task_id and not self._result.task_id:
            changes["task_id"] = event.task_id
        if event.workflow_run_id and not self._result.run_id:
            changes["run_id"] = event.workflow_run_id
        match event:
            case ev.WorkflowStarted():
                changes["workflow_id"] = event.workflow_id
            case ev.NodeEvent():
                self._add_node(event)
            case ev.Message():
                self._answer.append(event.answer)
            case ev.MessageReplace():
                self._answer[:] = [event.answer]
            case ev.WorkflowFinished() | ev.WorkflowPaused() | ev.ErrorEvent() if not self._ended:
                changes.update(_ending(event))
                self._ended = True
            case _:
                pass
        conversation_id = _conversation_of(event)
        if conversation_id:
            changes["conversation_id"] = conversation_id
        if changes:
            self._result = replace(self._result, **changes)  # type: ignore[arg-type]  # keys are fields of Result

    def add_all(self, events: Iterable[ev.Event]) -> Tally:
        """Takes many events; returns itself."""
        for event in events:
            self.add(event)
        return self

    def warn(self, text: str) -> None:
        """Adds a warning, once."""
        if text not in self._warnings:
            self._warnings.append(text)

    @property
    def ended(self) -> bool:
        """True once the terminal event was seen."""
        return self._ended

    def result(self) -> Result:
        """The result so far; its status is `unknown` before the end."""
        nodes = tuple(self._nodes.values())
        cut = [node for node in nodes if node.cut]
        warnings = [*self._warnings, *(_cut_warning(node) for node in cut)]
        if self._result.status is RunStatus.PARTIAL_SUCCEEDED:
            handled = ", ".join(repr(node.title) for node in nodes if node.status == "exception")
            warnings.append(f"partial success: a failure was handled in {handled or 'a node'}")
        return replace(
            self._result,
            nodes=nodes,
            answer="".join(self._answer),
            truncated=bool(cut),
            models=tuple(dict.fromkeys(node.model for node in nodes if node.model)),
            total_tokens=self._result.total_tokens or sum(node.total_tokens for node in nodes),
            warnings=tuple(warnings),
        )

    def _add_node(self, event: ev.NodeEvent) -> None:
        before = self._nodes.get(event.execution_id)
        run = NodeRun(
            execution_id=event.execution_id,
            node_id=event.node_id,
            node_type=event.node_type or (before.node_type if before else ""),
            title=event.title or (before.title if before else ""),
            status="running",
            retries=before.retries if before else 0,
            container_id=event.iteration_id or event.loop_id,
        )
        match event:
            case ev.NodeRetry():
                run = replace(run, error=event.error, retries=run.retries + 1)
            case ev.NodeFinished():
                model, finish_reason = _model_of(event)
                run = replace(
                    run,
                    status=event.status,
                    error=event.error,
                    elapsed_s=event.elapsed_s,
                    total_tokens=event.total_tokens,
                    model=model,
                    finish_reason=finish_reason,
                    cut=_is_cut(event),
                )
            case ev.ContainerCompleted():
                run = replace(
                    run,
                    status=event.status,
                    error=event.error,
                    elapsed_s=event.elapsed_s,
                    total_tokens=event.total_tokens,
                )
            case _:
                pass
        self._nodes[event.execution_id] = run


def _conversation_of(event: ev.Event) -> object:
    """A chatflow that fails sends no message; its workflow events name the conversation too."""
    if isinstance(event, ev.ChatEvent):
        return event.conversation_id
    said = event.extra.get("conversation_id")
    return said if isinstance(said, str) else ""


def _ending(event: ev.WorkflowFinished | ev.WorkflowPaused | ev.ErrorEvent) -> dict[str, object]:
    match event:
        case ev.WorkflowFinished():
            known = event.status in RunStatus.__members__.values()
            return {
                "status": RunStatus(event.status) if known else RunStatus.UNKNOWN,
                "outputs": event.outputs,
                "error": event.error or ("" if known else f"the server says status {event.status!r}"),
                "elapsed_s": event.elapsed_s,
                "total_tokens": event.total_tokens,
                "total_steps": event.total_steps,
            }
        case ev.WorkflowPaused():
            return {
                "status": RunStatus.PAUSED,
                "outputs": event.outputs,
                "elapsed_s": event.elapsed_s,
                "total_tokens": event.total_tokens,
                "total_steps": event.total_steps,
            }
        case ev.ErrorEvent():
            return {"status": RunStatus.FAILED, "error": event.message, "error_code": event.code}


def _is_cut(event: ev.NodeFinished) -> bool:
    """True if a node that says why its model stopped says the limit, or nothing: its stream broke off."""
    says = "finish_reason" in event.outputs
    return says and event.status == "succeeded" and event.outputs["finish_reason"] in (None, "", "length")


def _model_of(event: ev.NodeFinished) -> tuple[str, str]:
    """Model and finish reason; Dify writes the model into `process_data`, graphon into `inputs` too."""
    name = event.process_data.get("model_name") or event.inputs.get("model_name")
    reason = event.outputs.get("finish_reason")
    return name if isinstance(name, str) else "", reason if isinstance(reason, str) else ""


def _cut_warning(node: NodeRun) -> str:
    if node.finish_reason == "length":
        return f"{node.title!r}: the answer was cut at max_tokens"
    return f"{node.title!r}: the model's stream broke off (no finish reason); the answer may be incomplete"
