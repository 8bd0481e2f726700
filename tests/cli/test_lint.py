"""`difyflow lint`, `rule` and `rules`."""

from __future__ import annotations

import io
import json
import sys

import pytest

from difyflow.cli.main import run
from difyflow.lint import rules
from lint_cases import text_of

CASE = {
    "nodes": [
        {"id": "start", "type": "start", "variables": [{"variable": "q", "label": "Q", "type": "paragraph"}]},
        {"id": "end", "type": "end", "outputs": [{"variable": "x", "value_selector": ["start", "qq"]}]},
    ],
    "edges": ["start > end"],
}
GOOD = text_of(
    {
        **CASE,
        "nodes": [
            CASE["nodes"][0],
            {"id": "end", "type": "end", "outputs": [{"variable": "x", "value_selector": ["start", "q"]}]},
        ],
    }
)
FLOW = '''"""A flow."""

import os
from difyflow import Flow
from difyflow.nodes.end import End, outputs
from difyflow.nodes.start import Start, paragraph
from difyflow.terms.selector import Selector

print("a word", os.environ.get("DIFY_API_KEY"))
flow = Flow("demo", version="0.6.0")
start = flow.add(Start(variables=(paragraph("q", "Q"),)))
end = flow.add(
    End(outputs=outputs(x=Selector((start.id, "gone"))))
)
start >> end
'''


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "app.yml"
    path.write_text(text_of(CASE), encoding="utf-8")
    return path


@pytest.mark.usefixtures("file")
def test_a_finding_is_a_line_with_its_place_and_the_exit_code_is_1(capsys):
    assert run(["lint", "app.yml"]) == 1
    out, said = capsys.readouterr()
    assert out == ("app.yml:34:11 ref-unknown-output start.qq: 'start' (start) puts out no 'qq'; it has: q\n")
    assert said == "1 error, 0 warnings in 1 file\n"


def test_a_good_file_is_fine(file, capsys):
    file.write_text(GOOD, encoding="utf-8")
    assert run(["lint", "app.yml"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("file")
def test_a_file_that_cannot_be_read_is_3_and_the_others_are_looked_at(capsys):
    assert run(["lint", "missing.yml", "app.yml"]) == 3
    out, said = capsys.readouterr()
    assert out.splitlines()[0] == "missing.yml not-found cannot be read: No such file or directory (not read)"
    assert "ref-unknown-output" in out
    assert "1 file not read" in said


def test_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text_of(CASE).encode()), encoding="utf-8"))
    assert run(["lint", "-"]) == 1
    assert capsys.readouterr().out.startswith("<stdin>:34:11 ref-unknown-output")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--select", "references"], 1),
        (["--select", "graph"], 0),
        (["--ignore", "ref-*"], 0),
        (["--severity", "error"], 1),
        (["--ignore", "ref-unknown-output", "--severity", "info"], 1),
    ],
)
@pytest.mark.usefixtures("file")
def test_rules_are_chosen_by_name_family_pattern_and_severity(options, code):
    assert run(["lint", "app.yml", *options]) == code


@pytest.mark.parametrize(
    "options",
    [
        ["--select", "nonsense"],
        ["--target", "dify-x"],
        ["--config", "no.toml"],
        ["--baseline", "no.json"],
        ["--format", "xml"],
        ["--fix", "-"],
        ["--fix", "--write-baseline", "b.json"],
    ],
)
@pytest.mark.usefixtures("file")
def test_options_that_nobody_understands_are_2(capsys, options):
    assert run(["lint", "app.yml", *options]) == 2
    assert capsys.readouterr().out == ""


def test_settings_in_the_project_count(file, capsys):
    (file.parent / "difyflow.toml").write_text('[lint]\nignore = ["references"]\n', encoding="utf-8")
    assert run(["lint", "app.yml"]) == 0
    (file.parent / "difyflow.toml").write_text("[lint]\nwrong = 1\n", encoding="utf-8")
    assert run(["lint", "app.yml"]) == 2
    assert "has no key 'wrong'" in capsys.readouterr().err


def test_a_baseline_hides_what_is_known(file, capsys):
    assert run(["lint", "app.yml", "--write-baseline", "known.json"]) == 0
    assert run(["lint", "app.yml", "--baseline", "known.json"]) == 0
    assert "1 in the baseline" in capsys.readouterr().err
    file.write_text(file.read_text(encoding="utf-8").replace("qq", "qqq"), encoding="utf-8")
    assert run(["lint", "app.yml", "--baseline", "known.json"]) == 1


def test_fixes_are_made_in_the_file_and_what_is_left_is_told(file, capsys):
    file.write_text(GOOD.replace("kind: app", "kind: flow  # ours"), encoding="utf-8")
    assert run(["lint", "app.yml", "--diff"]) == 1
    assert "-kind: flow  # ours\n+kind: app  # ours\n" in capsys.readouterr().out
    assert "kind: flow" in file.read_text(encoding="utf-8")
    assert run(["lint", "app.yml", "--fix"]) == 0
    assert file.read_text(encoding="utf-8") == GOOD.replace("kind: app", "kind: app  # ours")
    assert "1 mended" in capsys.readouterr().err


def test_a_file_without_anything_to_mend_is_not_written(file):
    file.write_text(GOOD, encoding="utf-8")
    before = file.stat().st_mtime_ns
    assert run(["lint", "app.yml", "--unsafe-fixes"]) == 0
    assert file.stat().st_mtime_ns == before


def test_json_goes_to_a_file(file):
    assert run(["lint", "app.yml", "--format", "json", "-o", "out.json"]) == 1
    (found,) = json.loads((file.parent / "out.json").read_text(encoding="utf-8"))["findings"]
    assert (found["rule"], found["line"], found["node"]) == ("ref-unknown-output", 34, "end")
    assert found["field"] == "outputs[0].value_selector"


def test_a_flow_is_executed_without_keys_and_findings_are_at_its_lines(file, capsys, monkeypatch):
    monkeypatch.setenv("DIFY_API_KEY", "app-secret")
    (file.parent / "flow.py").write_text(FLOW, encoding="utf-8")
    assert run(["lint", "flow.py"]) == 1
    out, _ = capsys.readouterr()
    assert out.startswith("flow.py:13:25 ref-unknown-output start.gone")
    assert "app-secret" not in out


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise ValueError('no')", "flow.py:1 flow-failed ValueError: no"),
        ("import os; os._exit(3)", "flow.py flow-failed the flow ended its process"),
        ("flow = 5", "flow.py no-flow no `flow` in this file"),
        ("x = (", "flow.py:1 flow-failed SyntaxError"),
    ],
)
def test_a_flow_that_fails_is_one_error(file, capsys, text, said):
    (file.parent / "flow.py").write_text(text, encoding="utf-8")
    assert run(["lint", "flow.py", "app.yml"]) == 3
    out = capsys.readouterr().out
    assert out.startswith(said)
    assert "ref-unknown-output" in out


def test_a_rule_has_a_page(capsys):
    assert run(["rule", "ref-unknown-output"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ref-unknown-output (error, fix: --unsafe-fixes)\n\nA reference names something")
    assert run(["rule", "ref-unknown-outptu"]) == 2
    assert "do you mean 'ref-unknown-output'?" in capsys.readouterr().err


def test_rules_are_listed_for_people_and_programs(capsys):
    assert run(["rules"]) == 0
    text = capsys.readouterr().out
    assert run(["rules", "--format", "markdown"]) == 0
    markdown = capsys.readouterr().out
    assert run(["rules", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [item["id"] for item in data] == [item.id for item in rules()]
    for item in rules():
        assert f"  {item.id} " in text
        assert f"\n### {item.id}\n" in markdown
    assert "**Why is it bad**" in markdown


def test_a_folder_without_a_dsl_file_is_said_to_be_one(tmp_path, capsys):
    (tmp_path / "flow.py").write_text(FLOW, encoding="utf-8")
    assert run(["lint", str(tmp_path)]) == 0
    assert (
        "no DSL file there; a flow.py is executed and looked at only where it is named"
        in capsys.readouterr().err
    )
