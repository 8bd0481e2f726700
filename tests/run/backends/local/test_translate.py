"""The events of a local run are those that Dify 1.12.1 sent for the same workflow and the same answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from difyflow.records import events as ev
from difyflow.terms.form import LocalFile

_COMPARED = (
    "node_id",
    "node_type",
    "title",
    "status",
    "text",
    "answer",
    "selector",
    "index",
    "retry_index",
    "iteration_id",
    "loop_id",
    "steps",
    "exceptions_count",
    "total_steps",
    "code",
)
_SENTENCE = "回答:{}。这是一段较短的回复,用来说明流式输出。"


def shape(event: ev.Event) -> tuple[Any, ...]:
    """An event without ids, times and values."""
    return (type(event).__name__, *((name, getattr(event, name, None)) for name in _COMPARED))


def assert_same(ours: list[ev.Event], theirs: list[ev.Event]) -> None:
    """The same events in the same order, and the same outputs.

    Text that does not come from a model is shown when the engine looks at it, which is a matter of
    milliseconds: so the texts are compared among themselves.
    """
    for wanted in (True, False):
        mine, its = (
            [shape(one) for one in events if isinstance(one, ev.TextChunk | ev.Message) is wanted]
            for events in (ours, theirs)
        )
        assert mine == its
    assert outputs(ours) == outputs(theirs)


def in_any_order(events: Iterable[ev.Event]) -> list[Any]:
    return sorted(map(str, map(shape, events)))


def outputs(events: Iterable[ev.Event]) -> list[tuple[str, Any]]:
    """What the nodes gave, apart from what no second run repeats."""
    finished = [one for one in events if isinstance(one, ev.NodeFinished | ev.ContainerCompleted)]
    return [(one.node_id, _plain(one)) for one in finished if one.node_type != "start"]


def _plain(event: Any) -> Any:
    return {key: value for key, value in event.outputs.items() if key not in ("usage", "error_message")}


def replay(local: Any, recording: Any, data: Any, name: str, **settings: Any) -> list[ev.Event]:
    request = recording("1.12.1", name).request
    query = request.get("query", "")
    return local.run(data, request["inputs"], query=query, **settings)[0]


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        ("loop", "run/loop-streaming"),
        ("iteration-remove-abnormal", "run/iteration-remove-abnormal-streaming"),
        ("iteration-remove-abnormal", "run/iteration-empty-list-streaming"),
        ("retry", "errors/retry-then-fail-streaming"),
        ("flow", "run/flow-streaming-else"),
    ],
)
def test_the_same_events_in_the_same_order(
    local: Any, recording: Any, recorded_flow: Any, recorded_events: Any, flow: str, name: str
) -> None:
    ours, theirs = replay(local, recording, recorded_flow(flow), name), recorded_events(name)
    assert_same(ours, theirs)


def test_an_iteration_over_a_model(
    local: Any, recording: Any, recorded_flow: Any, recorded_events: Any, model_server: Any, answers: Any
) -> None:
    lines = ("学而时习之", "有朋自远方来", "人不知而不愠")
    server = model_server(*(answers.says(_SENTENCE.format(line)) for line in lines))
    name = "run/flow-streaming-iteration"
    ours = replay(local, recording, recorded_flow("flow"), name, model_endpoint=server.base_url)
    theirs = recorded_events(name)
    assert_same(ours, theirs)
    assert prompts(ours) == prompts(theirs)


def prompts(events: Iterable[ev.Event]) -> list[Any]:
    """What the models were asked."""
    finished = (one for one in events if isinstance(one, ev.NodeFinished) and one.node_type == "llm")
    return [one.process_data["prompts"] for one in finished]


def test_a_chatflow_with_a_conversation_variable(
    local: Any, recording: Any, recorded_flow: Any, recorded_events: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("回答:讲讲学习。这是一段较短的回复,用来说明流式", "输出。"))
    ours = replay(
        local, recording, recorded_flow("chatflow"), "chat/streaming", model_endpoint=server.base_url
    )
    theirs = recorded_events("chat/streaming")
    assert_same(ours, theirs)
    assert {one.extra["conversation_id"] for one in ours if isinstance(one, ev.NodeEvent)} == {
        one.conversation_id for one in ours if isinstance(one, ev.ChatEvent)
    }


def test_a_chatflow_whose_model_fails(
    local: Any, recording: Any, recorded_flow: Any, recorded_events: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.refuses(503, "overloaded"))
    name = "chat/streaming-llm-fail"
    ours = replay(local, recording, recorded_flow("chatflow"), name, model_endpoint=server.base_url)
    assert list(map(shape, ours)) == list(map(shape, recorded_events(name)))
    assert ours[-1].message.startswith("Run failed: model 'Qwen/Qwen2.5-7B-Instruct' at http://127.0.0.1")


@pytest.mark.parametrize(
    ("name", "documents"),
    [
        ("run/seed-streaming", ("lunyu.txt", "lunyu.md")),
        ("run/seed-streaming-docx-pdf", ("lunyu.docx", "lunyu.pdf")),
    ],
)
def test_the_founding_case(
    local: Any,
    root: Path,
    seed: Any,
    recorded_events: Any,
    model_server: Any,
    answers: Any,
    name: str,
    documents: tuple[str, ...],
) -> None:
    theirs = recorded_events(name)
    said = [one.text for one in theirs if isinstance(one, ev.TextChunk) and one.text]
    server = model_server(answers.says(*said))
    folder = root / "tests" / "recordings" / "1.12.1" / "inputs" / "docs"
    files = [LocalFile(folder / document) for document in documents]
    inputs = {"attachments": files, "trigger": "你是当代大儒"}
    ours = local.run(seed, inputs, model_endpoint=server.base_url)[0]
    assert list(map(shape, ours)) == list(map(shape, theirs))
    assert outputs(ours) == outputs(theirs)
    assert prompts(ours) == prompts(theirs)


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        ("iteration-parallel-continue", "run/iteration-parallel-continue-streaming"),
        ("error-strategies", "run/error-strategies-handled-streaming"),
    ],
)
def test_what_runs_at_the_same_time_may_come_in_another_order(
    local: Any, recording: Any, recorded_flow: Any, recorded_events: Any, flow: str, name: str
) -> None:
    data = recorded_flow(flow)
    for node in data["workflow"]["graph"]["nodes"]:
        if "template" in node["data"]:  # it shows the end of a traceback, which is the code runner's own
            node["data"]["template"] = node["data"]["template"].replace("m[-12:]", "' status 255\\n'")
    ours, theirs = replay(local, recording, data, name), recorded_events(name)
    assert in_any_order(ours) == in_any_order(theirs)


def test_the_start_node_shows_inputs_and_sys_but_no_secret(local: Any, recorded_flow: Any) -> None:
    events = local.events(recorded_flow("flow"), {"text": "a", "lang": "zh"})
    start = next(one for one in events if isinstance(one, ev.NodeFinished))
    assert start.outputs == start.inputs
    assert {"text": "a", "lang": "zh", "count": None, "strict": False}.items() <= start.outputs.items()
    assert "sys.timestamp" in start.outputs
    assert "secret-env-value-42" not in str(events)


def test_the_ids_of_a_run_are_the_same_in_all_events(local: Any, flows: Any) -> None:
    events, result = local.run(flows.question(), {"q": "one two three four"})
    assert {one.workflow_run_id for one in events} == {result.run_id}
    assert {one.task_id for one in events} == {result.task_id}
    ids = [one.execution_id for one in events if isinstance(one, ev.NodeStarted)]
    assert ids == [one.execution_id for one in events if isinstance(one, ev.NodeFinished)]
    assert len(set(ids)) == 3


def test_events_survive_the_wire(local: Any, recorded_flow: Any) -> None:
    for event in local.events(recorded_flow("loop"), {"text": "x"}):
        assert ev.decode(ev.encode(event)) == event
