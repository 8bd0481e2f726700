import pytest

from difyflow.errors import ReadError
from difyflow.records import events as ev
from difyflow.records.result import RunStatus
from difyflow.run.backends.replay import open_backend
from difyflow.terms.form import FormField


def run(backend, **options):
    started = backend.start({"a": 1}, user="u", **options)
    return list(started.events()), started.result()


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("0.15.3", "service/07-run-streaming.sse"),
        ("1.12.1", "run/seed-streaming.body"),
        ("1.15-dev", "run/seed-streaming.body"),
    ],
)
def test_a_recorded_stream_is_told_as_typed_events_and_a_result(root, version, path):
    backend = open_backend(file=root / "tests/recordings" / version / path)

    events, result = run(backend)

    assert isinstance(events[-1], ev.WorkflowFinished)
    assert result.status is RunStatus.SUCCEEDED and result.outputs["text"] and result.backend == "replay"


def test_events_made_by_hand_are_told_in_every_run():
    told = [
        ev.WorkflowStarted(workflow_run_id="r"),
        ev.WorkflowFinished(status="succeeded", outputs={"x": 1}),
    ]
    backend = open_backend(events=iter(told), form=[FormField(variable="a", type="number")])

    assert run(backend)[0] == told and run(backend)[1].outputs == {"x": 1}
    assert backend.form()[0].variable == "a" and backend.header().backend == "replay"
    assert [inputs["a"] for inputs in backend.started] == [1, 1]


def test_what_it_was_started_with_can_be_looked_at():
    backend = open_backend(events=[])

    run(backend, query="hello")

    assert backend.started == [{"a": 1, "sys.user_id": "u", "sys.query": "hello"}]


def test_a_stop_ends_the_run_as_stopped():
    backend = open_backend(
        events=[ev.WorkflowStarted(workflow_run_id="r", task_id="t"), ev.TextChunk(text="a")]
    )
    started = backend.start({}, user="u")
    events = started.events()
    next(events)
    started.stop()

    assert [event.status for event in events] == ["stopped"]
    assert started.result().status is RunStatus.STOPPED and started.result().run_id == "r"


def test_a_file_that_is_no_stream_is_a_read_error(tmp_path):
    (tmp_path / "x.sse").write_text("data: {broken\n\n")

    with pytest.raises(ReadError, match="event 1"):
        open_backend(file=tmp_path / "x.sse")
    with pytest.raises(ReadError, match="cannot be read"):
        open_backend(file=tmp_path / "missing.sse")


def test_events_and_file_together_are_refused():
    with pytest.raises(ValueError, match="events or a file"):
        open_backend()
