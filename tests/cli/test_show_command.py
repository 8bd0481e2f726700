"""`difyflow show`."""

from __future__ import annotations

import json

import pytest

from difyflow.cli.main import run

FOUNDING = """\
Fine-tune 语料构造器  workflow · DSL 0.1.5
上传文件,基于文件内容,使用 SiliconCloud 128K 上下文的 Qwen2.5 模型,生成日常问答内容,JSONL 格式的语 …

Inputs
  attachments  file-list   required  at most 10 files; document  语料文件
  trigger      text-input  required  at most 48 characters       触发词(训练中的 system prompt)

Outputs
  text  string  LLM/text

Nodes, in the order of a run (5, 2 notes)
  1  开始        start               1735807686274  -> 文档提取器
  2  文档提取器  document-extractor  1735807758092  -> 代码执行
  3  代码执行    code                1735807761855  -> LLM
  4  LLM         llm                 1735807764975  -> 结束
  5  结束        end                 1735807769820

Models
  siliconflow  Qwen/Qwen2.5-72B-Instruct-128K  LLM
"""

HOSTILE = """
app: {mode: workflow, name: "\\e[31m[bold]red\\u202E", description: ''}
kind: app
version: 0.1.5
dependencies:
- {type: marketplace, value: {marketplace_plugin_unique_identifier: 'a/b:1@c'}}
workflow:
  environment_variables:
  - {name: KEY, value: s3cret, value_type: secret}
  - {name: URL, value: https://x.y, value_type: string}
  graph:
    nodes:
    - {id: q, type: custom, data: {type: if-else, title: "a\\nb :smile: [red]", cases: [{case_id: 'true'}]}}
    - {id: x, type: custom, data: {type: code, title: Go, outputs: 3}}
    edges:
    - {id: e, source: q, target: x, sourceHandle: 'true'}
    - {id: f, source: q, target: x, sourceHandle: 'false'}
"""


def test_the_founding_case_fits_on_a_screen(root, capsys):
    assert run(["show", str(root / "workflows/fine_tune_corpus")]) == 0
    assert capsys.readouterr().out == FOUNDING


def test_nothing_in_a_file_steers_the_terminal_or_is_taken_for_markup(tmp_path, capsys):
    path = tmp_path / "x.yml"
    path.write_text(HOSTILE, encoding="utf-8")
    assert run(["show", str(path)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "[bold]red" in said
    assert "a b :smile: [red]" in said
    assert "IF -> Go; ELSE -> Go" in said
    assert "a/b:1 (marketplace)" in said
    assert "s3cret" not in said
    assert "(secret)" in said
    assert 'node "Go" (x): data.outputs: ' in said


def test_lines_in_a_pipe_have_at_most_100_columns(tmp_path, capsys):
    path = tmp_path / "x.yml"
    path.write_text(HOSTILE.replace("title: Go", f"title: {'long ' * 80}"), encoding="utf-8")
    assert run(["show", str(path)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_json_holds_the_same_without_secrets(tmp_path, capsys):
    path = tmp_path / "x.yml"
    path.write_text(HOSTILE, encoding="utf-8")
    assert run(["show", str(path), "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert "s3cret" not in text
    found = json.loads(text)
    assert found["environment_variables"][0] == {
        "name": "KEY",
        "type": "secret",
        "secret": True,
        "value": None,
    }
    assert found["nodes"][0]["feeds"][1] == {"way": "ELSE", "node": "x", "title": "Go"}


def test_a_file_that_is_no_dsl_is_refused(tmp_path, capsys):
    path = tmp_path / "x.yml"
    path.write_text("- 1", encoding="utf-8")
    assert run(["show", str(path)]) == 3
    assert "x.yml:1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "draw", "layout"])
def test_neither_requests_nor_the_engine_is_loaded(in_new_python, root, command):
    code = f"""
import sys
from difyflow.cli.main import run
run([{command!r}, {str(root / "workflows/fine_tune_corpus/app.yml")!r}])
print("LOADED", sorted({{"requests", "graphon", "openai"}} & set(sys.modules)))
"""
    ended = in_new_python("-c", code)
    assert ended.stdout.splitlines()[-1] == "LOADED []", ended.stderr
