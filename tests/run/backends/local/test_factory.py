"""Every node type that runs here, each in a flow of its own."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.records import events as ev

Q = {"q": "学而时习之,不亦说乎?有朋自远方来,不亦乐乎?"}


def test_a_template_is_rendered_and_a_missing_name_is_empty(local: Any, flows: Any) -> None:
    template = {
        "id": "t",
        "type": "template-transform",
        "title": "T",
        "template": "{{ q | length }}-{{ nothing }}",
        "variables": [{"variable": "q", "value_selector": ["start", "q"]}],
    }
    data = flows.chain(template, inputs=[flows.text_input("q")], outputs={"o": ["t", "output"]})
    assert local.result(data, {"q": "abc"}).outputs == {"o": "3-"}


def test_code_gets_inputs_and_gives_every_output_type(local: Any, flows: Any) -> None:
    code = {
        "id": "c",
        "type": "code",
        "title": "C",
        "code_language": "python3",
        "code": "def main(q):\n    return {'s': q, 'n': len(q), 'a': [q, q], 'o': {'q': q}, 'b': True}",
        "variables": [{"variable": "q", "value_selector": ["start", "q"]}],
        "outputs": {
            name: {"type": kind, "children": None}
            for name, kind in {
                "s": "string",
                "n": "number",
                "a": "array[string]",
                "o": "object",
                "b": "boolean",
            }.items()
        },
    }
    outputs = {name: ["c", name] for name in "snaob"}
    result = local.result(flows.chain(code, inputs=[flows.text_input("q")], outputs=outputs), {"q": "中文"})
    assert result.outputs == {"s": "中文", "n": 2, "a": ["中文", "中文"], "o": {"q": "中文"}, "b": True}


def test_code_that_raises_fails_the_node_with_its_own_traceback(local: Any, flows: Any) -> None:
    result = local.result(flows.chain(_code("raise ValueError('no such thing')")))
    assert result.status == "failed"
    assert "ValueError: no such thing" in result.error
    assert result.nodes[-1].status == "failed"


def _code(body: str, **more: Any) -> dict[str, Any]:
    data = {"id": "c", "type": "code", "title": "C", "code_language": "python3", "variables": []}
    outputs = {"s": {"type": "string", "children": None}}
    return {**data, "code": f"def main():\n    {body}", "outputs": outputs, **more}


@pytest.mark.parametrize(("version", "fits"), [("0.1.5", False), ("0.5.0", True)])
def test_the_length_of_code_output_is_that_of_the_dify_that_wrote_the_file(
    local: Any, flows: Any, version: str, fits: bool
) -> None:
    data = flows.chain(_code("return {'s': 'x' * 80001}"), outputs={"s": ["c", "s"]}, version=version)
    result = local.result(data)
    assert result.ok is fits
    assert fits or "must be less than 80000 characters" in result.error


def test_a_condition_picks_its_branch_and_an_aggregator_takes_what_came(local: Any, flows: Any) -> None:
    result = local.result(_branches(flows, "variable-aggregator"), {"q": "yes please"})
    assert result.outputs == {"o": "taken"}
    assert [node.node_id for node in result.nodes] == ["start", "if", "yes", "join", "end"]


def test_the_old_name_of_the_aggregator_runs_too(local: Any, flows: Any) -> None:
    assert local.result(_branches(flows, "variable-assigner"), {"q": "no"}).outputs == {"o": "else"}


def _branches(flows: Any, aggregator: str) -> Any:
    def says(node_id: str, text: str) -> dict[str, Any]:
        return {
            "id": node_id,
            "type": "template-transform",
            "title": node_id,
            "template": text,
            "variables": [],
        }

    condition = {"variable_selector": ["start", "q"], "comparison_operator": "contains", "value": "yes"}
    case = {"case_id": "true", "logical_operator": "and", "conditions": [{"id": "1", **condition}]}
    nodes = [
        {"id": "start", "type": "start", "title": "S", "variables": [flows.text_input("q")]},
        {"id": "if", "type": "if-else", "title": "If", "cases": [case]},
        says("yes", "taken"),
        says("no", "else"),
        {
            "id": "join",
            "type": aggregator,
            "title": "J",
            "output_type": "string",
            "variables": [["yes", "output"], ["no", "output"]],
        },
        {
            "id": "end",
            "type": "end",
            "title": "E",
            "outputs": [{"variable": "o", "value_selector": ["join", "output"]}],
        },
    ]
    ends = [("start", "if", None), ("if", "yes", "true"), ("if", "no", "false"), ("yes", "join", "source")]
    ends += [("no", "join", "source"), ("join", "end", "source")]
    edges = [{"source": one, "target": two, "sourceHandle": handle} for one, two, handle in ends]
    return flows.document(nodes, edges)


def test_a_list_operator_filters_and_orders(local: Any, flows: Any) -> None:
    code = _code("return {'s': ['b1', 'a', 'b0']}")
    code["outputs"] = {"s": {"type": "array[string]", "children": None}}
    condition = {"key": "", "comparison_operator": "contains", "value": "b"}
    operator = {
        "id": "l",
        "type": "list-operator",
        "title": "L",
        "variable": ["c", "s"],
        "filter_by": {"enabled": True, "conditions": [condition]},
        "order_by": {"enabled": True, "key": "", "value": "asc"},
        "limit": {"enabled": False, "size": 10},
    }
    data = flows.chain(code, operator, outputs={"r": ["l", "result"], "f": ["l", "first_record"]})
    assert local.result(data).outputs == {"r": ["b0", "b1"], "f": "b0"}


def test_an_iteration_runs_its_nodes_for_every_item(local: Any, recorded_flow: Any) -> None:
    result = local.result(recorded_flow("iteration-remove-abnormal"), {"text": "a\nb"})
    assert result.outputs == {"lines": ["A", "B"]}


def test_an_iteration_of_the_old_form_gets_the_start_node_that_the_editor_would_add(
    local: Any, recorded_flow: Any
) -> None:
    data = recorded_flow("iteration-remove-abnormal")
    graph = data["workflow"]["graph"]
    graph["nodes"] = [node for node in graph["nodes"] if node["data"]["type"] != "iteration-start"]
    graph["edges"] = [edge for edge in graph["edges"] if edge["source"] != "eachstart"]
    each = next(node for node in graph["nodes"] if node["id"] == "each")
    each["data"]["start_node_id"] = "up"
    backend = local.open(data)
    assert any("start node was added" in note for note in backend.header().notes)
    run = backend.start({"text": "a\nb"}, user="u")
    list(run.events())
    assert run.result().outputs == {"lines": ["A", "B"]}


def test_a_loop_keeps_its_variables_from_round_to_round(local: Any, recorded_flow: Any) -> None:
    assert local.result(recorded_flow("loop"), {"text": "x"}).outputs == {"acc": "x123", "n": 3}


def test_the_new_assigner_changes_a_conversation_variable(local: Any, recorded_flow: Any) -> None:
    result = local.run(recorded_flow("chatflow"), {}, query="讲讲学习")[1]
    assert result.answer.endswith("(第 1 轮)")


@pytest.mark.parametrize(("mode", "expected"), [("append", "['b', 'a']"), ("over-write", "['a']")])
def test_the_old_assigner_changes_a_conversation_variable(
    local: Any, flows: Any, mode: str, expected: str
) -> None:
    source = ["sys", "query"] if mode == "append" else ["c", "s"]
    code = _code("return {'s': ['a']}")
    code["outputs"] = {"s": {"type": "array[string]", "children": None}}
    assigner = {
        "id": "a",
        "type": "assigner",
        "title": "A",
        "assigned_variable_selector": ["conversation", "seen"],
        "write_mode": mode,
        "input_variable_selector": source,
    }
    template = {
        "id": "t",
        "type": "template-transform",
        "title": "T",
        "template": "{{ v }}",
        "variables": [{"variable": "v", "value_selector": ["conversation", "seen"]}],
    }
    data = _chat(flows, code, assigner, template, answer="{{#t.output#}}")
    data["workflow"]["conversation_variables"] = [
        {"id": "1", "name": "seen", "value_type": "array[string]", "value": ["b"]}
    ]
    assert local.run(data, {}, query="a")[1].answer == expected


def _chat(flows: Any, *middle: dict[str, Any], answer: str) -> Any:
    data = flows.chain(*middle, mode="advanced-chat")
    last = data["workflow"]["graph"]["nodes"][-1]
    last["data"] = {"type": "answer", "title": "Answer", "answer": answer, "variables": []}
    return data


def test_a_classifier_takes_the_branch_of_its_class(local: Any, flows: Any) -> None:
    classes = [{"id": "1", "name": "weather"}, {"id": "2", "name": "delivery of parcels"}]
    classifier = {
        "id": "k",
        "type": "question-classifier",
        "title": "K",
        "model": {"provider": "openai", "name": "x", "mode": "chat", "completion_params": {}},
        "query_variable_selector": ["start", "q"],
        "classes": classes,
    }
    data = flows.chain(classifier, inputs=[flows.text_input("q")], outputs={"c": ["k", "class_name"]})
    data["workflow"]["graph"]["edges"][1]["sourceHandle"] = "2"
    result = local.result(data, {"q": "Where is the delivery of my parcels?"})
    assert result.outputs == {"c": "delivery of parcels"}
    assert result.models == ("demo",)


@pytest.mark.parametrize("reasoning_mode", ["prompt", "function_call"])
def test_a_parameter_extractor_fills_its_parameters(local: Any, flows: Any, reasoning_mode: str) -> None:
    parameters = [
        {"name": "count", "type": "number", "description": "how many", "required": True},
        {"name": "tone", "type": "select", "description": "d", "required": True, "options": ["dry", "kind"]},
        {"name": "text", "type": "string", "description": "d", "required": False},
    ]
    extractor = {
        "id": "p",
        "type": "parameter-extractor",
        "title": "P",
        "model": {"provider": "openai", "name": "x", "mode": "chat", "completion_params": {}},
        "query": ["start", "q"],
        "parameters": parameters,
        "reasoning_mode": reasoning_mode,
    }
    outputs = {"count": ["p", "count"], "tone": ["p", "tone"], "ok": ["p", "__is_success"]}
    data = flows.chain(extractor, inputs=[flows.text_input("q")], outputs=outputs)
    result = local.result(data, {"q": "Make 12 lines in a kind voice, please."})
    assert result.outputs == {"count": 12, "tone": "kind", "ok": 1}


def test_structured_output_fits_its_schema(local: Any, flows: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["n", "tags"],
        "additionalProperties": False,
    }
    data = flows.question(structured_output_enabled=True, structured_output={"schema": schema})
    end = data["workflow"]["graph"]["nodes"][-1]["data"]["outputs"]
    end.append({"variable": "n", "value_selector": ["llm", "structured_output", "n"]})
    assert local.result(data, {"q": "There are 7 rules to keep in mind."}).outputs["n"] == 7


def test_a_prompt_in_jinja_is_rendered_in_the_sandbox(local: Any, flows: Any) -> None:
    message = {"role": "user", "text": "", "edition_type": "jinja2", "jinja2_text": "{{ q|upper }}!"}
    variables = [{"variable": "q", "value_selector": ["start", "q"]}]
    data = flows.question(prompt_template=[message], prompt_config={"jinja2_variables": variables})
    assert local.result(data, {"q": "hi"}).outputs == {"text": "HI!"}


def test_an_error_strategy_takes_over_and_the_run_is_a_partial_success(local: Any, flows: Any) -> None:
    default = [{"key": "s", "type": "string", "value": "instead"}]
    code = _code("raise ValueError('x')", error_strategy="default-value", default_value=default)
    events, result = local.run(flows.chain(code, outputs={"s": ["c", "s"]}))
    assert (result.status, result.outputs) == ("partial-succeeded", {"s": "instead"})
    failed = [one for one in events if isinstance(one, ev.NodeFinished) and one.status == "exception"]
    assert "ValueError: x" in failed[0].error
    assert failed[0].outputs["error_type"] == "CodeExecutionError"


def test_a_conversation_variable_set_inside_an_iteration_reaches_the_answer(local: Any, flows: Any) -> None:
    items = {"variable_selector": ["conversation", "last"], "input_type": "variable"}
    nodes = [
        {"id": "start", "type": "start", "title": "S", "variables": []},
        {
            **_code("return {'s': ['a', 'b']}"),
            "outputs": {"s": {"type": "array[string]", "children": None}},
        },
        {
            "id": "each",
            "type": "iteration",
            "title": "Each",
            "iterator_selector": ["c", "s"],
            "output_selector": ["each", "item"],
            "start_node_id": "eachstart",
            "is_parallel": False,
            "error_handle_mode": "terminated",
        },
        {"id": "eachstart", "parentId": "each", "type": "iteration-start", "title": ""},
        {
            "id": "set",
            "parentId": "each",
            "type": "assigner",
            "title": "Set",
            "version": "2",
            "items": [{**items, "operation": "over-write", "value": ["each", "item"]}],
        },
        {
            "id": "answer",
            "type": "answer",
            "title": "A",
            "answer": "last: {{#conversation.last#}}",
            "variables": [],
        },
    ]
    ends = [("start", "c"), ("c", "each"), ("eachstart", "set"), ("each", "answer")]
    edges = [{"source": one, "target": two} for one, two in ends]
    variables = [{"id": "1", "name": "last", "value_type": "string", "value": "none"}]
    data = flows.document(nodes, edges, mode="advanced-chat", conversation_variables=variables)
    assert local.run(data, {}, query="go")[1].answer == "last: b"
