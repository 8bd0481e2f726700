"""Stopping a run, and its clock: at once, and with nothing left running."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from difyflow.records import events as ev

SOON_S = 20.0  # far less than anything the tests wait for, more than a busy machine needs


def begin(local: Any, data: Any, inputs: Any = None, **settings: Any) -> Any:
    return local.open(data, **settings).start(inputs or {}, user="u1")


def stop_at(run: Any, reached: Any) -> tuple[list[ev.Event], float]:
    """The events of a run that is stopped when one of them is reached, and how long the end took."""
    events, asked = [], None
    for event in run.events():
        events.append(event)
        if asked is None and reached(event):
            asked = time.monotonic()
            threading.Thread(target=run.stop).start()
    assert asked is not None
    return events, time.monotonic() - asked


def assert_stopped(run: Any, events: list[ev.Event], node_id: str) -> None:
    assert (events[-1].status, events[-1].error) == ("stopped", "Stopped by user.")
    assert run.result().status == "stopped"
    assert not [one for one in events if isinstance(one, ev.NodeFinished) and one.node_id == node_id]


def is_started(node_id: str) -> Any:
    return lambda event: isinstance(event, ev.NodeStarted) and event.node_id == node_id


@pytest.mark.parametrize("silent", ["before the first byte", "in the middle"])
def test_a_stop_wakes_a_model_that_says_nothing(
    local: Any, flows: Any, model_server: Any, answers: Any, silent: str
) -> None:
    fault = {"headers_after_s": 60.0} if silent == "before the first byte" else {"hang_at": 200}
    server = model_server(answers.says("一", "二", **fault))
    run = begin(local, flows.question(), {"q": "x"}, model_endpoint=server.base_url)
    first = is_started("llm") if "headers_after_s" in fault else lambda one: isinstance(one, ev.TextChunk)
    events, took = stop_at(run, first)
    assert took < SOON_S
    assert_stopped(run, events, "llm")
    run.join(SOON_S)
    assert not [thread for thread in threading.enumerate() if "difyflow-run" in thread.name]


def test_a_stop_ends_code_that_never_would(local: Any, flows: Any) -> None:
    code = {
        "id": "c",
        "type": "code",
        "title": "C",
        "code_language": "python3",
        "code": "def main():\n    while True: pass",
        "variables": [],
        "outputs": {},
    }
    run = begin(local, flows.chain(code))
    events, took = stop_at(run, is_started("c"))
    assert took < SOON_S
    assert_stopped(run, events, "c")


def test_a_stop_wakes_a_request_that_gets_no_answer(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("x", headers_after_s=60.0))
    request = {
        "id": "h",
        "type": "http-request",
        "title": "H",
        "method": "post",
        "url": f"{server.base_url}/chat/completions",
        "authorization": {"type": "no-auth", "config": None},
        "headers": "",
        "params": "",
        "body": {"type": "none", "data": []},
    }
    run = begin(local, flows.chain(request), allow_private_network=True)
    events, took = stop_at(run, is_started("h"))
    assert took < SOON_S
    assert_stopped(run, events, "h")


def test_a_stop_ends_a_template_that_never_would(local: Any, flows: Any) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    template = {"id": "t", "type": "template-transform", "title": "T", "template": loops, "variables": []}
    run = begin(local, flows.chain(template))
    events, took = stop_at(run, is_started("t"))
    assert took < SOON_S
    assert_stopped(run, events, "t")


def test_two_stops_are_one(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    server = model_server(answers.says("x", headers_after_s=60.0))
    run = begin(local, flows.question(), {"q": "x"}, model_endpoint=server.base_url)
    for event in run.events():
        if is_started("llm")(event):
            run.stop()
            run.stop()
    assert run.result().status == "stopped"


def test_a_stop_after_the_end_changes_nothing(local: Any, flows: Any) -> None:
    run = begin(local, flows.question(), {"q": "one two three four."})
    list(run.events())
    run.stop()
    assert run.result().status == "succeeded"


def test_leaving_the_events_early_stops_the_run(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("一", "二", hang_at=200))
    run = begin(local, flows.question(), {"q": "x"}, model_endpoint=server.base_url)
    for event in run.events():
        if isinstance(event, ev.TextChunk):
            break
    run.join(SOON_S)
    assert run.result().status == "stopped"


def test_the_time_limit_holds_inside_a_node(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    server = model_server(answers.says("x", headers_after_s=60.0))
    began = time.monotonic()
    events, result = local.run(flows.question(), {"q": "x"}, model_endpoint=server.base_url, max_time_s=0.3)
    assert time.monotonic() - began < 0.3 + SOON_S
    assert result.status == "failed"
    assert result.error.startswith("Aborted: Maximum execution time exceeded: 0.")
    assert events[-1].status == "failed"


def test_the_step_limit_holds(local: Any, recorded_flow: Any) -> None:
    result = local.result(recorded_flow("loop"), {"text": "x"}, max_steps=4)
    assert result.status == "failed"
    assert "Maximum execution steps exceeded" in result.error


def test_closing_the_backend_stops_what_runs(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    server = model_server(answers.says("x", headers_after_s=60.0))
    backend = local.open(flows.question(), model_endpoint=server.base_url)
    run = backend.start({"q": "x"}, user="u1")
    seen = run.events()
    while not is_started("llm")(next(seen)):
        pass
    backend.close()
    assert [one.status for one in seen if isinstance(one, ev.WorkflowFinished)] == ["stopped"]


def test_many_runs_at_once_do_not_mix(local: Any, flows: Any) -> None:
    backend = local.open(flows.question())
    runs = [backend.start({"q": f"This is question number {n}."}, user=f"u{n}") for n in range(12)]
    results: dict[int, str] = {}

    def drain(number: int) -> None:
        list(runs[number].events())
        results[number] = str(runs[number].result().outputs["text"])

    threads = [threading.Thread(target=drain, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: f"This is question number {n}." for n in range(12)}
