"""`difyflow versions`: who imports a file."""

import json

import pytest

from difyflow.cli import main


@pytest.fixture
def shown(capfdbinary):
    def run(*arguments):
        code = main.run(["versions", *map(str, arguments)])
        return code, capfdbinary.readouterr().out.decode()

    return run


def test_the_seed_is_completed_on_0_15_and_completed_with_warnings_later(root, shown):
    code, text = shown(root / "tests/seed/fine-tune-corpus.yml")
    assert code == 0
    assert "DSL 0.1.5 (written by Dify 0.14.2 to 0.15.x and 1.0.0 to 1.2.x), workflow, 7 nodes" in text
    assert "0.14.2 to 0.15.x  0.1.5  completed\n" in text
    assert "1.10.0 to 1.12.x  0.5.0  completed-with-warnings\n" in text
    assert "All of it is known since Dify 0.11.0:" in text
    assert 'node type document-extractor  (node 1735807758092 "文档提取器")' in text


def test_json_has_every_answer_and_every_place(tmp_path, shown):
    file = tmp_path / "app.yml"
    file.write_text(
        "version: 0.6.0\napp: {name: x, mode: workflow}\nworkflow:\n  graph:\n    nodes:\n"
        "    - {id: a, data: {type: human-input, user_actions: [{id: ok}, {id: ok}]}}\n"
    )
    code, text = shown(file, "--format", "json")
    found = json.loads(text)
    assert code == 0
    assert found["runs_since"] == "1.13.0"
    by_dsl = {item["dsl"]: item for item in found["answers"]}
    assert by_dsl["0.6.0"]["status"] == "failed"
    assert "duplicated user action id 'ok'" in by_dsl["0.6.0"]["error"]
    assert (by_dsl["0.5.0"]["status"], by_dsl["0.5.0"]["confirmed"]) == ("pending", "completed")
    assert by_dsl["0.5.0"]["unknown"][0]["path"] == ["workflow", "graph", "nodes", 0, "data", "type"]


def test_a_file_that_no_dify_takes_exits_with_1(tmp_path, shown):
    file = tmp_path / "app.yml"
    file.write_text("version: 0.6\napp: {name: x}\n")
    code, text = shown(file)
    assert code == 1
    assert text.count("expected str, got <class 'float'>") == 9


def test_a_pipeline_says_where_it_is_imported(tmp_path, shown):
    file = tmp_path / "app.yml"
    file.write_text("version: 0.1.0\nkind: rag_pipeline\nrag_pipeline: {name: x}\nworkflow: {graph: {}}\n")
    code, text = shown(file)
    assert code == 1
    assert "knowledge pipeline" in text


def test_a_missing_file_exits_with_3(tmp_path, shown):
    assert shown(tmp_path / "no.yml")[0] == 3
