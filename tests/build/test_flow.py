"""The Python front door."""

import pytest

import difyflow
from difyflow import Flow
from difyflow.errors import BuildError, NoSuchOutput
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.end import End, outputs
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, file, paragraph, text


def small(version="0.6.0"):
    flow = Flow("small", version=version)
    start = flow.add(Start(variables=(paragraph("question", "Question"),)))
    llm = flow.add(LLM(model=chat("openai", "gpt"), prompt_template=(user(f"Q: {start.question}"),)))
    end = flow.add(End(outputs=outputs(answer=llm.text)))
    start >> llm >> end
    return flow


@pytest.mark.parametrize("version", ["0.1.5", "0.3.1", "0.5.0", "0.6.0"])
def test_a_flow_renders_a_document_that_reads_back_equal_and_fits(version):
    app = small(version).build()
    again = difyflow.read(app.render())
    assert again == app
    assert again.problems() == ()
    assert again.version == version


def test_ids_are_readable_legal_and_the_same_at_every_rendering():
    flow = small()
    flow.add(LLM())
    assert [node.id for node in flow.build().nodes] == ["start", "llm", "end", "llm_2"]
    assert small().render() == small().render()


def test_a_hyphen_in_a_type_does_not_get_into_the_id():
    from difyflow.nodes.document_extractor import DocumentExtractor

    flow = Flow("x")
    assert flow.add(DocumentExtractor()).id == "document_extractor"
    assert flow.note("hello").id == "note"


def test_references_work_in_text_and_in_selectors():
    flow = Flow("x")
    start = flow.add(Start(variables=(text("a", "A"),)))
    assert f"<{start.a}>" == "<{{#start.a#}}>"
    assert list(start.a) == ["start", "a"]
    code = flow.add(Code(variables=inputs(x=start.a), outputs=returns(y="array[string]")))
    assert code.data.variables[0].value_selector == ("start", "a")
    assert code.y.type == "array[string]"


def test_an_output_that_does_not_exist_fails_at_once_and_names_those_that_do():
    llm = Flow("x").add(LLM())
    with pytest.raises(NoSuchOutput, match="it has: text"):
        llm.txt  # noqa: B018
    assert not hasattr(llm, "txt")


def test_an_output_with_the_name_of_an_attribute_is_reached_by_index():
    start = Flow("x").add(Start(variables=(text("id", "Id"), file("doc", "Doc"))))
    assert start.id == "start"
    assert list(start["id"]) == ["start", "id"]
    assert list(start.doc.name) == ["start", "doc", "name"]
    assert list(start.doc.key("type")) == ["start", "doc", "type"]
    with pytest.raises(NoSuchOutput):
        start.doc.pages  # noqa: B018


def test_an_unknown_field_and_a_wrong_type_fail_at_once():
    with pytest.raises(ValueError, match="has no field 'titel'"):
        LLM(titel="x")
    with pytest.raises(ValueError, match="valid string"):
        LLM(title=3)


def test_a_key_of_a_newer_dify_can_be_said_by_name():
    flow = Flow("x")
    flow.add(LLM().also(shiny=True))
    assert flow.build().data()["workflow"]["graph"]["nodes"][0]["data"]["shiny"] is True
    with pytest.raises(ValueError, match="has a field"):
        LLM().also(title="x")


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("start", "start", "follow itself"),
        ("llm", "start", "into a start"),
        ("end", "llm", "ways out: none"),
        ("start", "llm", "already"),
    ],
)
def test_an_edge_that_dify_would_not_draw_is_refused(source, target, says):
    flow = Flow("x")
    nodes = {"start": flow.add(Start()), "llm": flow.add(LLM()), "end": flow.add(End())}
    nodes["start"] >> nodes["llm"]
    with pytest.raises(BuildError, match=says):
        nodes[source] >> nodes[target]


def test_a_way_out_that_a_node_does_not_have_is_refused():
    with pytest.raises(NoSuchOutput, match="no way out 'fail-branch'"):
        Flow("x").add(LLM()).on("fail-branch")


def test_parallel_branches_are_a_tuple():
    flow = Flow("x")
    start, one, two, end = flow.add(Start()), flow.add(LLM()), flow.add(LLM()), flow.add(End())
    start >> (one, two)
    for node in (one, two):
        node >> end
    assert [(edge.source, edge.target) for edge in flow.build().graph.edges] == [
        ("start", "llm"),
        ("start", "llm_2"),
        ("llm", "end"),
        ("llm_2", "end"),
    ]


def test_an_error_branch_is_a_way_out():
    flow = Flow("x")
    code, end = flow.add(Code(error_strategy="fail-branch")), flow.add(End())
    code.on("fail-branch") >> end
    (edge,) = flow.build().graph.edges
    assert (edge.sourceHandle, edge.id) == ("fail-branch", "code-fail-branch-end-target")
    assert code.error_message


@pytest.mark.parametrize("bad", ["has-hyphen", "x" * 51, "", "空"])
def test_an_id_that_cannot_stand_in_a_reference_is_refused(bad):
    with pytest.raises(BuildError, match="cannot stand in"):
        Flow("x").add(LLM(), id=bad)


def test_an_id_can_be_taken_once():
    flow = Flow("x")
    flow.add(LLM(), id="a")
    with pytest.raises(BuildError, match="taken"):
        flow.add(LLM(), id="a")


def test_variables_of_environment_and_conversation_are_references():
    flow = Flow("x", mode="advanced-chat", version="0.1.5")
    key = flow.env("API_KEY", "", value_type="secret")
    turns = flow.conversation("turns", 0)
    assert (
        f"{key} {turns} {flow.sys('query')}" == "{{#env.API_KEY#}} {{#conversation.turns#}} {{#sys.query#}}"
    )
    flow.add(Start())
    workflow = flow.build().data()["workflow"]
    assert workflow["environment_variables"] == [
        {
            "description": "",
            "name": "API_KEY",
            "selector": ["env", "API_KEY"],
            "value": "",
            "value_type": "secret",
        }
    ]
    assert workflow["conversation_variables"][0]["value_type"] == "number"
    with pytest.raises(BuildError, match="already"):
        flow.env("API_KEY", "")


def test_an_empty_flow_says_so():
    with pytest.raises(BuildError, match="no nodes"):
        Flow("x").build()


def test_positions_that_are_given_are_kept_and_the_others_do_not_overlap():
    flow = Flow("x")
    start = flow.add(Start(), at=(5, 7.5))
    many = tuple(flow.add(LLM(prompt_template=(system("x"),))) for _ in range(4))
    start >> many
    nodes = flow.build().nodes
    assert (nodes[0].position.x, nodes[0].position.y) == (5, 7.5)
    boxes = [(n.position.x, n.position.y, n.width, n.height) for n in nodes]
    for index, (x, y, w, h) in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = (
                x + w <= other[0] or other[0] + other[2] <= x or y + h <= other[1] or other[1] + other[3] <= y
            )
            assert apart


def test_a_note_is_one_line_of_text_and_reads_back():
    flow = Flow("x")
    note = flow.note('第一行\n\n第二行 "quoted"', theme="pink")
    assert note.data.plain_text() == '第一行\n\n第二行 "quoted"'


@pytest.mark.parametrize("at", [None, (500, 300)])
def test_what_lies_in_a_container_says_where_that_is_on_the_canvas(at):
    flow = Flow("f")
    start = flow.add(Start())
    each = flow.container(Iteration(), at=at)
    each.add(LLM(), at=(120, 68))
    start >> each
    nodes = {node.id: node for node in flow.build().nodes}
    corner = nodes["iteration"].position
    for node_id, (x, y) in {"iterationstart": (24, 68), "llm": (120, 68)}.items():
        assert (nodes[node_id].position.x, nodes[node_id].position.y) == (x, y)
        found = nodes[node_id].positionAbsolute
        assert (found.x, found.y) == (corner.x + x, corner.y + y)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([], "array[string]"),
        (["a"], "array[string]"),
        ([1, 2.5], "array[number]"),
        ([True], "array[boolean]"),
        ([{"a": 1}], "array[object]"),
    ],
)
def test_a_list_as_first_value_gives_the_variable_the_type_of_its_items(value, kind):
    flow = Flow("x", mode="advanced-chat")
    flow.add(Start())
    flow.conversation("found", value)
    assert flow.build().workflow.conversation_variables[0].value_type == kind
