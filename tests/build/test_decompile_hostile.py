"""Text of a document never becomes code: whatever it says, the Python is assignments, calls and literals."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import difyflow
from difyflow.build.decompile import decompile
from difyflow.dsl import _yaml

ATTACKS = (
    '"""',
    "'''",
    "\\",
    "\\\\'",
    "\n",
    "\r\n",
    "{x}",
    "{{",
    "}}",
    "{__import__('os').system('touch pwned')}",
    "{{#1.query#}}",
    "{{#2.text#}}{",
    "\\N{BULLET}",
    "\u202e\u2066",
    "\u2028",
    "\ud800",
    '"); import os; os.system("touch pwned") #',
    "__import__",
    "%s",
    "{0!r:>{width}}",
    "#",
    "\x00",
    "f'{1}'",
    "here",
    "flow",
    "../../../etc/passwd",
    "con",
    "é",
    "ﬁ",
    "名",
)
PIECES = st.sampled_from([piece for piece in ATTACKS if piece != "\ud800"])
HOSTILE = (
    st.lists(PIECES | st.text(max_size=8), max_size=5)
    .map("".join)
    .filter(lambda text: not any(0xD800 <= ord(char) < 0xE000 for char in text))
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def documents(draw):
    """An app in which every text that somebody else wrote is hostile."""

    def text() -> str:
        return draw(HOSTILE)

    def values() -> dict[str, object]:
        return draw(st.dictionaries(HOSTILE, VALUES, max_size=3))

    name, case = text(), text()
    second = draw(HOSTILE.filter(lambda given: given not in ("1", "")))
    condition = {
        "variable_selector": ["1", name],
        "comparison_operator": text(),
        "value": text(),
    }
    nodes = [
        _node("1", {"type": "start", "title": text(), "variables": [
            {"variable": name, "label": text(), "type": "select", "options": draw(st.lists(HOSTILE))}]}),
        _node(second, {"type": "if-else", "title": text(), "cases": [
            {"case_id": case, "conditions": [condition]}]}),
        _node("3", {"type": "llm", "title": text(), "model": {"provider": "p", "name": "m",
              "mode": "chat", "completion_params": values()},
              "prompt_template": [{"role": "user", "text": text()}]}),
        _node("4", {"type": "code", "title": text(), "code": text(), "code_language": "python3",
              "variables": [{"variable": text(), "value_selector": ["1", name]}],
              "outputs": draw(st.dictionaries(HOSTILE, st.just({"type": "string"}), max_size=3))}),
        _node("5", {"type": text(), "title": "x", **values()}),
        _node("6", {"type": "tool", "tool_parameters": {text(): {"type": "mixed", "value": text()}}}),
        {**_node("7", {"text": text(), "author": text(), "type": ""}), "type": "custom-note"},
    ]  # fmt: skip
    edges = [_edge("1", "source", second), _edge(second, case, "3"), _edge(second, "false", text())]
    variable = {
        "id": text(),
        "name": text(),
        "value": draw(VALUES),
        "value_type": text(),
    }
    return {
        "app": {
            "name": text(),
            "mode": "workflow",
            "description": text(),
            "icon": text(),
        },
        "kind": "app",
        "version": draw(st.sampled_from(["0.1.5", "0.6.0", "x", '"; import os'])),
        "dependencies": [{"type": text(), "value": values()}],
        "workflow": {
            "graph": {"nodes": nodes, "edges": edges},
            "environment_variables": [variable],
            "features": {"opening_statement": text(), text(): draw(VALUES)},
        },
    }


def _node(node_id, data):
    return {"id": node_id, "type": "custom", "data": data}


def _edge(source, handle, target):
    return {"id": "e", "source": source, "sourceHandle": handle, "target": target, "targetHandle": "target"}


STATEMENTS = (ast.Module, ast.ImportFrom, ast.alias, ast.Assign, ast.Expr, ast.With, ast.withitem)
VALUES_OF_CODE = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.keyword, ast.JoinedStr, ast.Name, ast.Call)
REST = (ast.Attribute, ast.FormattedValue, ast.BinOp, ast.UnaryOp, ast.USub, ast.Compare, ast.Subscript)
SIGNS = (ast.RShift, ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Load, ast.Store)
ALLOWED = STATEMENTS + VALUES_OF_CODE + REST + SIGNS


def assert_harmless(text: str) -> None:
    """Only imports of difyflow, assignments, blocks, calls of names that are bound here, and literals."""
    tree = ast.parse(text)
    bound = {"__file__", "float"}
    for item in ast.walk(tree):
        assert isinstance(item, ALLOWED), ast.dump(item)
        match item:
            case ast.ImportFrom():
                assert item.level == 0 and item.module is not None
                assert item.module.split(".")[0] == "difyflow", item.module
                bound |= {name.asname or name.name for name in item.names}
            case ast.Name(ctx=ast.Store()):
                bound.add(item.id)
            case ast.Attribute():
                assert not item.attr.startswith("_"), item.attr
            case ast.FormattedValue():
                assert item.conversion == -1 and item.format_spec is None
                assert isinstance(item.value, ast.Name | ast.Attribute)
            case ast.Subscript():
                assert isinstance(item.slice, ast.Constant)
            case ast.UnaryOp():
                assert isinstance(item.operand, ast.Constant)
    used = {item.id for item in ast.walk(tree) if isinstance(item, ast.Name)}
    assert used <= bound, used - bound


def through_python(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            assert path.resolve().is_relative_to(Path(folder).resolve())
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return difyflow.load(folder).render()


@given(documents())
def test_hostile_text_stays_text_and_comes_back_the_same(data):
    app = difyflow.read(_yaml.dump(data))
    made = decompile(app)
    assert_harmless(made.files["flow.py"])
    assert made.difference(app) is None
    assert through_python(made.files) == app.render()


@pytest.mark.parametrize("attack", [piece for piece in ATTACKS if piece not in ("\ud800",)])
def test_each_attack_in_every_place_at_once(attack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nodes = [
        _node("1", {"type": "start", "title": attack, "variables": [{"variable": "query", "label": attack}]}),
        _node("2", {"type": "llm", "title": attack, "prompt_template": [
            {"role": "system", "text": attack}, {"role": "user", "text": attack * 400}]}),
        _node(attack, {"type": attack, "title": attack, attack: {attack: attack}}),
        _node("4", {"type": "answer", "answer": f"{attack}{{{{#1.query#}}}}{attack}"}),
    ]  # fmt: skip
    data = {
        "app": {"name": attack, "mode": "workflow"},
        "workflow": {"graph": {"nodes": nodes, "edges": [_edge("1", "source", "2")]}},
    }
    app = difyflow.read(_yaml.dump(data))
    made = decompile(app)
    assert_harmless(made.files["flow.py"])
    assert through_python(made.files) == app.render()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_seen_is_escaped_in_the_python():
    data = {
        "app": {"name": "a\u202eb\u2066c\u200bd\ufeff", "mode": "workflow"},
        "workflow": {"graph": {"nodes": [_node("1", {"type": "start", "title": "\u202ex"})]}},
    }
    text = decompile(difyflow.read(_yaml.dump(data))).files["flow.py"]
    assert "\\u202eb\\u2066c\\u200bd\\ufeff" in text
    assert all(char == "\n" or char.isprintable() for char in text)
