"""`difyflow migrate`: tells what it does, or why not."""

import json

import pytest

from difyflow.cli import main
from difyflow.dsl.reader import read_file


@pytest.fixture
def run(capfdbinary):
    def call(*arguments):
        code = main.run(["migrate", *map(str, arguments)])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return call


def test_the_seed_moves_and_every_change_is_told_with_its_reason(root, tmp_path, run):
    out = tmp_path / "new.yml"
    code, text, said = run(root / "tests/seed/fine-tune-corpus.yml", "--to", "0.6.0", "-o", out)
    assert (code, text) == (0, "")
    app = read_file(out).app
    assert app.version == "0.6.0"
    assert out.read_text(encoding="utf-8") == app.render()
    assert "DSL 0.1.5 to 0.6.0 (Dify 1.13.0 to 1.15.x)" in said
    assert (
        "node 1735807764975 (LLM) data.model.provider: siliconflow -> langgenius/siliconflow/siliconflow  "
        "(model providers are plugins since Dify 1.0)" in said
    )
    assert "install the plugin langgenius/siliconflow" in said


def test_a_refusal_writes_nothing_and_exits_with_1(tmp_path, run):
    file, out = tmp_path / "app.yml", tmp_path / "new.yml"
    file.write_text(
        "version: 0.6.0\napp: {name: x, mode: workflow}\n"
        "workflow: {graph: {nodes: [{id: a, data: {type: human-input, title: Ok?}}]}}\n"
    )
    code, text, said = run(file, "--to", "dify-1.12", "-o", out)
    assert (code, text, out.exists()) == (1, "", False)
    assert "node a (Ok?) data.type: node type human-input is known since Dify 1.13.0 only" in said


def test_comments_stay_unless_the_file_is_written_anew(tmp_path, run):
    file = tmp_path / "app.yml"
    file.write_text(
        "# mine\nversion: 0.5.0\napp: {name: x, mode: workflow}\nworkflow: {graph: {nodes: []}}\n"
    )
    assert run(file, "--to", "0.6.0")[1].startswith("# mine\nversion: 0.6.0\n")
    assert run(file, "--to", "0.6.0", "--reformat")[1].startswith("app:\n  icon_type: emoji\n")


def test_anchors_are_refused_with_the_way_out(tmp_path, run):
    file = tmp_path / "app.yml"
    file.write_text(
        "version: 0.5.0\napp: &a {name: x, mode: workflow}\ncopy: *a\nworkflow: {graph: {nodes: []}}\n"
    )
    code, text, said = run(file, "--to", "0.6.0")
    assert (code, text) == (3, "")
    assert "--reformat" in said


def test_an_unknown_target_is_a_usage_error(root, run):
    code, _, said = run(root / "tests/seed/fine-tune-corpus.yml", "--to", "1.12")
    assert code == 2
    assert "dify-1.12" in said


def test_the_report_as_json_leaves_the_file_to_o(root, tmp_path, run):
    seed, out = root / "tests/seed/fine-tune-corpus.yml", tmp_path / "new.yml"
    code, text, said = run(seed, "--to", "0.6.0", "--format", "json", "-o", out)
    report = json.loads(text)
    assert (code, said, report["from"], report["to"], report["migrated"]) == (0, "", "0.1.5", "0.6.0", True)
    assert read_file(out).app.version == "0.6.0"
    change = next(item for item in report["changes"] if item["path"][-1] == "provider")
    assert change["before"] == "siliconflow"
    assert change["after"] == "langgenius/siliconflow/siliconflow"
    assert not report["obstacles"]


def test_a_dry_run_writes_nothing(root, tmp_path, run):
    out = tmp_path / "new.yml"
    code, text, said = run(root / "tests/seed/fine-tune-corpus.yml", "--to", "0.6.0", "--dry-run", "-o", out)
    assert (code, text, out.exists()) == (0, "", False)
    assert "siliconflow -> langgenius" in said


@pytest.mark.parametrize(
    ("nodes", "place"),
    [("text", "workflow.graph.nodes: "), ("[~]", "workflow.graph.nodes"), ("[{id: a}]", "")],
)
def test_a_file_of_another_shape_is_refused_by_its_place(tmp_path, run, nodes, place):
    file, out = tmp_path / "app.yml", tmp_path / "new.yml"
    file.write_text(f"app: {{name: x, mode: workflow}}\nworkflow: {{graph: {{nodes: {nodes}}}}}\n")
    code, text, said = run(file, "--to", "0.6.0", "-o", out)
    assert (code, text, out.exists()) == (1, "", False)
    assert place in said
