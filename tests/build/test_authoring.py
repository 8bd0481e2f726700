"""Writing a workflow: it reads like what it is, and what cannot run is refused where it is written."""

from __future__ import annotations

from typing import Literal, TypedDict

import pytest
from pydantic import BaseModel

import difyflow
from difyflow import Flow
from difyflow.build import code
from difyflow.errors import BuildError, NoSuchOutput
from difyflow.nodes.answer import Answer
from difyflow.nodes.assigner import Assigner, assign
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.nodes.end import End, outputs
from difyflow.nodes.http_request import HttpRequest, binary, defaults, retry
from difyflow.nodes.if_else import IfElse, case, when
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.knowledge_retrieval import KnowledgeRetrieval
from difyflow.nodes.list_operator import ListOperator
from difyflow.nodes.llm import LLM, chat, memory, structured, system, user, vision
from difyflow.nodes.loop import Loop, variable
from difyflow.nodes.question_classifier import QuestionClassifier, classes
from difyflow.nodes.start import Start, file, files, number, paragraph, text


def _edges(flow):
    return {(edge.source, edge.sourceHandle, edge.target) for edge in flow.build().graph.edges}


@pytest.fixture
def flow():
    return Flow("x")


@pytest.fixture
def start(flow):
    form = (text("name", "Name"), number("pages", "Pages"), file("doc", "Doc"), files("docs", "Docs"))
    return flow.add(Start(variables=form))


# -- shape ----------------------------------------------------------------------------------------


def test_nodes_side_by_side_are_a_tuple_on_either_side(flow, start):
    a, b, c = (flow.add(Answer(answer=name)) for name in "abc")
    start >> (a, b) >> c
    assert _edges(flow) == {
        ("start", "source", "answer"),
        ("start", "source", "answer_2"),
        ("answer", "source", "answer_3"),
        ("answer_2", "source", "answer_3"),
    }


def test_a_branch_reads_as_a_block(flow, start):
    ask = flow.add(IfElse(cases=(case(when(start.name).is_("me"), id="mine"),)))
    start >> ask
    with ask.on("mine") as mine:
        hello = flow.add(Answer(answer="hello"))
        mine >> hello
    with ask.on("false") as other:
        who = flow.add(Answer(answer="who?"))
        other >> who
    assert _edges(flow) >= {("if_else", "mine", "answer"), ("if_else", "false", "answer_2")}


def test_classes_are_ways_out_by_their_names_and_others_fail_at_once(flow, start):
    kinds = classes(refund="Money back", other="Else")
    kind = flow.add(QuestionClassifier(query_variable_selector=start.name, classes=kinds))
    kind.on("refund") >> flow.add(Answer(answer="a"))
    with pytest.raises(NoSuchOutput, match="it has: refund, other"):
        kind.on("money")


def test_an_iteration_is_a_block_whose_item_has_the_type_of_the_list(flow, start):
    with flow.container(Iteration(iterator_selector=start.docs)) as each:
        assert each.item.type == "file"
        read = each.add(DocumentExtractor(variable_selector=each.item))
        each.start >> read
        each.gives(read.text)
    assert each.output.type == "array[string]"
    assert flow.build().graph.node(read.id).parentId == each.id


def test_a_loop_is_a_block_that_says_when_it_ends(flow):
    with flow.container(Loop(loop_count=5, loop_variables=(variable("tries", 0),))) as loop:
        more = loop.add(Assigner(items=(assign(loop.tries).add(1),)))
        loop.start >> more
        loop.until(when(loop.tries) >= 3, when(loop.tries).empty(), logical_operator="or")
    data = flow.build().graph.node(loop.id).data
    assert data.logical_operator == "or"
    assert [item.comparison_operator for item in data.break_conditions] == ["≥", "empty"]
    assert all(item.id and item.varType == "number" for item in data.break_conditions)


def test_an_error_has_a_branch_new_attempts_or_values_in_its_place(flow):
    failing = flow.add(HttpRequest(error_strategy="fail-branch", retry_config=retry(5, interval_ms=200)))
    sorry = flow.add(Answer(answer=f"sorry: {failing.error_message}"))
    failing.on("fail-branch") >> sorry
    calm = flow.add(
        HttpRequest(error_strategy="default-value", default_value=defaults(body="", status_code=0))
    )
    assert _edges(flow) == {("http_request", "fail-branch", "answer")}
    assert failing.data.retry_config.max_retries == 5
    assert [(item.key, item.type, item.value) for item in calm.data.default_value] == [
        ("body", "string", ""),
        ("status_code", "number", 0),
    ]
    with pytest.raises(NoSuchOutput):
        flow.add(HttpRequest()).on("fail-branch")


# -- values ---------------------------------------------------------------------------------------


def test_variables_of_the_app_are_objects_with_types():
    flow = Flow("x", mode="advanced-chat")
    key = flow.env("KEY", "", value_type="secret")
    notes = flow.conversation("notes", [])
    llm = flow.add(LLM(prompt_template=(user(f"{key} {notes} {flow.sys('query')}"),), memory=memory(5)))
    keep = flow.add(Assigner(items=(assign(notes).append(llm.text),)))
    app = flow.build()
    assert (key.type, notes.type) == ("secret", "array[string]")
    assert llm.data.prompt_template[0].text == "{{#env.KEY#}} {{#conversation.notes#}} {{#sys.query#}}"
    assert llm.data.memory.window.size == 5
    assert keep.data.items[0].variable_selector == ("conversation", "notes")
    assert [item.name for item in app.workflow.conversation_variables] == ["notes"]
    with pytest.raises(BuildError, match="there is a variable 'KEY' already"):
        flow.env("KEY", "again")


def test_a_pydantic_model_is_a_structured_output_with_attributes(flow):
    class Author(BaseModel):
        name: str
        born: int

    class Book(BaseModel):
        title: str
        kind: Literal["novel", "poem"]
        authors: list[Author]

    llm = flow.add(
        LLM(model=chat("p", "m"), prompt_template=(system("x"),), structured_output=structured(Book))
    )
    assert llm.structured_output.title.type == "string"
    assert llm.structured_output.authors.type == "array[object]"
    with pytest.raises(NoSuchOutput, match="it has: title, kind, authors"):
        llm.structured_output.pages  # noqa: B018
    assert flow.build().graph.node("llm").data.structured_output_enabled is True


class Counted(TypedDict):
    words: list[str]
    count: int


def count(name: str, pages: int = 1) -> Counted:
    words = name.split()
    return {"words": words, "count": len(words) * pages}


def test_a_typed_function_is_a_code_node_and_stays_a_function(flow, start):
    node = flow.add(code(count, name=start.name, pages=start.pages))
    assert count("a b") == {"words": ["a", "b"], "count": 2}
    assert (node.words.type, node.count.type) == ("array[string]", "number")
    with flow.container(Iteration(iterator_selector=node.words)) as each:
        assert each.item.type == "string"
    names: dict[str, object] = {}
    exec(compile(node.data.code, "node", "exec"), names)
    assert names["main"]("a b", 3) == {"words": ["a", "b"], "count": 6}


# -- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda start: DocumentExtractor(variable_selector=start.name),
            "variable_selector takes file or array[file], and start.name is string",
        ),
        (lambda start: ListOperator(variable=start.doc), "variable takes a list, and start.doc is file"),
        (
            lambda start: KnowledgeRetrieval(query_variable_selector=start.pages),
            "query_variable_selector takes string, and start.pages is number",
        ),
        (
            lambda start: LLM(vision=vision(start.name)),
            "vision.configs.variable_selector takes file or array[file], and start.name is string",
        ),
        (
            lambda start: HttpRequest(body=binary(start.name)),
            "body.data.0.file takes file or array[file], and start.name is string",
        ),
    ],
)  # fmt: skip
def test_a_reference_of_a_type_that_the_node_cannot_take_is_refused_with_both_types(make, told, flow, start):
    with pytest.raises(BuildError) as caught:
        flow.add(make(start))
    assert told in str(caught.value)
    assert caught.value.code == "wrong-type"


def test_an_iteration_over_what_is_no_list_is_refused_with_both_types(flow, start):
    with pytest.raises(BuildError, match=r"iterator_selector takes a list, and start\.name is string"):
        flow.container(Iteration(iterator_selector=start.name))


def test_what_may_fit_is_let_through(flow, start):
    unknown = flow.add(Code(variables=inputs(a=start.name), outputs=returns(items="array[object]")))
    flow.container(Iteration(iterator_selector=unknown["items"]))
    flow.add(DocumentExtractor(variable_selector=start.doc))
    flow.add(ListOperator(variable=flow.sys("files")))
    flow.add(DocumentExtractor(variable_selector=difyflow.terms.selector.Selector(("start", "name"))))


def test_a_parameter_of_a_function_refuses_a_reference_of_another_type(start):
    with pytest.raises(BuildError, match=r"count: name takes string, and start\.doc is file"):
        code(count, name=start.doc)
    assert code(count, name=start.name, pages=start.pages).title == "Code"


def test_a_whole_flow_of_these_renders_and_reads_back(flow, start):
    llm = flow.add(LLM(model=chat("p", "m"), prompt_template=(user(f"{start.name}"),)))
    end = flow.add(End(outputs=outputs(text=llm.text)))
    start >> llm >> end
    assert difyflow.read(flow.render()) == flow.build()
    assert paragraph("a", "A").type == "paragraph"
