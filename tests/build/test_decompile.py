"""From a document to Python and back: documents made by hand, one for each thing that is hard to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import difyflow
from difyflow.build.decompile import decompile, write
from difyflow.errors import UsageError
from difyflow.layout.place import place
from difyflow.nodes.note import lexical


def _start(node):
    return node("start", "1", variables=[{"variable": "query", "label": "Query", "type": "paragraph"}])


def _case(case_id, selector=("1", "query")):
    condition = {"variable_selector": list(selector), "comparison_operator": "not empty", "value": ""}
    return {"case_id": case_id, "id": case_id, "logical_operator": "and", "conditions": [condition]}


def _python(app):
    return decompile(app).files["flow.py"]


@pytest.fixture
def loses_nothing(through_python):
    """Asserts that a document renders the same by way of Python; gives the Python."""

    def check(app):
        assert decompile(app).difference(app) is None
        assert through_python(app) == app.render()
        return _python(app)

    return check


# -- what a person would write --------------------------------------------------------------------


def test_references_become_attributes_in_texts_and_in_fields(document, node, edge, loses_nothing):
    llm = node("llm", "2", title="LLM", prompt_template=[{"role": "user", "text": "Say: {{#1.query#}}!"}])
    end = node("end", "3", title="End", outputs=[{"variable": "text", "value_selector": ["2", "text"]}])
    text = loses_nothing(document([_start(node), llm, end], [edge("1", "2"), edge("2", "3")]))
    assert 'user(f"Say: {start.query}!")' in text
    assert "outputs(text=llm.text)" in text
    assert text.endswith("start >> llm >> end\n")


def test_branches_are_blocks_and_what_they_share_stands_behind_them(document, node, edge, loses_nothing):
    nodes = [
        _start(node),
        node("if-else", "2", title="Ask", cases=[_case("true")]),
        node("answer", "3", title="Good", answer="yes"),
        node("answer", "4", title="Bad", answer="no"),
        node("answer", "5", title="Both", answer="both"),
    ]
    edges = [
        edge("1", "2"),
        edge("2", "3", "true"),
        edge("2", "4", "false"),
        edge("3", "5"),
        edge("4", "5"),
    ]
    text = loses_nothing(document(nodes, edges, mode="advanced-chat"))
    assert '\nwith ask.on("true") as yes:\n    good = flow.add(' in text
    assert '\nwith ask.on("false") as no:\n    bad = flow.add(' in text
    assert text.index("with ask") < text.index("\nboth = flow.add(")
    assert text.endswith("start >> ask\n(good, bad) >> both\n")


def test_side_by_side_nodes_are_connected_in_one_line(document, node, edge, loses_nothing):
    nodes = [_start(node), *(node("answer", name, title=name, answer=name) for name in "abcd")]
    edges = [edge("1", "a"), edge("1", "b"), edge("1", "c"), *(edge(name, "d") for name in "abc")]
    assert loses_nothing(document(nodes, edges)).endswith("start >> (a, b, c) >> d\n")


def test_an_error_branch_is_a_block(document, node, edge, loses_nothing):
    http = node("http-request", "2", title="Ask", url="https://example.com", error_strategy="fail-branch")
    nodes = [_start(node), http, node("answer", "3", title="Sorry", answer="sorry {{#2.error_message#}}")]
    text = loses_nothing(document(nodes, [edge("1", "2"), edge("2", "3", "fail-branch")]))
    assert 'with ask.on("fail-branch") as failed:' in text
    assert 'answer=f"sorry {ask.error_message}"' in text


def test_containers_are_blocks_in_blocks(document, node, edge, loses_nothing):
    nodes = [
        _start(node),
        node("iteration", "2", title="Each", iterator_selector=["1", "list"], start_node_id="2start",
             output_selector=["4", "answer"], output_type="array[string]"),
        node("iteration-start", "2start", envelope="custom-iteration-start", parent="2"),
        node("loop", "3", title="Until", parent="2", start_node_id="3start"),
        node("loop-start", "3start", envelope="custom-loop-start", parent="3"),
        node("answer", "4", title="Inner", answer="{{#2.item#}}", parent="3"),
    ]  # fmt: skip
    edges = [edge("1", "2"), edge("2start", "3"), edge("3start", "4")]
    text = loses_nothing(document(nodes, edges))
    assert '\n    with each.container(Loop(title="Until"), id="3") as until:\n' in text
    assert "        inner = until.add(" in text
    assert "        until.start >> inner\n" in text
    assert "\n    each.start >> until\n" in text
    assert "\n    each.gives(inner.answer)\n" in text


def test_long_texts_and_code_get_files_named_after_their_node(document, node, loses_nothing):
    long = "line\n" * 9
    nodes = [
        node("llm", "1", title="Ask", prompt_template=[{"role": "system", "text": long}]),
        node("code", "2", title="Join", code="def main(a):\n    return {'r': a}\n", code_language="python3"),
        node("code", "3", title="Script", code="function main() {\n}", code_language="javascript"),
        node("template-transform", "4", title="Page", template="{% if x %}\n" + long),
        node("http-request", "5", title="Post", url="u", body={"type": "json", "data": [
            {"key": "", "type": "text", "value": '{\n"a": "{{#1.text#}}"\n}'}]}),
    ]  # fmt: skip
    app = document(nodes)
    loses_nothing(app)
    assert set(decompile(app).files) == {
        "canvas.json",
        "flow.py",
        "code/join.py",
        "code/script.js",
        "prompts/ask_system.md",
        "prompts/page.j2",
        "prompts/post_body_json_body.json",
    }
    assert decompile(app).files["prompts/post_body_json_body.json"] == '{\n"a": "{{#ask.text#}}"\n}\n'


def test_the_file_of_a_code_node_is_a_function_that_can_be_called(document, node, tmp_path):
    code = "def main(words: list[str]) -> dict:\n    return {'text': ' '.join(words)}\n"
    write(document([node("code", "1", title="Join", code=code, code_language="python3")]), tmp_path / "flow")
    names: dict[str, object] = {}
    exec(compile((tmp_path / "flow/code/join.py").read_bytes(), "join.py", "exec"), names)
    assert names["main"](["a", "b"]) == {"text": "a b"}


def test_variables_and_system_variables_are_objects(document, node, loses_nothing):
    memory = node("assigner", "1", title="Keep", version="2", items=[
        {"variable_selector": ["conversation", "notes"], "input_type": "variable", "operation": "append",
         "value": ["sys", "query"]}])  # fmt: skip
    variables = {
        "environment_variables": [{"id": "e", "name": "KEY", "value": "", "value_type": "secret"}],
        "conversation_variables": [{"id": "c", "name": "notes", "value": [], "value_type": "array[string]"}],
    }
    text = loses_nothing(document([memory], mode="advanced-chat", **variables))
    assert '\nflow.env("KEY", "", value_type="secret")\n' in text
    assert 'notes = flow.conversation("notes", [])\n' in text
    assert 'query = flow.sys("query")\n' in text
    assert "assign(notes).append(query)" in text


def test_a_variable_of_the_system_has_a_name_only_where_the_python_names_it(document, node, loses_nothing):
    prompt = [{"role": "user", "text": "{{#sys.user_id#}}"}]
    memory = {
        "window": {"enabled": False, "size": 10},
        "query_prompt_template": "{{#sys.query#}}\n\n{{#sys.files#}}",
    }
    vision = {"enabled": True, "configs": {"detail": "high", "variable_selector": ["sys", "files"]}}
    start = node("start", "1", variables=[])
    llm = node("llm", "2", title="LLM", prompt_template=prompt, memory=memory)
    text = loses_nothing(document([start, llm], mode="advanced-chat"))
    assert 'user_id = flow.sys("user_id")\n' in text
    assert '"query"' not in text and '"files"' not in text
    lists = node("document-extractor", "3", variable_selector=["sys", "files"], is_array_file=True)
    text = loses_nothing(document([start, lists, {**llm, "data": {**llm["data"], "vision": vision}}]))
    assert "variable_selector=sys_files" in text or "variable_selector=files" in text


def test_a_model_that_several_nodes_ask_alike_has_a_name(document, node, loses_nothing):
    def asks(node_id, temperature):
        params = {"temperature": temperature}
        model = {"provider": "openai", "name": "org/gpt-4o:x", "mode": "chat", "completion_params": params}
        return node("llm", node_id, title=f"N{node_id}", model=model, prompt_template=[])

    text = loses_nothing(
        document([asks("1", 0.1), asks("2", 0.1), asks("3", 0.2), asks("4", 0.2), asks("5", 0.3)])
    )
    assert 'gpt_4o_x = chat("openai", "org/gpt-4o:x", temperature=0.1)\n' in text
    assert 'gpt_4o_x_2 = chat("openai", "org/gpt-4o:x", temperature=0.2)\n' in text
    assert text.count("model=gpt_4o_x,") == 2 and text.count("model=gpt_4o_x_2,") == 2
    assert text.count("temperature=0.3") == 1


def test_plugins_are_named_by_their_identifier(document, node, loses_nothing):
    needs = [
        {
            "type": "marketplace",
            "value": {"marketplace_plugin_unique_identifier": "a/b:1@c", "version": None},
        },
        {"type": "package", "value": {"plugin_unique_identifier": "d/e:1@f"}},
        {"type": "github", "value": {"github_plugin_unique_identifier": "g", "repo": "h/i"}},
    ]
    rest = document([_start(node)]).render()
    text = loses_nothing(difyflow.read(f"dependencies: {json.dumps(needs)}\n{rest}"))
    assert 'flow.needs("a/b:1@c")\nflow.needs("d/e:1@f", type="package")\n' in text
    assert 'Dependency(\n        type="github"' in text or 'Dependency(type="github"' in text


def test_choices_of_a_parameter_are_words_with_their_labels(document, node, loses_nothing):
    def label(text, zh):
        return {"en_US": text, "zh_Hans": zh, "pt_BR": text, "ja_JP": text}

    schema = {
        "name": "zone",
        "type": "select",
        "form": "form",
        "options": [
            {"value": "utc", "label": label("utc", "utc"), "icon": ""},
            {"value": "cn", "label": label("Shanghai", "上海")},
            {"value": "x", "label": label("x", "x")},
            {"value": "y", "label": label("y", "y"), "icon": "i"},
        ],
    }
    tool = node("tool", "2", provider_id="time", tool_name="now", paramSchemas=[schema], tool_parameters={})
    text = loses_nothing(document([_start(node), tool]))
    assert 'option("cn", label="Shanghai", zh="上海")' in text and 'option("x")' in text
    assert 'option("y", icon="i")' in text and 'option("utc", icon="")' in text


def test_keys_that_are_no_text_are_kept_or_the_difference_is_told(document, node, edge, through_python):
    text = document([_start(node), node("end", "2", outputs=[])], [edge("1", "2")]).render()
    told = []
    for line in ("app:\n", "    viewport:\n", "  graph:\n", "    - data:\n"):
        indent = " " * (len(line) - len(line.lstrip(" -")) + 2)
        app = difyflow.read(text.replace(line, f"{line}{indent}5: x\n{indent}true: y\n", 1))
        told.append(decompile(app).difference(app))
        assert (through_python(app) == app.render()) == (told[-1] is None)
    assert told[:3] == [None] * 3 and "5: x" in told[3]


def test_references_in_texts_that_may_be_absent_become_attributes_too(document, node, loses_nothing):
    extract = node(
        "parameter-extractor", "2", query=["1", "query"], instruction="Of {{#1.query#}}", parameters=[]
    )
    long = "{{#1.query#}} and so on\n" * 5
    llm = node("llm", "3", title="LLM", memory={"query_prompt_template": long, "window": {"enabled": False}})
    app = document([_start(node), extract, llm])
    text = loses_nothing(app)
    assert 'instruction=f"Of {start.query}"' in text
    assert (
        "start=start" in text and "{{#start.query#}}" in decompile(app).files["prompts/llm_memory_query.md"]
    )


def test_notes_are_text_and_stand_at_the_end(document, node, loses_nothing):
    plain = node("", "n", envelope="custom-note", text=lexical("First.\nSecond."), theme="pink", author="Me",
                 title="", desc="", showAuthor=True, width=240, height=88)  # fmt: skip
    bold = lexical("Bold").replace('"format":0', '"format":1')
    rich = node("", "m", envelope="custom-note", text=bold, title=" (1)")
    text = loses_nothing(document([plain, rich, _start(node)]))
    assert 'flow.note("First.\\nSecond.", id="n", author="Me", theme="pink")' in text
    assert text.index("flow.note") > text.index("start = flow.add")


def test_names_come_from_titles_and_collide_with_nothing(document, node, loses_nothing):
    titles = [
        "Flow",
        "print",
        "class",
        "LLM",
        "开始",
        "LLM",
        "1 more",
        "system",
        "ﬁne",
        "",
        "Text's",
        "match",
    ]
    nodes = [
        node("llm", str(index), title=title, prompt_template=[{"role": "system", "text": title}])
        for index, title in enumerate(titles)
    ]
    text = loses_nothing(document(nodes))
    names = [line.split(" = ")[0] for line in text.splitlines() if " = flow.add(" in line]
    assert names == [
        "flow_llm", "print_llm", "llm", "llm_2", "开始", "llm_3", "llm_4", "system_llm", "fine", "llm_5",
        "text_s", "llm_6",
    ]  # fmt: skip


def test_the_same_document_gives_the_same_python(document, node, edge):
    app = document([_start(node), node("answer", "2", answer="x")], [edge("1", "2")])
    assert decompile(app) == decompile(difyflow.read(app.render()))


# -- what is hard to say --------------------------------------------------------------------------


def test_ids_that_cannot_stand_in_a_text_are_kept(document, node, edge, loses_nothing):
    nodes = [node("start", "start-1"), node("answer", "an answer!", answer="{{#start-1.x#}}")]
    loses_nothing(document(nodes, [edge("start-1", "an answer!")]))


def test_edges_that_lead_nowhere_are_kept_beside(document, node, edge, loses_nothing):
    edges = [
        edge("1", "gone"),
        edge("gone", "2"),
        edge("2", "1"),
        edge("1", "2", "no-such-way"),
        edge("1", "2"),
        {**edge("1", "2"), "id": "twice"},
        edge("2", "2"),
        {"source": "1", "target": 5},
    ]
    app = document([_start(node), node("answer", "2", answer="x")], edges)
    loses_nothing(app)
    assert sum("cannot be drawn" in item for item in decompile(app).escapes) == 7


def test_references_to_what_is_not_there_are_kept(document, node, loses_nothing):
    selector = ["gone", "text"]
    nodes = [
        node("end", "2", title="End", outputs=[{"variable": "a", "value_selector": selector}]),
        node("answer", "3", answer="{{#gone.text#}} {{#2.no#}} {{#sys.user_id#}} {#{}}"),
        node("iteration", "4", title="Each", iterator_selector=["1", "x"], output_selector=selector),
    ]
    text = loses_nothing(document(nodes))
    assert 'Selector(("gone", "text"))' in text


def test_outputs_that_are_no_attributes_are_reached_by_index(document, node, loses_nothing):
    form = [{"variable": name, "label": "", "type": "file"} for name in ("id", "类别", "class", "on")]
    nodes = [
        node("start", "1", title="Start", variables=form),
        node("end", "2", title="End", outputs=[
            {"variable": f"v{index}", "value_selector": ["1", item["variable"], "type"]}
            for index, item in enumerate(form)]),
    ]  # fmt: skip
    text = loses_nothing(document(nodes))
    assert 'start["id"].key("type")' in text
    assert 'start.类别.key("type")' in text


def test_types_and_keys_that_we_do_not_know_are_said_by_name(document, node, edge, loses_nothing):
    future = node(
        "from-the-future", "2", title="New", setting={"a": [1, None, 2.5]}, **{"no-name": "x", "self": 1}
    )
    known = node("answer", "3", answer="x", extra=True, **{"class": "y"})
    app = document([_start(node), future, known], [edge("1", "2"), edge("2", "3")])
    text = loses_nothing(app)
    assert 'UnknownNode(type="from-the-future", title="New").also(' in text
    assert '**{"no-name": "x"}' in text
    assert decompile(app).escapes == ()
    assert len(decompile(app).unknown) == 5


def test_values_that_do_not_fit_their_field_are_kept_beside(document, node, loses_nothing):
    nodes = [
        node("llm", "1", title=["no", "text"], prompt_template="oops", model={"name": 7}),
        node("code", "2", title="Code", outputs=[1], variables={"a": 1}),
        node("if-else", "3", title="If", cases=[{"case_id": None}]),
        node("if-else", "4", title="If", cases=[{"case_id": "a", "conditions": [{"id": ["b"]}]}]),
    ]
    app = document(nodes)
    loses_nothing(app)
    assert any(item.startswith("node 1: data/prompt_template") for item in decompile(app).escapes)


def test_an_iteration_of_the_old_form_without_a_start_node_is_kept(document, node, loses_nothing):
    nodes = [
        node("iteration", "1", title="Each", start_node_id="2", output_selector=["2", "answer"],
             iterator_selector=["0", "list"]),
        node("answer", "2", title="In", answer="{{#1.item#}}", parent="1", isIterationStart=True,
             isInIteration=True, iteration_id="1"),
    ]  # fmt: skip
    text = loses_nothing(document(nodes))
    assert "isIterationStart=True" in text


def test_containers_that_hold_each_other_and_very_deep_blocks_are_kept(document, node, edge, loses_nothing):
    ring = [node("loop", "a", parent="b"), node("loop", "b", parent="a"), node("loop", "c", parent="c")]
    deep = [node("if-else", f"i{index}", cases=[_case("true")]) for index in range(30)]
    nested = [node("loop", f"l{index}", parent=f"l{index - 1}" if index else None) for index in range(30)]
    edges = [edge(f"i{index}", f"i{index + 1}", "true") for index in range(29)]
    loses_nothing(document([*ring, *deep, *nested], edges))


def test_long_names_and_ids_still_fit_the_formatter(document, node, edge, loses_nothing):
    uuid = "d3a0c1f2-0c3b-4a58-9f0e-7b2f1d9e8c77"
    nodes = [
        node(
            "if-else", "1", title="一二三四五六七八九十一二三四五六七八九", cases=[_case(uuid), _case("true")]
        ),
        node("answer", "2", title="甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬", answer="x" * 120),
        node("answer", "3", title="甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬", answer="y"),
    ]
    edges = [edge("1", "2", uuid), edge("1", "2", "true"), edge("1", "3", "false"), edge("2", "3")]
    loses_nothing(document(nodes, edges))


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])
def test_an_app_without_a_graph_is_kept_as_it_is(mode, through_python):
    app = difyflow.read(
        f"app: {{mode: {mode}, name: x}}\nkind: app\nmodel_config: {{a: [1, b]}}\nversion: 0.3.0\n"
    )
    assert through_python(app) == app.render()
    assert decompile(app).escapes == (f"the whole document: no workflow app: {mode}",)


def test_a_pipeline_and_an_app_without_nodes_are_kept_as_they_are(document, through_python):
    pipeline = difyflow.read(
        "kind: rag_pipeline\nrag_pipeline: {name: p}\nversion: 0.1.0\nworkflow: {graph: {}}\n"
    )
    assert through_python(pipeline) == pipeline.render()
    assert through_python(document([])) == document([]).render()


def test_two_nodes_of_one_id_are_kept_as_they_are(document, node, through_python):
    app = document([node("answer", "1", answer="a"), node("answer", "1", answer="b")])
    assert through_python(app) == app.render()
    assert decompile(app).escapes == ("the whole document: nodes share the id '1'",)


def test_a_document_with_a_date_in_it_is_kept_as_it_is(document, node, through_python):
    text = document([node("code", "1", title="When")]).render()
    for app in (
        f"{text}day: 2024-01-01\n",
        text.replace("title: When", "title: When\n        day: 2024-01-01"),
    ):
        app = difyflow.read(app)
        assert through_python(app) == app.render()
        assert "date" in decompile(app).escapes[0]


# -- the folder -----------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_left_alone_unless_forced(document, node, tmp_path):
    app = document([node("answer", "1", answer="x")])
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        write(app, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    write(app, tmp_path, force=True)
    assert difyflow.load(tmp_path).render() == app.render()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_flow_may_be_edited_and_what_the_canvas_says_of_others_stays(document, node, edge, tmp_path: Path):
    app = document([_start(node), node("answer", "2", title="Old", answer="x")], [edge("1", "2")])
    write(app, tmp_path / "flow")
    file = tmp_path / "flow" / "flow.py"
    more = 'more = flow.add(Answer(answer="more"))\nold >> more\n'
    file.write_text(file.read_text().replace('answer="x"', 'answer="y"') + more)
    made = difyflow.load(tmp_path / "flow")
    assert [item.id for item in made.nodes] == ["1", "2", "answer"]
    assert made.graph.node("2").data.answer == "y"
    assert made.graph.node("1").position == app.graph.node("1").position


def test_without_its_canvas_a_flow_still_builds(document, node, edge, tmp_path: Path):
    app = document([_start(node), node("answer", "2", answer="x")], [edge("1", "2")])
    write(app, tmp_path / "flow")
    file = tmp_path / "flow" / "flow.py"
    file.write_text(file.read_text().replace(', canvas=here("canvas.json")', ""))
    (tmp_path / "flow" / "canvas.json").unlink()
    made = difyflow.load(tmp_path / "flow")
    assert [item.id for item in made.nodes] == ["1", "2"]
    assert json.dumps(made.data())


def test_a_difference_is_told_by_its_first_line(document, node):
    made = decompile(document([node("answer", "1", answer="x")]))
    found = made.difference(document([node("answer", "1", answer="y")]))
    assert found is not None
    assert found.endswith("is 'answer: x', not 'answer: y'")


def test_three_hundred_nodes_in_a_row_are_all_said(document, node, edge):
    nodes = [node("answer", f"n{index}", title=f"T{index % 7}", answer="x") for index in range(300)]
    made = decompile(document(nodes, [edge(f"n{index}", f"n{index + 1}") for index in range(299)]))
    assert made.escapes == ()


def test_the_canvas_says_where_everything_lies_even_where_a_layout_would_put_it_there():
    app = difyflow.read((Path(__file__).parents[2] / "workflows/fine_tune_corpus/app.yml").read_text("utf-8"))
    laid_out = place(app.graph, keep=frozenset())
    again = app.changed(workflow=app.workflow.changed(graph=laid_out))
    lines = json.loads(decompile(again).files["canvas.json"])["nodes"]
    said = {line["id"]: line["set"]["position"] for line in lines}
    assert said == {node.id: {"x": node.position.x, "y": node.position.y} for node in laid_out.nodes}
