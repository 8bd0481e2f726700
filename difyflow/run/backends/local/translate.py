"""The engine's events as ours: the names, fields and order of Dify 1.12.1's event stream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from graphon.engine_events import base, graph, iteration, loop, node
from graphon.workflow_type_encoder import WorkflowRuntimeTypeConverter

from difyflow.records import events as ev
from difyflow.run.backends.local.flow import Flow

_ENCODER = WorkflowRuntimeTypeConverter()
_CONTAINERS = ("iteration", "loop")
_SAID_OTHERWISE = (node.NodeRunStartedEvent, node.NodeRunSucceededEvent, node.NodeRunFailedEvent)
_SHOWN_OF_LLM = ("#context#", "#context_files#", "#files#")  # Dify 1.12.1 shows no other inputs of an LLM
_MODEL_KEYS = ("model_provider", "model_name")  # graphon adds them to the inputs; in Dify: process data

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIds:
    """Who a run is; `chat` holds `conversation_id` and `message_id` in a chatflow, else nothing."""

    run_id: str
    task_id: str
    workflow_id: str
    chat: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Translator:
    """Turns the engine's events of one run into ours; the file runtime must be in place.

    Attributes:
        start_inputs: start inputs and `sys.*` with their prefix, as JSON.
        stop: why the run is being stopped, (status, error), set before the engine is told; what nodes say
            from then on is not passed on, as on a server.
        used: (total tokens, steps) so far, asked when the run ends.
    """

    flow: Flow
    ids: RunIds
    start_inputs: Json
    stop: tuple[str, str] | None = None
    used: Any = None
    _began: float = field(default_factory=time.time)
    _titles: dict[str, str] = field(default_factory=dict)
    _handled: int = 0
    _empty: set[str] = field(default_factory=set)
    _usage: Json = field(default_factory=dict)

    def feed(self, event: base.EngineEvent) -> Iterator[ev.Event]:
        """Our events for one of the engine's; often one, sometimes none."""
        if isinstance(event, base.NodeEvent):
            if self.stop is None:
                yield from self._of_node(event)
            return
        match event:
            case graph.GraphRunFailedEvent() | graph.GraphRunAbortedEvent() if self.stop is not None:
                status, error = self.stop
                yield from self._end(status, {}, error=error)
            case graph.GraphRunStartedEvent():
                inputs = {key: value for key, value in self.start_inputs.items() if key not in _LATE}
                yield ev.WorkflowStarted(
                    **self._ids(),
                    id=self.ids.run_id,
                    workflow_id=self.ids.workflow_id,
                    inputs=inputs,
                    created_at=int(self._began),
                )
            case graph.GraphRunSucceededEvent():
                yield from self._end("succeeded", event.outputs)
            case graph.GraphRunPartialSucceededEvent():
                # Dify 1.12.1 does not count what an iteration skips by its own setting.
                status = "partial-succeeded" if self._handled else "succeeded"
                yield from self._end(
                    status, event.outputs, exceptions=event.exceptions_count if self._handled else 0
                )
            case graph.GraphRunFailedEvent():
                yield from self._end("failed", {}, error=event.error, exceptions=event.exceptions_count)
            case graph.GraphRunAbortedEvent():
                yield from self._end("failed", event.outputs, error=str(event.reason or "Aborted"))
            case _:
                pass

    def _ids(self) -> dict[str, Any]:
        return {
            "task_id": self.ids.task_id,
            "workflow_run_id": self.ids.run_id,
            "extra": dict(self.ids.chat),
        }

    def _end(
        self, status: str, outputs: Mapping[str, object], *, error: str = "", exceptions: int = 0
    ) -> Iterator[ev.Event]:
        now = time.time()
        tokens, steps = self.used() if self.used else (0, 0)
        yield ev.WorkflowFinished(
            **self._ids(),
            id=self.ids.run_id,
            workflow_id=self.ids.workflow_id,
            status=status,
            outputs=_json(outputs),
            error=error,
            elapsed_s=round(now - self._began, 6),
            total_tokens=tokens,
            total_steps=steps,
            exceptions_count=exceptions,
            created_at=int(self._began),
            finished_at=int(now),
        )
        if self.ids.chat:
            yield self._end_of_chat(status, error)

    def _end_of_chat(self, status: str, error: str) -> ev.Event:
        """What follows in a chatflow: an error after a failure, else the end of the message."""
        if status == "failed":
            return ev.ErrorEvent(
                **self._ids(), status=400, code="invalid_param", message=f"Run failed: {error}"
            )
        metadata: Json = {"annotation_reply": None, "retriever_resources": [], "usage": self._usage}
        return ev.MessageEnd(**self._flat(), metadata=metadata)

    def _flat(self) -> dict[str, Any]:
        """The common fields of chat events."""
        extra = {"id": self.ids.chat["message_id"], "created_at": int(self._began)}
        return {**self._ids(), **self.ids.chat, "extra": extra}

    def _node(self, event: base.NodeEvent, start_at: datetime | None = None) -> dict[str, Any]:
        owner = self.flow.nodes.get(event.container_id)
        kind = owner.type if owner else ""
        title = getattr(event, "node_title", None)
        if title is not None:
            self._titles[event.id] = title
        return {
            **self._ids(),
            "execution_id": event.id,
            "node_id": event.node_id,
            "node_type": str(event.node_type),
            "title": self._titles.get(event.id) or self._title(event.node_id),
            "iteration_id": event.container_id if kind == "iteration" else "",
            "loop_id": event.container_id if kind == "loop" else "",
            "created_at": int(_seconds(start_at)) if start_at else None,
        }

    def _title(self, node_id: str) -> str:
        return self.flow.nodes[node_id].title if node_id in self.flow.nodes else ""

    def _of_node(self, event: base.NodeEvent) -> Iterator[ev.Event]:
        if event.node_type in _CONTAINERS and isinstance(event, _SAID_OTHERWISE):
            return
        match event:
            case node.NodeRunRetryEvent():  # before NodeRunStartedEvent: it is one
                yield ev.NodeRetry(**self._result(event, "retry"), retry_index=event.retry_index)
            case node.NodeRunStartedEvent():
                yield ev.NodeStarted(**self._node(event, event.start_at))
            case node.NodeRunStreamChunkEvent():
                yield self._chunk(event)
            case node.NodeRunReasoningChunkEvent():
                yield ev.ReasoningChunk(
                    **self._ids(), reasoning=event.chunk, node_id=event.node_id, is_final=event.is_final
                )
            case node.NodeRunSucceededEvent():
                yield self._succeeded(event)
            case node.NodeRunFailedEvent():
                yield ev.NodeFinished(**self._result(event, "failed"))
            case node.NodeRunExceptionEvent():
                self._handled += 1
                yield ev.NodeFinished(**self._result(event, "exception"))
            case _:
                yield from self._of_container(event)

    def _chunk(self, event: node.NodeRunStreamChunkEvent) -> ev.Event:
        selector = tuple(event.selector)
        if self.ids.chat:
            return ev.Message(**self._flat(), answer=event.chunk, selector=selector)
        return ev.TextChunk(**self._ids(), text=event.chunk, selector=selector)

    def _succeeded(self, event: node.NodeRunSucceededEvent) -> ev.NodeFinished:
        finished = ev.NodeFinished(**self._result(event, "succeeded"))
        if event.node_id == self.flow.start_id:
            # The engine shows the whole pool here, secrets among it; Dify: the inputs and `sys.*`.
            return replace(finished, inputs=self.start_inputs, outputs=self.start_inputs)
        usage = finished.outputs.get("usage")
        if isinstance(usage, Mapping):
            self._usage = _added(self._usage, usage)
        return finished

    def _result(self, event: Any, status: str) -> dict[str, Any]:  # noqa: ANN401  # node events with a result
        result = event.node_run_result
        finished = getattr(event, "finished_at", None)
        inputs, process_data = _json(result.inputs), _json(result.process_data)
        model = {key: inputs.pop(key) for key in _MODEL_KEYS if key in inputs}
        if str(event.node_type) == "llm":
            inputs = {key: value for key, value in inputs.items() if key in _SHOWN_OF_LLM}
        end = _seconds(finished) if finished else time.time()
        return {
            **self._node(event, event.start_at),
            "status": status,
            "inputs": inputs,
            "process_data": {**model, **process_data},
            "outputs": _json(result.outputs),
            "error": getattr(event, "error", "") or result.error,
            "elapsed_s": round(max(end - _seconds(event.start_at), 0.0), 6),
            "metadata": _json(result.metadata),
            "finished_at": int(end),
        }

    def _of_container(self, event: base.NodeEvent) -> Iterator[ev.Event]:
        if self._is_empty(event):
            return
        match event:
            case iteration.NodeRunIterationStartedEvent():
                yield ev.IterationStarted(**self._started(event))
            case iteration.NodeRunIterationNextEvent():
                yield ev.IterationNext(**self._node(event), index=event.index)
            case iteration.NodeRunIterationSucceededEvent():
                yield ev.IterationCompleted(**self._completed(event, "succeeded"))
            case iteration.NodeRunIterationFailedEvent():
                yield ev.IterationCompleted(**self._completed(event, "failed"))
            case loop.NodeRunLoopStartedEvent():
                yield ev.LoopStarted(**self._started(event))
            case loop.NodeRunLoopNextEvent():
                yield ev.LoopNext(**self._node(event), index=event.index)
            case loop.NodeRunLoopSucceededEvent():
                yield ev.LoopCompleted(**self._completed(event, "succeeded"))
            case loop.NodeRunLoopFailedEvent():
                yield ev.LoopCompleted(**self._completed(event, "failed"))
            case _:
                pass

    def _is_empty(self, event: base.NodeEvent) -> bool:
        """True for an iteration over an empty list, of which Dify 1.12.1 says nothing at all."""
        match event:
            case iteration.NodeRunIterationStartedEvent() if event.metadata.get("iteration_length") == 0:
                self._empty.add(event.id)
            case _:
                pass
        return event.id in self._empty

    def _started(self, event: Any) -> dict[str, Any]:  # noqa: ANN401  # the two started events
        return {
            **self._node(event, event.start_at),
            "inputs": _json(event.inputs),
            "metadata": _json(event.metadata),
        }

    def _completed(self, event: Any, status: str) -> dict[str, Any]:  # noqa: ANN401  # the four ends
        metadata = _json(event.metadata)
        fields = self._node(event, event.start_at)
        more = {"inputs": _json(event.inputs), "execution_metadata": metadata}
        tokens = metadata.get("total_tokens")
        return {
            **fields,
            "extra": {**fields["extra"], **more},
            "status": status,
            "outputs": _json(event.outputs),
            "error": getattr(event, "error", ""),
            "elapsed_s": round(max(time.time() - _seconds(event.start_at), 0.0), 6),
            "steps": event.steps,
            "total_tokens": tokens if isinstance(tokens, int) else 0,
        }


_LATE = ("sys.timestamp", "sys.conversation_id")  # known to the start node, not yet to `workflow_started`


def _json(values: Mapping[Any, object]) -> Json:
    return {str(key): _ENCODER.value_to_json_encodable_recursive(value) for key, value in values.items()}


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()  # the engine's times are UTC and do not say so


def _added(total: Json, usage: Mapping[str, object]) -> Json:
    """Two usages; numbers of tokens add up, the rest is the later one's."""
    merged = {**total, **usage}
    for key in ("prompt_tokens", "completion_tokens", "total_tokens"):
        before, now = total.get(key), usage.get(key)
        if isinstance(before, int) and isinstance(now, int):
            merged[key] = before + now
    return merged
