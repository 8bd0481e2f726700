"""`difyflow layout`."""

from __future__ import annotations

import io
import sys

import pytest

import difyflow
from difyflow.cli.main import run

FILE = """\
# our file
app: {mode: workflow, name: Bare}   # in one line
kind: app
version: 0.1.5
workflow:
  graph:
    edges:
    - {id: e, source: a, target: b}
    nodes:
    - data: {type: start, title: A}
      id: a
      position:
        x: 5      # by hand
        y: 6.5
      type: custom
    - data:
        type: code
        title: "B\\n2"
      id: b
      position: {x: 80, y: 282}
      type: custom
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "app.yml"
    path.write_bytes(FILE.encode())
    return path


def places(text):
    return [(node.position.x, node.position.y) for node in difyflow.read(text).nodes]


def test_the_result_goes_to_standard_output_and_the_file_stays(file, capsys):
    assert run(["layout", str(file)]) == 0
    out, said = capsys.readouterr()
    assert places(out) == [(80, 282), (424, 282)]
    assert file.read_bytes() == FILE.encode()
    assert said == "2 of 2 nodes moved\n  A (a)  5, 6.5 -> 80, 282\n  B 2 (b)  80, 282 -> 424, 282\n"


def test_only_positions_change_in_the_text_of_a_file(file, capsys):
    assert run(["layout", str(file), "--write"]) == 0
    text = file.read_text(encoding="utf-8")
    assert places(text) == [(80, 282), (424, 282)]
    for kept in ("# our file\n", "name: Bare}   # in one line\n", "# by hand\n", 'title: "B\\n2"\n'):
        assert kept in text
    assert capsys.readouterr().out == ""


def test_a_file_that_is_laid_out_already_is_not_written(file, capsys):
    assert run(["layout", str(file), "--write"]) == 0
    before = file.stat().st_mtime_ns, file.read_bytes()
    capsys.readouterr()
    assert run(["layout", str(file), "--write"]) == 0
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    assert capsys.readouterr().err == "0 of 2 nodes moved\n"


def test_a_file_of_dify_stays_one(root, tmp_path):
    path = tmp_path / "seed.yml"
    path.write_bytes((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    assert run(["layout", str(path), "--write"]) == 0
    text = path.read_bytes().decode()
    app = difyflow.read(text)
    assert app.render() == text
    assert app.nodes[0].position.x == 80


def test_check_writes_nothing_and_tells_whether_something_would_move(file, tmp_path, capsys):
    assert run(["layout", str(file), "--check"]) == 1
    assert capsys.readouterr().out == ""
    assert run(["layout", str(file), "-o", str(tmp_path / "new.yml")]) == 0
    assert run(["layout", str(tmp_path / "new.yml"), "--check"]) == 0
    assert file.read_bytes() == FILE.encode()


def test_missing_moves_only_what_has_no_position(file, capsys):
    file.write_bytes(FILE.replace("      position: {x: 80, y: 282}\n", "").encode())
    assert run(["layout", str(file), "--missing"]) == 0
    out, said = capsys.readouterr()
    assert places(out) == [(5, 6.5), (5 + 344, 6)]
    assert "1 of 2 nodes moved\n  B 2 (b)  nowhere -> " in said


def test_a_flow_is_printed_and_its_code_is_not_touched(root, capsys):
    flow = root / "workflows/fine_tune_corpus"
    before = (flow / "flow.py").read_bytes()
    assert run(["layout", str(flow)]) == 0
    assert places(capsys.readouterr().out)[0][0] == 80
    assert (flow / "flow.py").read_bytes() == before
    assert run(["layout", str(flow), "--write"]) == 2
    assert "the positions of a flow are in its code" in capsys.readouterr().err


def test_standard_input_is_read(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert run(["layout", "-"]) == 0
    assert places(capsys.readouterr().out) == [(80, 282), (424, 282)]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--write", "-o", "x.yml"], "leave one out"),
        (["-", "--write"], "needs a file, and the target is -"),
    ],
)
def test_options_that_do_not_go_together_are_refused(file, capsys, options, says):
    target = [] if options[0] == "-" else [str(file)]
    assert run(["layout", *target, *options]) == 2
    assert says in capsys.readouterr().err


def test_an_app_without_a_graph_is_refused(tmp_path, capsys):
    path = tmp_path / "chat.yml"
    path.write_text("app: {mode: chat, name: Chat}\nmodel_config: {}\n", encoding="utf-8")
    assert run(["layout", str(path)]) == 2
    assert "have a canvas" in capsys.readouterr().err


def test_a_text_that_does_not_take_the_change_is_refused_and_can_be_written_anew(file, capsys):
    shared = FILE.replace("position: {x: 80, y: 282}", "position: *p").replace(
        "      position:\n        x: 5      # by hand\n        y: 6.5\n", "      position: &p {x: 5, y: 6}\n"
    )
    file.write_bytes(shared.encode())
    assert run(["layout", str(file), "--write"]) == 3
    assert "--reformat" in capsys.readouterr().err
    assert file.read_bytes() == shared.encode()
    assert run(["layout", str(file), "--write", "--reformat"]) == 0
    assert places(file.read_bytes()) == [(80, 282), (424, 282)]


def test_of_many_nodes_only_the_first_are_named(tmp_path, capsys):
    path = tmp_path / "many.yml"
    nodes = "".join(f"    - {{id: n{n}, type: custom, data: {{type: code, title: T}}}}\n" for n in range(50))
    path.write_text(f"app: {{mode: workflow}}\nworkflow:\n  graph:\n    nodes:\n{nodes}", encoding="utf-8")
    assert run(["layout", str(path)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "50 of 50 nodes moved"
    assert said[-1] == "  and 30 more"
    assert len(said) == 22
