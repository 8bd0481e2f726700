"""Models over a real loopback endpoint: what is sent, what comes back, and every way to fail."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from difyflow.records import events as ev
from difyflow.terms.form import LocalFile

KEY = {"DIFYFLOW_MODEL_KEY": "sk-secret-123456"}


def ask(local: Any, flows: Any, server: Any, *, environ: Any = KEY, **node: Any) -> Any:
    url = server if isinstance(server, str) else server.base_url
    return local.result(flows.question(**node), {"q": "你好吗?"}, model_endpoint=url, environ=environ)


def test_the_answer_comes_in_pieces_with_usage_and_finish_reason(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("很", "好。"))
    data = flows.question()
    events, result = local.run(data, {"q": "你好吗?"}, model_endpoint=server.base_url)
    texts = [one.text for one in events if isinstance(one, ev.TextChunk)]
    assert texts[:2] == ["很", "好。"]
    assert result.outputs == {"text": "很好。"}
    assert (result.total_tokens, result.nodes[1].finish_reason, result.models) == (21, "stop", ("gpt-x",))


def test_the_request_carries_the_prompt_the_key_and_the_parameters(
    local: Any, flows: Any, model_server: Any
) -> None:
    server = model_server()
    parameters = {
        "temperature": 0.3,
        "max_tokens": 5,
        "enable_search": True,
        "stop": ["END"],
        "response_format": "json_object",
        "model": "another",
        "top_p": None,
    }
    result = ask(local, flows, server, model={"completion_params": parameters})
    assert result.ok
    body = server.asked[0]
    assert body["messages"] == [{"role": "user", "content": "你好吗?"}]
    assert body["model"] == "gpt-x"
    sent = {
        key: body[key] for key in ("temperature", "max_tokens", "enable_search", "stop", "response_format")
    }
    assert sent == {
        "temperature": 0.3,
        "max_tokens": 5,
        "enable_search": True,
        "stop": ["END"],
        "response_format": {"type": "json_object"},
    }
    assert "top_p" not in body
    assert body["stream_options"] == {"include_usage": True}
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer sk-secret-123456"
    assert not any("difyflow" in name or name.startswith("openai-") for name in headers)


def test_without_a_key_none_is_sent(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    assert ask(local, flows, server, environ={"OPENAI_API_KEY": "sk-of-openai"}).ok
    assert "authorization" not in server.requests[0].headers


def test_a_server_that_knows_no_stream_options_is_asked_again_without(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    refusal = answers.refuses(400, "Unknown parameter: stream_options")
    server = model_server(refusal, answers.says("ok", usage=False))
    assert ask(local, flows, server).outputs == {"text": "ok"}
    assert ["stream_options" in body for body in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, "InvokeAuthorizationError", "the key was refused (HTTP 401); check DIFYFLOW_MODEL_KEY"),
        (403, "InvokeAuthorizationError", "the key was refused (HTTP 403)"),
        (404, "InvokeBadRequestError", "the request was refused (HTTP 404)"),
        (429, "InvokeRateLimitError", "too many requests (HTTP 429; it asks to wait 7 s)"),
        (500, "InvokeServerUnavailableError", "the server failed (HTTP 500)"),
        (503, "InvokeServerUnavailableError", "the server failed (HTTP 503)"),
    ],
)
def test_a_refusal_fails_the_node_and_says_whose_it_is(
    local: Any, flows: Any, model_server: Any, answers: Any, status: int, kind: str, words: str
) -> None:
    server = model_server(answers.refuses(status, "bad luck with sk-secret-123456", Retry_After="7"))
    events, result = local.run(
        flows.question(error_strategy="fail-branch"),
        {"q": "x"},
        model_endpoint=server.base_url,
        environ=KEY,
    )
    failed = next(one for one in events if isinstance(one, ev.NodeFinished) and one.node_id == "llm")
    assert words in failed.error
    assert f"model 'gpt-x' at {server.base_url}" in failed.error
    assert "bad luck" in failed.error
    assert "sk-secret" not in json.dumps(result.to_json()) + failed.error
    assert failed.outputs["error_type"] == kind
    assert len(server.asked) == 1


def test_a_refused_key_that_was_never_sent_names_the_variable(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.refuses(401, "who are you"))
    assert "no key was sent; set DIFYFLOW_MODEL_KEY" in ask(local, flows, server, environ={}).error


def test_nobody_listening_is_a_failed_node(local: Any, flows: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    result = ask(local, flows, f"http://127.0.0.1:{port}/v1")
    assert result.status == "failed"
    assert "the connection failed" in result.error


def test_a_dropped_connection_before_the_answer_fails(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("x").but(reset=True))
    assert "the connection failed" in ask(local, flows, server).error


def test_a_connection_that_breaks_in_the_middle_fails_as_on_a_server(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("一", "二", "三", cut_at=400))
    events, result = local.run(flows.question(), {"q": "x"}, model_endpoint=server.base_url)
    assert result.status == "failed"
    assert "the connection" in result.error
    assert [one.text for one in events if isinstance(one, ev.TextChunk)] == ["一", "二"]


def test_a_stream_that_ends_without_a_finish_reason_succeeds_with_a_warning(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("一", finish=None, usage=False, done=False))
    result = ask(local, flows, server)
    assert (result.ok, result.outputs, result.truncated) == (True, {"text": "一"}, True)
    assert any("broke off" in warning for warning in result.warnings)


def test_an_answer_cut_at_max_tokens_is_a_warning(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    result = ask(local, flows, model_server(answers.says("一", finish="length")))
    assert result.truncated
    assert any("max_tokens" in warning for warning in result.warnings)


def test_garbage_in_place_of_an_answer_fails(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    page = answers.Answer.html(200, "Welcome")
    assert "the answer is no chat completion (text/html" in ask(local, flows, model_server(page)).error


def test_garbage_in_the_stream_fails(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    noise = answers.Answer(headers={"Content-Type": "text/event-stream"}, chunks=(b"data: {oops\n\n",))
    assert "not JSON" in ask(local, flows, model_server(noise)).error


def test_an_error_sent_as_if_it_were_an_answer_fails(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    overloaded = {"code": 50505, "message": "Model service overloaded", "data": None}
    result = ask(local, flows, model_server(answers.stream([overloaded])))
    assert "Model service overloaded" in result.error
    in_the_middle = answers.stream([answers.chunk({"content": "一"}), {"error": {"message": "gone"}}])
    assert "gone" in ask(local, flows, model_server(in_the_middle)).error


def test_an_empty_stream_fails(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    assert "ended before it began" in ask(local, flows, model_server(answers.stream([]))).error


def test_a_whole_answer_in_place_of_a_stream_is_taken(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    message = {"role": "assistant", "content": "whole"}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    result = ask(local, flows, model_server(answers.Answer.json(whole)))
    assert (result.outputs, result.total_tokens) == ({"text": "whole"}, 3)


def test_thinking_stands_in_tags_before_the_answer(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    deltas = [{"reasoning_content": "hm, "}, {"reasoning_content": "well"}, {"content": "yes"}]
    chunks = [answers.chunk(delta) for delta in deltas] + [answers.chunk({}, finish="stop")]
    result = ask(local, flows, model_server(answers.stream(chunks)))
    assert result.outputs == {"text": "<think>\nhm, well\n</think>yes"}


def test_thinking_is_kept_apart_where_the_node_says_so(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("<think>hm</think>", "yes"))
    data = flows.question(reasoning_format="separated")
    data["workflow"]["graph"]["nodes"][-1]["data"]["outputs"].append(
        {"variable": "r", "value_selector": ["llm", "reasoning_content"]}
    )
    result = local.result(data, {"q": "x"}, model_endpoint=server.base_url)
    assert result.outputs == {"text": "yes", "r": "hm"}


def test_structured_output_falls_back_to_the_prompt_where_schemas_are_refused(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    server = model_server(
        answers.refuses(400, "no json_schema here"), answers.says('```json\n{"n": 4,}\n```')
    )
    node = {"structured_output_enabled": True, "structured_output": {"schema": schema}}
    assert ask(local, flows, server, **node).ok
    first, second = server.asked
    assert first["response_format"]["json_schema"]["schema"] == schema
    assert "response_format" not in second
    assert "JSON Schema" in second["messages"][0]["content"]


def test_structured_output_that_is_not_json_fails(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    schema = {"type": "object", "properties": {}}
    node = {"structured_output_enabled": True, "structured_output": {"schema": schema}}
    result = ask(local, flows, model_server(answers.says("I would rather not.")), **node)
    assert "Failed to parse structured output" in result.error


def test_a_tool_call_in_pieces_fills_the_parameters(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    calls = [
        {"index": 0, "id": "1", "function": {"name": "extract_parameters", "arguments": '{"ci'}},
        {"index": 0, "function": {"arguments": 'ty": "SF"}'}},
    ]
    chunks = [answers.chunk({"tool_calls": [call]}) for call in calls]
    server = model_server(answers.stream([*chunks, answers.chunk({}, finish="tool_calls")]))
    extractor = {
        "id": "p",
        "type": "parameter-extractor",
        "title": "P",
        "model": {"provider": "openai", "name": "x", "mode": "chat", "completion_params": {}},
        "query": ["start", "q"],
        "parameters": [{"name": "city", "type": "string", "description": "d", "required": True}],
        "reasoning_mode": "function_call",
    }
    data = flows.chain(extractor, inputs=[flows.text_input("q")], outputs={"c": ["p", "city"]})
    result = local.result(data, {"q": "SF"}, model_endpoint=server.base_url)
    assert result.outputs == {"c": "SF"}
    assert server.asked[0]["tools"][0]["function"]["name"] == "extract_parameters"


def test_an_image_is_sent_as_a_data_url(local: Any, flows: Any, model_server: Any, tmp_path: Any) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG")
    server = model_server()
    node = flows.llm(
        prompt="look", vision={"enabled": True, "configs": {"variable_selector": ["start", "f"]}}
    )
    variable = {"variable": "f", "label": "f", "type": "file", "required": True}
    data = flows.chain(node, inputs=[variable], outputs={"text": ["llm", "text"]})
    assert local.result(data, {"f": LocalFile(picture)}, model_endpoint=server.base_url).ok
    parts = [part for message in server.asked[0]["messages"] for part in message["content"] if part != "look"]
    images = [part["image_url"]["url"] for part in parts if isinstance(part, dict) and "image_url" in part]
    assert images == ["data:image/png;base64,iVBORw=="]


def test_a_retry_is_the_nodes_own_setting(local: Any, flows: Any, model_server: Any, answers: Any) -> None:
    server = model_server(answers.refuses(503, "busy"), answers.says("now"))
    retry = {"retry_enabled": True, "max_retries": 2, "retry_interval": 10}
    events, result = local.run(flows.question(retry_config=retry), {"q": "x"}, model_endpoint=server.base_url)
    assert result.outputs == {"text": "now"}
    assert [one.retry_index for one in events if isinstance(one, ev.NodeRetry)] == [1]
    assert result.nodes[1].retries == 1
