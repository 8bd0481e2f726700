import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.client.sse import Decoder, payload
from difyflow.records import events as ev
from difyflow.records.result import RunStatus, Tally


def told(loopback, version, name):
    decoder = Decoder()
    body = loopback.load(version, name).body
    return [ev.decode(payload(frame)) for frame in [*decoder.feed(body), *decoder.end()]]


def result_of(loopback, version, name):
    return Tally().add_all(told(loopback, version, name)).result()


@pytest.mark.parametrize(
    ("version", "name", "status", "said"),
    [
        ("0.15.3", "service/07-run-streaming", "succeeded", ""),
        ("0.15.3", "service/20-run-streaming-stopped", "stopped", "Stopped by user."),
        ("0.15.3", "llm-errors/429-streaming", "failed", "status code 429"),
        ("0.15.3", "flows/error-default-value-streaming", "partial-succeeded", ""),
        ("0.15.3", "flows/iteration-streaming", "succeeded", ""),
        ("0.15.3", "service/29-run-streaming-client-closed", "unknown", ""),
        ("1.12.1", "run/seed-streaming", "succeeded", ""),
        ("1.12.1", "run/stop-streaming", "stopped", "Stopped by user."),
        ("1.12.1", "errors/invalid-graph-dangling-edge-streaming", "failed", "[MISSING_NODE]"),
        ("1.12.1", "chat/streaming", "succeeded", ""),
        ("1.12.1", "chat/streaming-llm-fail", "failed", "[models] Server Unavailable"),
        ("1.15-dev", "run/seed-streaming", "succeeded", ""),
        ("1.15-dev", "run/stop-streaming", "failed", "Aborted: User requested stop"),
        ("1.15-dev", "stream/missing-input-full", "failed", "trigger is required"),
        ("1.15-dev", "human-input/run-streaming", "paused", ""),
        ("1.15-dev", "stream/idle-300s-reattach-snapshot", "unknown", ""),
        ("1.15-dev", "stream/no-worker-full", "unknown", ""),
    ],
)
def test_a_recorded_stream_folds_into_the_status_and_message_of_its_end(
    loopback, version, name, status, said
):
    result = result_of(loopback, version, name)

    assert result.status is RunStatus(status)
    assert said in result.error and bool(result.error) is bool(said)
    json.dumps(result.to_json())


def test_success_is_also_a_handled_failure_and_a_pause():
    assert {status for status in RunStatus if status.ok} == {
        RunStatus.SUCCEEDED,
        RunStatus.PARTIAL_SUCCEEDED,
        RunStatus.PAUSED,
    }


def test_nodes_are_paired_by_execution_and_know_their_model_and_tokens(loopback):
    result = result_of(loopback, "1.12.1", "run/seed-streaming")

    assert [node.node_type for node in result.nodes] == ["start", "document-extractor", "code", "llm", "end"]
    llm = result.nodes[3]
    assert llm.status == "succeeded" and llm.model and llm.finish_reason == "stop" and llm.total_tokens > 0
    assert result.models == (llm.model,) and not result.truncated and result.warnings == ()


def test_a_model_stream_that_broke_off_is_a_warning(loopback):
    result = result_of(loopback, "0.15.3", "llm-errors/stream-cut-halfway-streaming")

    assert result.status is RunStatus.SUCCEEDED and result.truncated
    assert any("no finish reason" in warning for warning in result.warnings)


def test_a_handled_failure_names_the_node_that_failed(loopback):
    result = result_of(loopback, "1.12.1", "run/error-strategies-handled-streaming")

    assert any("a failure was handled in" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "flows/retry-code-streaming"),
        ("1.12.1", "errors/retry-then-fail-streaming"),
        ("1.15-dev", "errors/retry-then-fail-streaming"),
    ],
)
def test_retries_are_counted(loopback, version, name):
    assert max(node.retries for node in result_of(loopback, version, name).nodes) >= 1


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "flows/iteration-streaming"),
        ("1.12.1", "run/loop-streaming"),
        ("1.15-dev", "run/loop-streaming"),
    ],
)
def test_nodes_inside_a_container_name_it_and_it_ends_too(loopback, version, name):
    nodes = result_of(loopback, version, name).nodes

    (container,) = [node for node in nodes if node.node_type in ("iteration", "loop")]
    inside = [node for node in nodes if node.container_id]
    assert container.status == "succeeded" and inside
    assert {node.container_id for node in inside} == {container.node_id}


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_chatflow_has_answer_and_conversation_also_when_it_fails(loopback, version):
    good = result_of(loopback, version, "chat/streaming")
    bad = result_of(loopback, version, "chat/streaming-llm-fail")

    assert good.answer == good.outputs["answer"] and good.conversation_id and good.run_id
    assert bad.conversation_id and bad.answer == ""


def test_the_end_is_the_first_one_and_nothing_after_it_changes_it():
    tally = Tally().add_all(
        [
            ev.WorkflowFinished(status="failed", error="first"),
            ev.ErrorEvent(message="Run failed: first", code="invalid_param"),
            ev.WorkflowFinished(status="succeeded"),
        ]
    )

    assert tally.ended and tally.result().status is RunStatus.FAILED and tally.result().error == "first"


def test_a_status_that_nobody_knows_is_unknown_and_said():
    result = Tally().add_all([ev.WorkflowFinished(status="exploded")]).result()

    assert result.status is RunStatus.UNKNOWN and "exploded" in result.error


def test_message_replace_replaces_the_whole_answer():
    told = [
        ev.Message(answer="a"),
        ev.Message(answer="b"),
        ev.MessageReplace(answer="c"),
        ev.Message(answer="d"),
    ]

    assert Tally().add_all(told).result().answer == "cd"


def test_a_run_with_the_responder_says_demo_wherever_it_goes():
    told = [
        ev.NodeFinished(
            execution_id="1",
            node_type="llm",
            status="succeeded",
            process_data={"model_name": "demo"},
            outputs={"finish_reason": "stop"},
        ),
        ev.WorkflowFinished(status="succeeded"),
    ]

    assert Tally().add_all(told).result().to_json()["model"] == "demo"


@given(st.permutations(range(9)), st.data())
def test_telling_an_event_twice_changes_no_result(order, data):
    events = [
        ev.WorkflowStarted(workflow_run_id="r", task_id="t"),
        *[ev.NodeStarted(execution_id=str(n), node_id=str(n)) for n in range(4)],
        *[ev.NodeFinished(execution_id=str(n), node_id=str(n), status="succeeded") for n in range(4)],
    ]
    shuffled = [events[n] for n in order]
    once = Tally().add_all(events).result()
    again = data.draw(st.sampled_from(range(5, 9)))

    assert Tally().add_all([*events, events[again]]).result() == once
    assert len(Tally().add_all(shuffled).result().nodes) == 4
