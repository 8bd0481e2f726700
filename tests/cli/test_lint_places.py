"""Findings in a `flow.py` stand where the Python writes what is meant."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from difyflow.cli._lint_places import Made, places
from difyflow.cli.main import run

FLOW = """from difyflow import Flow
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.end import End, outputs
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.loop import Loop, variable
from difyflow.nodes.start import Start, paragraph
from difyflow.nodes.template_transform import TemplateTransform
from difyflow.terms.selector import Selector

flow = Flow("语料", version="0.6.0")
start = flow.add(Start(title="开始", variables=(
    paragraph("q", "Q"),
    paragraph("q", "Q again"),
)))
prompts = (
    system("Hello"),
    user("{{#strat.q#}}"),
)
llm = flow.add(
    LLM(
        title="语",
        model=chat("", "m"),
        prompt_template=prompts,
    ),
)
code = Code(
    variables=inputs(
        a=llm.text,
        b=Selector(("nothing", "text")),
    ),
    code="def main(a, b): return {'x': 1}",
    outputs=returns(result="string"),
)
coded = flow.add(code, id="coded")
secret = flow.env("KEY", "",
                  value_type="secret")
with flow.container(Loop(loop_variables=(variable("n", "three", var_type="number"),))) as loop:
    made = loop.add(TemplateTransform(title="语", template="{{ x }", variables=()))
    loop.start >> made
flow.set_data(loop,
              loop_count=1000)
end = flow.add(End(outputs=outputs(x=llm.text, y=Selector((start.id, "gone")))))
start >> llm >> coded >> loop
loop >> end
"""


@pytest.mark.long
def test_findings_in_a_flow_are_at_the_keyword_or_the_item_that_they_are_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.py").write_text(FLOW, encoding="utf-8")
    assert run(["lint", "flow.py", "--format", "json", "--severity", "info"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    at = {(item["rule"], item["line"], item["col"]) for item in found}
    assert {
        ("start-variable-duplicate", 13, 5),
        ("ref-unknown-node", 17, 5),
        ("model-missing", 22, 9),
        ("ref-unknown-node", 29, 9),
        ("code-outputs", 31, 5),
        ("var-unused", 35, 19),
        ("loop-variable-value", 37, 42),
        ("template-syntax", 38, 50),
        ("loop-count", 41, 15),
        ("ref-unknown-output", 42, 48),
    } <= at
    assert [item["line"] for item in found] == sorted(item["line"] for item in found)


def _made(source: str, what: str, key: object, call: str) -> Made:
    """The call whose text begins like this, as the process that executes the flow notes it."""
    node = next(
        item
        for item in ast.walk(ast.parse(source))
        if isinstance(item, ast.Call) and (ast.get_source_segment(source, item) or "").startswith(call)
    )
    return Made(what, key, node.lineno, node.col_offset, (node.end_lineno, node.end_col_offset))


def test_what_is_not_written_out_is_where_its_holder_is() -> None:
    source = "parts = [make(x) for x in y]\nflow.add(LLM(title='a', prompt_template=parts, **more), id='a')"
    document = {"workflow": {"graph": {"nodes": [{"id": "other"}, {"id": "a"}]}}}
    found = places(source, [_made(source, "node", "a", "flow.add")], document)
    node = ("workflow", "graph", "nodes", 1)
    assert found[node] == (2, 1)
    assert found[*node, "data"] == (2, 10)
    assert found[*node, "data", "title"] == (2, 14)
    assert found[*node, "data", "prompt_template"] == (2, 25)
    assert found[*node, "id"] == (2, 57)
    assert not any(path[:6] == (*node, "data", "prompt_template") and len(path) > 6 for path in found)


def test_a_name_that_leads_to_itself_or_to_very_many_is_followed_so_far_only() -> None:
    names = "".join(f"n{i} = (n{i + 1},) * 1, (n{i + 1}, n{i + 1}, n{i + 1})\n" for i in range(40))
    source = f"{names}n40 = [n40, n40]\nflow.add(LLM(tools=n0), id='a')"
    document = {"workflow": {"graph": {"nodes": [{"id": "a"}]}}}
    found = places(source, [_made(source, "node", "a", "flow.add")], document)
    assert ("workflow", "graph", "nodes", 0, "data", "tools", 1, 2) in found
    assert len(found) < 20_000


def test_edges_and_variables_are_found_by_what_they_join_and_their_names() -> None:
    source = "a >> b\nflow.conversation('k', [1], value_type='array[string]')\n"
    document = {
        "workflow": {
            "graph": {"edges": [{"source": "a", "sourceHandle": "source", "target": "b"}]},
            "conversation_variables": [{"name": "k"}],
        }
    }
    made = [
        Made("edge", ("a", "source", "b"), 1, 0, (1, 6)),
        _made(source, "conversation_variables", "k", "flow.conversation"),
        Made("node", "not in the document", 2, 0, (2, 3)),
    ]
    found = places(source, made, document)
    assert found["workflow", "graph", "edges", 0] == (1, 1)
    assert found["workflow", "conversation_variables", 0, "value"] == (2, 24)
    assert found["workflow", "conversation_variables", 0, "value_type"] == (2, 29)
