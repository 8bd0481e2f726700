"""Random graphs for layout and drawing: any shape that a file of unknown origin may have."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from difyflow.dsl import App, AppInfo, Edge, Graph, Node, Position, Workflow
from difyflow.nodes.code import Code
from difyflow.nodes.if_else import Case, IfElse
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM
from difyflow.nodes.loop import Loop
from difyflow.nodes.note import Note, lexical
from difyflow.nodes.start import Start

HOSTILE = (
    '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "'\"`]})|\\",
    "a\nb\r\nc\td",
    "end",
    "%%{init: {}}%% --> x; click y",
    "{{#sys.query#}} &amp; &#60; #quot;",
    "\x00\x1b[31m\u202e\ufffe\U0001f469\u200d\U0001f4bb",
    "\\N \\G \\l",
    "---\nsubgraph",
    "",
)
TITLES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.sampled_from(("开始", "LLM")))
SIZES = st.one_of(
    st.none(),
    st.integers(1, 700),
    st.floats(1, 400),
    st.sampled_from((0, -5, float("nan"), float("inf"), 1e300)),
)
COORDINATES = st.one_of(st.integers(-2000, 2000), st.floats(-2000, 2000))

# What places cannot be told from a file with a position is left out here: a node in `keep` has one.
POINTS = st.builds(lambda x, y: Position(x=x, y=y), COORDINATES, COORDINATES)


@st.composite
def data(draw: st.DrawFn, title: str) -> object:
    """What a node of a graph may be."""
    kind = draw(st.sampled_from((LLM, Code, IfElse, Iteration, Loop, Start, Note)))
    if kind is IfElse:
        cases = tuple(Case(case_id=f"case{number}") for number in range(draw(st.integers(1, 3))))
        return IfElse(title=title, cases=cases)
    if kind is Note:
        return Note(text=lexical(title) if draw(st.booleans()) else json.dumps(title))
    return kind(title=title)


@st.composite
def graphs(draw: st.DrawFn, *, most: int = 14, titles: st.SearchStrategy[str] = TITLES) -> Graph:
    """Nodes in and out of containers (also of themselves), edges from anywhere to anywhere."""
    count = draw(st.integers(0, most))
    names = [f"n{number}" for number in range(count)]
    somewhere = st.one_of(st.none(), st.sampled_from([*names, "nowhere"]))
    nodes = []
    for name in names:
        made = draw(data(draw(titles)))
        nodes.append(
            Node(
                id=draw(st.sampled_from((name, name, name, "n0"))),
                type=made.ENVELOPE,
                data=made,
                width=draw(SIZES),
                height=draw(SIZES),
                position=draw(st.one_of(st.none(), st.just(Position()), POINTS)),
                parentId=draw(somewhere),
            )
        )
    handles = st.sampled_from(("source", "case0", "case1", "false", "gone"))
    ends = st.sampled_from([*names, "nowhere"])
    edges = st.builds(
        lambda source, target, handle: Edge(id="e", source=source, target=target, sourceHandle=handle),
        ends,
        ends,
        handles,
    )
    return Graph(nodes=tuple(nodes), edges=tuple(draw(st.lists(edges, max_size=2 * count))))


def app(graph: Graph, name: str = "x") -> App:
    """An app with this graph."""
    info = AppInfo(name=name, mode="workflow")
    return App(app=info, kind="app", version="0.6.0", workflow=Workflow(graph=graph))
