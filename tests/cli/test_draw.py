"""`difyflow draw`."""

from __future__ import annotations

import pytest

from difyflow.cli.main import run

CHAT = "app: {mode: chat, name: Chat}\nkind: app\nversion: 0.1.5\nmodel_config: {}\n"
BARE = """
app: {mode: workflow, name: Bare}
kind: app
version: 0.1.5
workflow:
  graph:
    nodes:
    - {id: a, type: custom, data: {type: start, title: A}}
    - {id: b, type: custom, data: {type: code, title: B}}
    edges:
    - {id: e, source: a, target: b}
"""


@pytest.fixture
def flow(root):
    return str(root / "workflows/fine_tune_corpus")


def test_the_name_of_the_file_says_the_format(flow, tmp_path, capsys):
    begins = {
        "a.svg": "<svg",
        "a.html": "<!doctype html>",
        "a.mmd": "flowchart LR",
        "a.dot": "digraph",
        "a.x": "<svg",
    }
    for name, begin in begins.items():
        assert run(["draw", flow, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "begin"), [("svg", "<svg"), ("mermaid", "flowchart"), ("html", "<!doctype")]
)
def test_without_a_file_the_drawing_goes_to_standard_output(flow, capsys, name, begin):
    assert run(["draw", flow, "--format", name]) == 0
    assert capsys.readouterr().out.startswith(begin)


def test_svg_is_the_default(flow, capsys):
    assert run(["draw", flow]) == 0
    assert capsys.readouterr().out.startswith("<svg")


def test_a_format_that_is_none_names_those_that_are(flow, capsys):
    assert run(["draw", flow, "--format", "png"]) == 2
    said = capsys.readouterr().err
    assert all(f"'{name}'" in said for name in ("dot", "mermaid", "svg", "html"))


def test_an_app_without_a_graph_says_so(tmp_path, capsys):
    path = tmp_path / "chat.yml"
    path.write_text(CHAT, encoding="utf-8")
    assert run(["draw", str(path)]) == 2
    assert "only workflows and chatflows have a canvas" in capsys.readouterr().err


def test_nodes_without_positions_are_laid_out_first(tmp_path, capsys):
    path = tmp_path / "bare.yml"
    path.write_text(BARE, encoding="utf-8")
    assert run(["draw", str(path)]) == 0
    assert 'd="M324 306C374 306 374 306 424 306"' in capsys.readouterr().out


def test_organize_draws_what_layout_would_make_of_it(flow, capsys):
    assert run(["draw", flow]) == 0
    plain = capsys.readouterr().out
    assert run(["draw", flow, "--organize"]) == 0
    assert capsys.readouterr().out != plain
