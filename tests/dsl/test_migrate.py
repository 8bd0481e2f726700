"""Moving a document to another Dify release: what changes, what is refused, what stays."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from difyflow.dsl.edit import rewrite
from difyflow.dsl.imports import answer
from difyflow.dsl.migrate import Migration, migrate
from difyflow.dsl.reader import read_document
from difyflow.dsl.releases import target_named
from difyflow.errors import ReadError
from difyflow.nodes._moves import GONE

NEW, V1_12, OLD = "0.6.0", "dify-1.12", "dify-0.15.3"

BY_HAND = """\
# An old chatflow
app:
  mode: workflow   # not a chatflow after all
  name: Old
  icon: 🤖
version: 0.1.2
workflow:
  environment_variables:
  - {name: limit, value: 3, value_type: integer}   # of passages
  graph:
    nodes:
    - id: begin
      data: {type: start, title: Begin, variables: []}
    - id: pick
      data:
        type: if-else
        title: Pick
        logical_operator: and
        conditions:
        - {id: '1', variable_selector: [sys, files], comparison_operator: is not null, value: ''}
    - id: join
      data: {type: variable-assigner, title: Join, output_type: string, variables: [[ask, text]]}
    - id: each
      position: {x: 100, y: 200}
      width: 500
      height: 300
      data:
        type: iteration
        title: Each
        start_node_id: ask
        iterator_selector: [begin, list]
        output_selector: [ask, text]
    - id: ask
      position: {x: 180, y: 260}
      data:
        type: llm
        title: Ask
        isInIteration: true
        isIterationStart: true
        iteration_id: each
        # cheap and good enough
        model: {provider: openai, name: gpt-4o-mini, mode: chat}
    edges:
    - id: e1
      source: pick
      target: join
      data: {sourceType: if-else, targetType: variable-assigner}
"""


def moved(text: str | bytes, to: str) -> Migration:
    return migrate(read_document(text).app, target_named(to))


def told(found: Migration) -> dict[str, tuple[object, object]]:
    return {
        ".".join(str(part) for part in change.path): (change.before, change.after) for change in found.changes
    }


def test_an_old_file_becomes_one_of_today():
    found = moved(BY_HAND, NEW)
    assert found.obstacles == ()
    changes = told(found)
    node = "workflow.graph.nodes"
    assert changes.pop("version") == ("0.1.2", "0.6.0")
    assert changes.pop("app.icon_type") == (GONE, "emoji")
    assert changes.pop("dependencies") == (GONE, [])
    assert changes.pop("workflow.rag_pipeline_variables") == (GONE, [])
    assert changes.pop(f"{node}.1.data.cases")[1][0]["conditions"][0]["comparison_operator"] == "not empty"
    assert changes.pop(f"{node}.1.data.conditions")[1] is GONE
    assert changes.pop(f"{node}.1.data.logical_operator") == ("and", GONE)
    assert changes.pop(f"{node}.2.data.type") == ("variable-assigner", "variable-aggregator")
    assert changes.pop("workflow.graph.edges.0.data.targetType") == (
        "variable-assigner",
        "variable-aggregator",
    )
    assert changes.pop(f"{node}.4.data.model.provider") == ("openai", "langgenius/openai/openai")
    assert changes.pop(f"{node}.3.data.start_node_id") == ("ask", "eachstart")
    assert changes.pop(f"{node}.4.data.isIterationStart") == (True, GONE)
    assert changes.pop(f"{node}.4.parentId") == (GONE, "each")
    assert changes.pop(f"{node}.4.position.x") == (180, 80)
    assert changes.pop(f"{node}.4.position.y") == (260, 60)
    assert changes.pop(f"{node}.5")[1]["id"] == "eachstart"
    assert changes.pop("workflow.graph.edges.1")[1]["source"] == "eachstart"
    assert changes == {}
    assert all(change.why for change in found.changes)


def test_what_is_left_to_do_is_told():
    what = [item.what for item in moved(BY_HAND, NEW).advice]
    assert what == ["install the plugin langgenius/openai; the file does not say which version"]


def test_the_text_keeps_what_does_not_change():
    document = read_document(BY_HAND)
    text = rewrite(document, moved(BY_HAND, NEW).app, reformat=False)
    for line in (
        "# An old chatflow",
        "  mode: workflow   # not a chatflow after all",
        "  - {name: limit, value: 3, value_type: integer}   # of passages",
        "        # cheap and good enough",
        "        model: {provider: langgenius/openai/openai, name: gpt-4o-mini, mode: chat}",
        "      data: {type: variable-aggregator, title: Join, output_type: string, variables: [[ask, text]]}",
    ):
        assert f"{line}\n" in text
    assert read_document(text).app.data() == moved(BY_HAND, NEW).app.data()


def test_a_second_time_there_is_nothing_to_do():
    for target in (NEW, V1_12, OLD):
        again = migrate(moved(BY_HAND, target).app, target_named(target))
        assert (again.changes, again.obstacles) == ((), ())


def test_the_document_itself_is_not_changed():
    document = read_document(BY_HAND)
    before = copy.deepcopy(document.app.data())
    migrate(document.app, target_named(NEW))
    assert document.app.data() == before


def test_down_to_0_15_variables_become_what_it_takes():
    changes = told(moved(BY_HAND, OLD))
    assert changes["workflow.environment_variables.0.value_type"] == ("integer", "number")
    assert changes["workflow.environment_variables.0.id"][0] is GONE
    assert "workflow.graph.nodes.4.data.model.provider" not in changes


def test_providers_go_there_and_back():
    text = "version: 0.1.5\napp: {name: x, mode: chat}\nmodel_config: {model: {provider: google}}\n"
    there = moved(text, NEW).app
    assert there.data()["model_config"]["model"]["provider"] == "langgenius/gemini/google"
    back = migrate(there, target_named(OLD))
    assert back.app.data()["model_config"]["model"]["provider"] == "google"
    assert [change.path for change in back.changes if change.after is GONE] == [
        ("app", "icon_type"),
        ("dependencies",),
    ]


def node(**data: object) -> str:
    import json

    return (
        "version: 0.7.0\napp: {name: x, mode: workflow}\nworkflow:\n  graph:\n    nodes:\n"
        f"    - {{id: a, type: custom, data: {json.dumps(data)}}}\n"
    )


@pytest.mark.parametrize(
    ("text", "target", "why"),
    [
        (node(type="human-input"), V1_12, "node type human-input is known since Dify 1.13.0 only"),
        (node(type="agent", agent_node_kind="dify_agent", version="2"), V1_12, "1.15.0"),
        (node(type="loop"), OLD, "node type loop is known since Dify 1.1.0 only"),
        (node(type="llm", structured_output_enabled=True), OLD, "1.3.0"),
        (node(type="http-request", ssl_verify=False), OLD, "ssl_verify: False"),
        (node(type="llm", model={"provider": "a/b/c"}), OLD, "a/b/c is a plugin"),
        (node(title="no type"), NEW, "Dify would refuse the import: 'type'"),
        (node(type="start"), "dify-0.8", "older than Dify 0.14.2"),
        ("version: 0.1.0\nkind: rag_pipeline\nrag_pipeline: {name: x}\n", NEW, "only apps"),
    ],
)
def test_what_the_target_does_not_know_is_refused_and_not_dropped(text, target, why):
    found = moved(text, target)
    assert any(why in obstacle.why for obstacle in found.obstacles), found.obstacles


@pytest.mark.parametrize(
    ("workflow", "path"),
    [
        ("text", "workflow"),
        ("{graph: 5}", "workflow.graph"),
        ("{graph: {nodes: text}}", "workflow.graph.nodes"),
        ("{graph: {nodes: [~, {id: a, data: {type: start}}]}}", "workflow.graph.nodes.0"),
        ("{graph: {nodes: [{id: a, data: 5}]}}", "workflow.graph.nodes.0.data"),
        ("{graph: {nodes: [], edges: [text]}}", "workflow.graph.edges.0"),
    ],
)
def test_what_is_not_built_as_a_document_is_refused_by_its_place(workflow, path):
    found = moved(f"version: 0.5.0\napp: {{name: x, mode: workflow}}\nworkflow: {workflow}\n", NEW)
    assert [".".join(map(str, item.path)) for item in found.obstacles] == [path]
    assert found.changes == ()


def test_a_node_without_data_is_refused_as_the_server_does():
    found = moved("app: {name: x, mode: workflow}\nworkflow: {graph: {nodes: [{id: a}]}}\n", NEW)
    assert "Dify would refuse the import" in found.obstacles[0].why


def test_a_release_inside_of_a_line_is_advice():
    found = moved(node(type="start", variables=[{"variable": "a", "type": "json_object"}]), "0.5.0")
    assert found.obstacles == ()
    assert [item.what for item in found.advice] == [
        "type: json_object: the server must be a Dify 1.11.0 or newer"
    ]


def test_an_iteration_whose_first_node_cannot_be_told_is_refused():
    text = (
        "app: {name: x, mode: workflow}\nworkflow:\n  graph:\n    nodes:\n"
        "    - {id: it, data: {type: iteration}}\n"
        "    - {id: a, parentId: it, data: {type: code}}\n"
        "    - {id: b, parentId: it, data: {type: code}}\n"
    )
    assert "any of a, b may be the first" in moved(text, NEW).obstacles[0].why


@pytest.mark.local
def test_an_iteration_of_the_old_form_runs_after_it_was_moved():
    """Dify 1.12.1 answers `[INVALID_ROOT]` to the old form."""
    from difyflow.run.backends.local import Settings, open_backend

    def run(data: dict[str, Any]) -> object:
        backend = open_backend(data, target="x", form=(), settings=Settings(model_endpoint="demo"))
        try:
            run = backend.start({}, user="u")
            list(run.events())
            return run.result()
        finally:
            backend.close()

    text = """\
app: {name: x, mode: workflow}
version: 0.1.0
workflow:
  graph:
    nodes:
    - {id: s, type: custom, data: {type: start, title: S, variables: []}}
    - id: c
      type: custom
      data:
        type: code
        title: C
        code_language: python3
        code: "def main():\\n    return {'found': ['a', 'b']}"
        outputs: {found: {type: 'array[string]'}}
        variables: []
    - id: it
      type: custom
      data:
        type: iteration
        title: I
        iterator_selector: [c, found]
        output_selector: [t, output]
        start_node_id: t
    - id: t
      type: custom
      parentId: it
      data:
        type: template-transform
        title: T
        template: '{{ x }}!'
        variables: [{variable: x, value_selector: [it, item]}]
        isInIteration: true
        isIterationStart: true
        iteration_id: it
    - id: e
      type: custom
      data: {type: end, title: E, outputs: [{variable: o, value_selector: [it, output]}]}
    edges:
    - {id: '1', source: s, target: c, sourceHandle: source}
    - {id: '2', source: c, target: it, sourceHandle: source}
    - {id: '3', source: it, target: e, sourceHandle: source}
"""
    after = run(moved(text, V1_12).app.data())
    assert after.outputs == {"o": ["a!", "b!"]}  # type: ignore[attr-defined]


NOT_IN_THE_TEXT = {"12264970.yml"}
"""A text whose closing quote is doubled swallows the next two keys, and a comment follows without a space."""


def checked(corpus_dir: Any, every: int) -> dict[str, list[int]]:
    """Moves public files; what is moved is imported as completed, and needs nothing more."""
    counts: dict[str, list[int]] = {}
    for file in sorted((corpus_dir / "dsl").glob("*.yml"))[::every]:
        try:
            document = read_document(file.read_bytes(), name=file.name)
        except ReadError:
            continue
        for name in (NEW, V1_12, OLD):
            target = target_named(name)
            found = migrate(document.app, target)
            counts.setdefault(name, [0, 0])[bool(found.obstacles)] += 1
            if found.obstacles:
                continue
            assert answer(found.app.data(), target.releases).status == "completed", file.name
            again = migrate(found.app, target)
            assert (again.changes, again.obstacles) == ((), ()), file.name
            text = rewrite(document, found.app, reformat=file.name in NOT_IN_THE_TEXT)
            assert read_document(text).app.data() == found.app.data(), file.name
    return counts


def test_some_public_files_move_or_say_why_not(corpus_dir):
    checked(corpus_dir, 40)


@pytest.mark.long
def test_all_public_files_move_or_say_why_not(corpus_dir):
    counts = checked(corpus_dir, 1)
    assert counts[NEW][0] > 300
    assert counts[V1_12][0] > 290
    assert counts[OLD][0] > 240
