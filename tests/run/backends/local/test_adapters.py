"""Documents, code and memory as the nodes see them."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.run.backends.local.adapters import MAX_TURNS, History
from difyflow.terms.form import LocalFile
from loopback.server import Answer


def extract(local: Any, flows: Any, *paths: Any, kind: str = "file-list", **settings: Any) -> Any:
    extractor = {
        "id": "d",
        "type": "document-extractor",
        "title": "D",
        "variable_selector": ["start", "f"],
        "is_array_file": kind == "file-list",
    }
    variable = {"variable": "f", "label": "f", "type": kind, "required": False}
    data = flows.chain(extractor, inputs=[variable], outputs={"text": ["d", "text"]})
    files = [LocalFile(path) for path in paths]
    given = {"f": files if kind == "file-list" else files[0]}
    return local.result(data, given if paths else {}, **settings)


@pytest.fixture
def gbk(tmp_path: Any) -> Any:
    path = tmp_path / "gbk.txt"
    path.write_bytes(
        ("子曰:学而时习之,不亦说乎?有朋自远方来,不亦乐乎?人不知而不愠,不亦君子乎?" * 3).encode("gbk")
    )
    return path


def test_one_file_gives_a_text_and_many_give_a_list(local: Any, flows: Any, tmp_path: Any) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.md"
    first.write_text("学而", encoding="utf-8")
    second.write_text("# 为政", encoding="utf-8")
    assert extract(local, flows, first, kind="file").outputs == {"text": "学而"}
    assert extract(local, flows, first, second).outputs == {"text": ["学而", "# 为政"]}


def test_no_file_is_an_empty_list(local: Any, flows: Any) -> None:
    assert extract(local, flows).outputs == {"text": []}


def test_a_legacy_encoding_is_decoded_with_a_warning(local: Any, flows: Any, gbk: Any) -> None:
    result = extract(local, flows, gbk)
    assert result.outputs["text"][0].startswith("子曰:学而时习之")
    assert any("gbk.txt" in warning for warning in result.warnings)


def test_an_encoding_can_be_named(local: Any, flows: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("日本語の文書です。".encode("euc_jp"))
    assert extract(local, flows, path, encoding="euc_jp").outputs == {"text": ["日本語の文書です。"]}


@pytest.mark.long  # loads pandas
def test_the_engines_own_extractor_can_be_asked_for(local: Any, flows: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>学而</p>", encoding="utf-8")
    assert extract(local, flows, path, documents="dify").outputs == {"text": ["<p>学而</p>"]}


@pytest.mark.parametrize("name", ["empty.txt", "old.doc", "broken.pdf"])
def test_a_document_that_cannot_be_read_fails_the_node_and_names_the_file(
    local: Any, flows: Any, tmp_path: Any, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"" if name == "empty.txt" else b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    result = extract(local, flows, path)
    assert result.status == "failed"
    assert name in result.error
    assert result.nodes[1].status == "failed"


def test_a_document_that_is_gone_fails_the_node(
    local: Any, flows: Any, model_server: Any, tmp_path: Any
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("学而", encoding="utf-8")

    def remove(_seen: Any) -> Answer:
        path.unlink()
        return Answer.json({})

    server = model_server()
    server.on("GET", "/x", remove)
    body = {"type": "none", "data": []}
    request = {"id": "h", "type": "http-request", "title": "H", "method": "get", "url": f"{server.url}/x"}
    request |= {"authorization": {"type": "no-auth"}, "headers": "", "params": "", "body": body}
    extractor = {"id": "d", "type": "document-extractor", "title": "D", "variable_selector": ["start", "f"]}
    variable = {"variable": "f", "label": "f", "type": "file", "required": False}
    data = flows.chain(request, extractor, inputs=[variable])
    result = local.result(data, {"f": LocalFile(path)}, allow_private_network=True)
    assert "cannot read the document" in result.error


def test_a_selector_that_names_no_file_fails_the_node(local: Any, flows: Any) -> None:
    extractor = {"id": "d", "type": "document-extractor", "title": "D", "variable_selector": ["start", "q"]}
    data = flows.chain(extractor, inputs=[flows.text_input("q")])
    assert "is not an ArrayFileSegment" in local.result(data, {"q": "text"}).error
    extractor["variable_selector"] = ["nobody", "file"]
    assert "File variable not found" in local.result(flows.chain(extractor)).error


def test_code_gets_files_as_mappings_without_their_path(local: Any, flows: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    path.write_text("学而", encoding="utf-8")
    code = {
        "id": "c",
        "type": "code",
        "title": "C",
        "code_language": "python3",
        "code": "def main(f):\n    return {'s': f['filename'] + ' ' + f['url'][:13]}",
        "variables": [{"variable": "f", "value_selector": ["start", "f"]}],
        "outputs": {"s": {"type": "string", "children": None}},
    }
    variable = {"variable": "f", "label": "f", "type": "file", "required": True}
    data = flows.chain(code, inputs=[variable], outputs={"s": ["c", "s"]})
    assert local.result(data, {"f": LocalFile(path)}).outputs == {"s": "a.txt difyflow-file"}


def test_memory_gives_the_last_turns() -> None:
    history = History(tuple((f"q{n}", f"a{n}") for n in range(5)))
    said = [message.content for message in history.get_history_prompt_messages(message_limit=2)]
    assert said == ["q3", "a3", "q4", "a4"]
    assert len(history.get_history_prompt_messages()) == 10
    assert len(History((("q", "a"),) * 600).get_history_prompt_messages()) == 2 * MAX_TURNS


@pytest.mark.long  # a fresh interpreter
def test_a_nodes_failure_prints_nothing_to_the_terminal(in_new_python: Any, tmp_path: Any) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "from difyflow.run.backends.local import Settings, open_backend\n"
        "nodes = [('start', {'type': 'start', 'title': 'S', 'variables': []}),\n"
        "  ('t', {'type': 'template-transform', 'title': 'T', 'template': '{{ 1/0 }}', 'variables': []}),\n"
        "  ('end', {'type': 'end', 'title': 'E', 'outputs': []})]\n"
        "graph = {'nodes': [{'id': i, 'data': d} for i, d in nodes],\n"
        "  'edges': [{'source': 'start', 'target': 't'}, {'source': 't', 'target': 'end'}]}\n"
        "data = {'app': {'mode': 'workflow'}, 'workflow': {'graph': graph}}\n"
        "backend = open_backend(data, target='x', form=(), settings=Settings())\n"
        "run = backend.start({}, user='u')\n"
        "list(run.events())\n"
        "print(run.result().status, run.result().error)\n"
        "backend.close()\n",
        encoding="utf-8",
    )
    done = in_new_python(str(script), env={"PYTHONPATH": "."})
    assert (done.stdout.strip(), done.stderr) == ("failed ZeroDivisionError: division by zero", "")
