"""The typed events of a run: the same from a Dify server and from the local engine.

Names and fields are those of Dify's event stream (Service API of 0.15.3 to 1.16). A field whose Python name
differs from Dify's carries Dify's key in its metadata. What a newer server adds is kept in `extra`, an event
that we do not know becomes `UnknownEvent`; neither is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Literal


def _key(name: str, default: object) -> Any:  # noqa: ANN401  # typed as dataclasses.field is
    return field(default=default, metadata={"key": name})


def _map(name: str) -> Any:  # noqa: ANN401  # as above
    return field(default_factory=dict, metadata={"key": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events.

    Attributes:
        task_id: id for the stop call; on a reattached stream of Dify 1.15 it may be the run id instead.
        workflow_run_id: id of the run; empty while the server does not say it.
        extra: keys of the event that have no field here, as the server sent them.
    """

    EVENT: ClassVar[str] = ""
    FLAT: ClassVar[bool] = False  # the fields stand beside `event`, not under `data`

    task_id: str = ""
    workflow_run_id: str = ""
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Event):
    """Keep-alive; on the wire a bare `event: ping` without data."""

    EVENT: ClassVar[str] = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """An event that this version does not know; `name` is Dify's, everything else stands in `extra`."""

    FLAT: ClassVar[bool] = True

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStarted(Event):
    """The run exists. `reason` is `initial` or `resumption` (1.13+), else empty."""

    EVENT: ClassVar[str] = "workflow_started"

    id: str = ""
    workflow_id: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    created_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEvent(Event):
    """Common part of node events. Pair by `execution_id`: `node_id` repeats inside containers.

    Attributes:
        iteration_id, loop_id: id of the container that the node runs in, else empty.
    """

    execution_id: str = _key("id", "")
    node_id: str = ""
    node_type: str = ""
    title: str = ""
    iteration_id: str = ""
    loop_id: str = ""
    created_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(NodeEvent):
    """A node began."""

    EVENT: ClassVar[str] = "node_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(NodeEvent):
    """A node ended.

    Attributes:
        status: `succeeded`, `failed`, `exception` (failed but handled), `stopped`, `paused`.
        elapsed_s: seconds.
        metadata: Dify's `execution_metadata`; `total_tokens` is in it.
    """

    EVENT: ClassVar[str] = "node_finished"

    status: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)
    process_data: Mapping[str, object] = field(default_factory=dict)
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    elapsed_s: float = _key("elapsed_time", 0.0)
    metadata: Mapping[str, object] = _map("execution_metadata")
    finished_at: float | None = None

    @property
    def total_tokens(self) -> int:
        """Tokens that the node used; 0 when it used none or the server does not say."""
        tokens = self.metadata.get("total_tokens")
        return tokens if isinstance(tokens, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRetry(NodeFinished):
    """A try of a node failed and another follows; not final. `retry_index` counts from 1."""

    EVENT: ClassVar[str] = "node_retry"

    retry_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEvent(NodeEvent):
    """An iteration or a loop; they have no `node_started` and `node_finished`."""

    KIND: ClassVar[Literal["iteration", "loop"]]

    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStarted(ContainerEvent):
    """The container began."""

    inputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerNext(ContainerEvent):
    """A round begins; `index` counts from 0 (loops send none for round 0)."""

    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerCompleted(ContainerEvent):
    """The container ended; `steps` is the number of rounds."""

    status: str = ""
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    elapsed_s: float = _key("elapsed_time", 0.0)
    steps: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationStarted(ContainerStarted):
    """`iteration_started`."""

    EVENT: ClassVar[str] = "iteration_started"
    KIND: ClassVar[Literal["iteration", "loop"]] = "iteration"


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationNext(ContainerNext):
    """`iteration_next`."""

    EVENT: ClassVar[str] = "iteration_next"
    KIND: ClassVar[Literal["iteration", "loop"]] = "iteration"


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationCompleted(ContainerCompleted):
    """`iteration_completed`."""

    EVENT: ClassVar[str] = "iteration_completed"
    KIND: ClassVar[Literal["iteration", "loop"]] = "iteration"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStarted(ContainerStarted):
    """`loop_started`."""

    EVENT: ClassVar[str] = "loop_started"
    KIND: ClassVar[Literal["iteration", "loop"]] = "loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopNext(ContainerNext):
    """`loop_next`."""

    EVENT: ClassVar[str] = "loop_next"
    KIND: ClassVar[Literal["iteration", "loop"]] = "loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCompleted(ContainerCompleted):
    """`loop_completed`."""

    EVENT: ClassVar[str] = "loop_completed"
    KIND: ClassVar[Literal["iteration", "loop"]] = "loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChunk(Event):
    """A piece of the output text; the joined pieces equal the output only if there is exactly one output."""

    EVENT: ClassVar[str] = "text_chunk"

    text: str = ""
    selector: tuple[str, ...] = _key("from_variable_selector", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReplace(Event):
    """`text` replaces all output text so far."""

    EVENT: ClassVar[str] = "text_replace"

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningChunk(Event):
    """A piece of a model's reasoning (1.15+)."""

    EVENT: ClassVar[str] = "reasoning_chunk"

    reasoning: str = ""
    node_id: str = ""
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLog(Event):
    """A step of an agent node; the same `id` comes again with a new status."""

    EVENT: ClassVar[str] = "agent_log"

    id: str = ""
    node_id: str = ""
    label: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEvent(Event):
    """Common part of chatflow events that keep their fields at the top level."""

    FLAT: ClassVar[bool] = True

    message_id: str = ""
    conversation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(ChatEvent):
    """A piece of a chatflow's answer."""

    EVENT: ClassVar[str] = "message"

    answer: str = ""
    selector: tuple[str, ...] = _key("from_variable_selector", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReplace(ChatEvent):
    """`answer` replaces the whole answer so far."""

    EVENT: ClassVar[str] = "message_replace"

    answer: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnd(ChatEvent):
    """The answer is complete. Before 1.15 it follows `workflow_finished`, from then on it precedes it."""

    EVENT: ClassVar[str] = "message_end"

    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanInputRequired(Event):
    """The run waits for a person (1.13+); `form_token` is empty where the API cannot answer the form."""

    EVENT: ClassVar[str] = "human_input_required"

    form_id: str = ""
    form_token: str = ""
    node_id: str = ""
    node_title: str = ""
    form_content: str = ""
    expiration_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPaused(Event):
    """The run is alive and waits; the stream ends here."""

    EVENT: ClassVar[str] = "workflow_paused"

    status: str = "paused"
    outputs: Mapping[str, object] = field(default_factory=dict)
    elapsed_s: float = _key("elapsed_time", 0.0)
    total_tokens: int = 0
    total_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFinished(Event):
    """The run ended.

    Attributes:
        status: `succeeded`, `failed`, `stopped`, `partial-succeeded`.
        elapsed_s: seconds.
    """

    EVENT: ClassVar[str] = "workflow_finished"

    id: str = ""
    workflow_id: str = ""
    status: str = ""
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    elapsed_s: float = _key("elapsed_time", 0.0)
    total_tokens: int = 0
    total_steps: int = 0
    exceptions_count: int = 0
    created_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(Event):
    """The stream ends with an error outside the graph; `code` may be empty (1.15)."""

    EVENT: ClassVar[str] = "error"
    FLAT: ClassVar[bool] = True

    status: int = 0
    code: str = ""
    message: str = ""


_ALL: tuple[type[Event], ...] = (
    Ping,
    WorkflowStarted,
    NodeStarted,
    NodeFinished,
    NodeRetry,
    IterationStarted,
    IterationNext,
    IterationCompleted,
    LoopStarted,
    LoopNext,
    LoopCompleted,
    TextChunk,
    TextReplace,
    ReasoningChunk,
    AgentLog,
    Message,
    MessageReplace,
    MessageEnd,
    HumanInputRequired,
    WorkflowPaused,
    WorkflowFinished,
    ErrorEvent,
)
_BY_NAME = {cls.EVENT: cls for cls in _ALL}
_MOST = 1e300  # an integer of JSON can be larger than any float
_ENVELOPE = ("event", "task_id", "workflow_run_id")


def is_terminal(event: Event, *, chat: bool = False) -> bool:
    """True if the stream says nothing more; neither of a chatflow's two end events is final alone."""
    if isinstance(event, ErrorEvent | WorkflowPaused):
        return True
    return isinstance(event, WorkflowFinished) and not chat


def _fields_of(cls: type[Event]) -> tuple[tuple[str, str, object], ...]:
    """(attribute, Dify's key, default) of the fields that are not part of the envelope."""

    def default(item: Field[object]) -> object:
        return item.default_factory() if item.default_factory is not MISSING else item.default

    return tuple(
        (item.name, item.metadata.get("key", item.name), default(item))
        for item in fields(cls)
        if item.name not in ("task_id", "workflow_run_id", "extra")
    )


_FIELDS = {cls: _fields_of(cls) for cls in (*_ALL, UnknownEvent)}
_KNOWN = {cls: {key: (name, default) for name, key, default in fields} for cls, fields in _FIELDS.items()}


def _fit(value: object, default: object) -> tuple[bool, object]:
    """Whether a value of the wire fits a field with this default, and the value in the field's type."""
    if default is None:
        return isinstance(value, int | float) and not isinstance(value, bool), value
    if isinstance(default, tuple):
        ok = isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        return ok, tuple(value) if ok else default  # type: ignore[arg-type]  # checked on the left
    if isinstance(default, bool):
        return isinstance(value, bool), value
    if isinstance(default, float):
        ok = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST
        return ok, float(value) if ok else default  # type: ignore[arg-type]  # checked on the left
    if isinstance(default, int):
        return isinstance(value, int) and not isinstance(value, bool), value
    if isinstance(default, str):
        return isinstance(value, str), value
    return isinstance(value, Mapping), value


def decode(payload: Mapping[str, object]) -> Event:
    """One event from the JSON object of Dify's stream.

    Never fails: null and missing values become the field's default, a value of an unexpected type stays in
    `extra` under its own key, an unknown event becomes `UnknownEvent`.
    """
    name = payload.get("event")
    task_id, run_id = payload.get("task_id"), payload.get("workflow_run_id")
    ids = {
        "task_id": task_id if isinstance(task_id, str) else "",
        "workflow_run_id": run_id if isinstance(run_id, str) else "",
    }
    cls = _BY_NAME.get(name) if isinstance(name, str) else None
    body: Mapping[str, object] = {key: value for key, value in payload.items() if key not in _ENVELOPE}
    if cls is None:
        return UnknownEvent(**ids, name=name if isinstance(name, str) else "", extra=body)
    if not cls.FLAT and isinstance(data := body.get("data"), Mapping):
        # Chatflows repeat the ids of message and conversation beside `data`.
        body = (
            {**{key: value for key, value in body.items() if key != "data"}, **data}
            if len(body) > 1
            else data
        )
    values: dict[str, object] = {}
    extra: dict[str, object] = {}
    known = _KNOWN[cls]
    for key, value in body.items():
        if key not in known:
            extra[key] = value
            continue
        attribute, default = known[key]
        if type(value) is type(default):  # by far the most frequent case
            values[attribute] = value
        elif value is not None:
            fits, fitted = _fit(value, default)
            if fits:
                values[attribute] = fitted
            else:
                extra[key] = value
    return cls(**ids, **values, extra=extra)  # type: ignore[arg-type]  # each value was fitted to its field


def encode(event: Event) -> dict[str, object]:
    """The JSON object as Dify would send it; `decode(encode(event)) == event`."""
    body = dict(event.extra)
    for attribute, key, default in _FIELDS[type(event)]:
        value = getattr(event, attribute)
        if isinstance(event, UnknownEvent) or value is None or key in event.extra:
            continue  # a key in `extra` came with a value that did not fit
        body[key] = list(value) if isinstance(default, tuple) else value
    name = event.name if isinstance(event, UnknownEvent) else event.EVENT
    head: dict[str, object] = {"event": name}
    head.update({key: getattr(event, key) for key in _ENVELOPE[1:] if getattr(event, key)})
    if event.FLAT:
        return {**head, **body}
    return {**head, "data": body} if body else head
