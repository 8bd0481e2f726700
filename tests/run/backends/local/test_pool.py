"""Start inputs, system, environment and conversation variables as nodes see them."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.errors import InputError, UsageError
from difyflow.terms.form import LocalFile, RemoteFile, UploadedFile


def started(local: Any, data: Any, inputs: Any, **settings: Any) -> Any:
    return local.events(data, inputs, **settings)[0].inputs


def variables(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"label": entry["variable"], "required": False, **entry} for entry in entries]


def test_what_is_left_out_gets_its_default_or_null(local: Any, flows: Any) -> None:
    given = variables(
        {"variable": "a", "type": "text-input", "default": "d"},
        {"variable": "b", "type": "number", "default": ""},
        {"variable": "c", "type": "checkbox", "default": False},
        {"variable": "d", "type": "file"},
        {"variable": "e", "type": "file-list"},
        {"variable": "f", "type": "paragraph"},
    )
    shown = started(local, flows.chain(inputs=given), {})
    assert [shown[name] for name in "abcdef"] == ["d", None, False, None, None, None]


def test_values_are_read_as_dify_reads_them(local: Any, flows: Any) -> None:
    given = variables(
        {"variable": "n", "type": "number"},
        {"variable": "x", "type": "number"},
        {"variable": "c", "type": "checkbox"},
        {"variable": "t", "type": "paragraph"},
    )
    shown = started(
        local, flows.chain(inputs=given), {"n": "12", "x": "1.5", "c": "yes", "t": "a\0b", "no": 1}
    )
    assert [shown[name] for name in "nxct"] == [12, 1.5, True, "ab"]
    assert "no" not in shown


def test_a_number_that_is_none_is_an_input_error(local: Any, flows: Any) -> None:
    data = flows.chain(inputs=variables({"variable": "n", "type": "number"}))
    with pytest.raises(InputError, match="n: not a number: 'many'"):
        local.events(data, {"n": "many"})


def test_a_file_is_shown_by_an_opaque_name(local: Any, flows: Any, tmp_path: Any) -> None:
    path = tmp_path / "论语.txt"
    path.write_text("学而", encoding="utf-8")
    data = flows.chain(inputs=variables({"variable": "f", "type": "file-list"}))
    (file,) = started(local, data, {"f": [LocalFile(path)]})["f"]
    assert (file["filename"], file["extension"], file["type"], file["size"]) == (
        "论语.txt",
        ".txt",
        "document",
        6,
    )
    assert file["url"] == f"difyflow-file:{file['related_id']}"
    assert str(tmp_path) not in str(file)


def test_a_remote_file_keeps_its_url(local: Any, flows: Any) -> None:
    data = flows.chain(inputs=variables({"variable": "f", "type": "file"}))
    file = started(local, data, {"f": RemoteFile("https://example.com/a%20b.pdf?x=1")})["f"]
    assert (file["filename"], file["url"], file["transfer_method"]) == (
        "a b.pdf",
        "https://example.com/a%20b.pdf?x=1",
        "remote_url",
    )


def test_a_file_on_a_server_cannot_be_read_here(local: Any, flows: Any) -> None:
    data = flows.chain(inputs=variables({"variable": "f", "type": "file"}))
    with pytest.raises(UsageError, match="it is on a server"):
        local.events(data, {"f": UploadedFile("123")})


def test_a_file_that_is_not_there_is_an_input_error(local: Any, flows: Any, tmp_path: Any) -> None:
    data = flows.chain(inputs=variables({"variable": "f", "type": "file"}))
    with pytest.raises(InputError, match="f: cannot be read"):
        local.events(data, {"f": LocalFile(tmp_path / "none.txt")})


def test_what_is_no_file_is_an_input_error(local: Any, flows: Any) -> None:
    data = flows.chain(inputs=variables({"variable": "f", "type": "file-list"}))
    with pytest.raises(InputError, match="f: not a file"):
        local.events(data, {"f": ["a.pdf"]})


def test_system_variables_are_dify_s(local: Any, flows: Any) -> None:
    template = {
        "id": "t",
        "type": "template-transform",
        "title": "T",
        "template": "{{ user }} {{ files|length }} {{ run == id }}",
        "variables": [
            {"variable": "user", "value_selector": ["sys", "user_id"]},
            {"variable": "files", "value_selector": ["sys", "files"]},
            {"variable": "run", "value_selector": ["sys", "workflow_run_id"]},
            {"variable": "id", "value_selector": ["sys", "workflow_run_id"]},
        ],
    }
    events, result = local.run(flows.chain(template, outputs={"o": ["t", "output"]}), {})
    assert result.outputs == {"o": "u1 0 True"}
    names = [name for name in events[0].inputs if name.startswith("sys.")]
    assert names == ["sys.files", "sys.user_id", "sys.app_id", "sys.workflow_id", "sys.workflow_run_id"]


def test_environment_variables_have_their_type_and_can_be_given(local: Any, recorded_flow: Any) -> None:
    data = recorded_flow("flow")
    result = local.result(data, {"text": "a", "lang": "zh"}, environment_variables={"PREFIX": "=> "})
    assert result.outputs == {"result": "=> a", "size": 1}


def test_a_conversation_goes_on(local: Any, recorded_flow: Any, model_server: Any) -> None:
    server = model_server()
    backend = local.open(recorded_flow("chatflow"), model_endpoint=server.base_url)
    first = backend.start({}, user="u", query="one")
    list(first.events())
    second = backend.start({}, user="u", query="two", conversation_id=first.result().conversation_id)
    events = list(second.events())
    assert second.result().answer.endswith("(第 2 轮)")
    assert second.result().conversation_id == first.result().conversation_id
    assert events[0].inputs["sys.dialogue_count"] == 2
    said = [message["content"] for message in server.asked[1]["messages"]]
    assert said[-3:] == ["one", first.result().answer, "two"]


def test_a_chatflow_needs_a_query_and_a_conversation_that_exists(local: Any, recorded_flow: Any) -> None:
    backend = local.open(recorded_flow("chatflow"))
    with pytest.raises(UsageError, match="needs a query"):
        backend.start({}, user="u")
    with pytest.raises(UsageError, match="no conversation 123"):
        backend.start({}, user="u", query="x", conversation_id="123")
