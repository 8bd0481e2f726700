"""What cannot be read is one clear error; all else is read."""

import pytest

import difyflow
from difyflow.dsl.reader import read_document, read_file, read_values
from difyflow.errors import ReadError

GOOD = (
    "app:\n  mode: workflow\n  name: x\nkind: app\nversion: 0.1.5\n"
    "workflow:\n  graph:\n    edges: []\n    nodes: []\n"
)


@pytest.mark.parametrize(
    ("text", "code", "line", "says"),
    [
        ("", None, None, "nothing in it"),
        ("app: [1\nkind: app\n", None, 1, "not valid YAML"),
        ("- a\n- b\n", None, 1, "a DSL document is a mapping"),
        ("just words\n", None, 1, "text"),
        ("kind: app\nversion: 0.1.5\n", "app-missing", 1, "no `app:`"),
        ("app:\nkind: app\n", "app-missing", 1, "`app:` is empty"),
        ("app: words\n", "app-shape", 1, "mapping"),
        ("kind: app\nversion: 0.1\napp: {mode: workflow}\n", "version-type", 2, "0.1 is a number"),
        ("1: x\n'1': y\napp: {mode: workflow}\n", "key-type", None, "the key 1 stands there as text too"),
    ],
)
def test_a_document_that_dify_refuses_is_one_error_with_file_and_line(text, code, line, says):
    with pytest.raises(ReadError) as caught:
        difyflow.read(text, name="flow.yml")
    assert caught.value.path == "flow.yml"
    assert says in str(caught.value)
    assert line is None or caught.value.line == line
    assert code is None or caught.value.code == code
    assert caught.value.hint


def test_a_key_of_the_document_that_is_no_text_is_kept_as_text():
    app = difyflow.read("5: a\ntrue: b\nnull: c\n2020-01-02: d\napp: {mode: workflow}\n")
    assert {key: app.data()[key] for key in ("5", "true", "null", "2020-01-02")} == {
        "5": "a",
        "true": "b",
        "null": "c",
        "2020-01-02": "d",
    }
    assert app.mode == "workflow"


def test_a_file_over_the_limit_is_not_parsed(tmp_path):
    path = tmp_path / "big.yml"
    path.write_text(GOOD)
    with pytest.raises(ReadError, match="--max-size"):
        read_file(path, max_bytes=10)
    with pytest.raises(ReadError):
        difyflow.read(GOOD, max_bytes=10)


def test_a_missing_file_and_a_folder_are_told_as_what_they_are(tmp_path):
    with pytest.raises(ReadError, match="No such file") as caught:
        read_file(tmp_path / "none.yml")
    assert caught.value.code == "not-found"
    with pytest.raises(ReadError, match="directory"):
        read_file(tmp_path)


def test_a_chinese_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "gbk.yml"
    path.write_bytes(GOOD.replace("name: x", "name: 语料构造器").encode("gbk"))
    with pytest.raises(ReadError, match="UTF-8"):
        read_file(path)


def test_a_byte_order_mark_and_carriage_returns_are_read():
    app = difyflow.read(("\ufeff" + GOOD.replace("\n", "\r\n")).encode())
    assert app.render() == GOOD


def test_a_missing_version_or_kind_is_read_and_not_invented():
    app = difyflow.read("app: {mode: chat, name: x}\nmodel_config: {pre_prompt: hi}\n")
    assert (app.version, app.kind, app.mode) == (None, None, "chat")
    assert app.app_model_config == {"pre_prompt": "hi"}
    assert app.render() == "app:\n  mode: chat\n  name: x\nmodel_config:\n  pre_prompt: hi\n"


def test_marks_lead_from_a_value_to_its_place():
    document = read_document(GOOD)
    mark = document.source.mark(("workflow", "graph", "nodes"))
    assert mark is not None
    assert (mark.line, mark.column) == (9, 12)


def test_a_pipeline_and_a_snippet_have_no_app():
    app = difyflow.read(
        "kind: rag_pipeline\nrag_pipeline: {name: p}\nversion: 0.1.0\nworkflow: {graph: {}}\n"
    )
    assert (app.app, app.name) == (None, "p")


@pytest.mark.parametrize("text", ["[1, 2]", "3", "1: x", "a: [", ""])
def test_values_of_a_run_must_be_a_mapping(tmp_path, text):
    path = tmp_path / "inputs.yaml"
    path.write_text(text)
    with pytest.raises(ReadError):
        read_values(path)


def test_values_of_a_run_may_be_json(tmp_path):
    path = tmp_path / "inputs.json"
    path.write_text('{"trigger": "你好", "n": 3, "on": true}')
    assert read_values(path) == {"trigger": "你好", "n": 3, "on": True}


@pytest.mark.parametrize("data", ["{5: x, type: llm, title: L}", "[1]", "~"])
def test_a_node_whose_data_fits_no_type_blocks_no_other_node(data):
    text = (
        "app: {name: x, mode: workflow}\nworkflow:\n  graph:\n    nodes:\n"
        "    - {id: good, data: {type: start, title: S}}\n"
        f"    - {{id: bad, data: {data}}}\n"
    )
    app = difyflow.read(text)
    assert [(node.id, node.data.title) for node in app.nodes] == [("good", "S"), ("bad", "")]
    assert [problem.path[:5] for problem in app.problems()] == [("workflow", "graph", "nodes", 1, "data")]
    assert difyflow.read(app.render()).render() == app.render()
