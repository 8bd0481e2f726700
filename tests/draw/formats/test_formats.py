"""What holds for every format: any graph, any text; and the pictures of two apps, kept as golden files."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

import difyflow
import graphs as given
from difyflow import _catalog
from difyflow.draw import formats
from difyflow.dsl import Edge, Graph, Node, Position
from difyflow.errors import ReadError
from difyflow.nodes.if_else import Case, IfElse
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM
from difyflow.nodes.note import Note

FORMATS = _catalog.names(formats)
SUFFIX = {"mermaid": "mmd"}


def draw(app, name):
    return _catalog.module(formats, name).draw(app)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("which", ["founding", "branches"])
def test_the_drawing_is_the_golden_one(request, golden, name, which):
    golden(f"draw/{which}.{SUFFIX.get(name, name)}", draw(request.getfixturevalue(which), name))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_in_one_line_what_it_is(name):
    assert _catalog.summary(formats, name).endswith(".")


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_graph_can_be_drawn(name):
    assert draw(given.app(Graph()), name).endswith("\n")


@forall(given.graphs(), given.TITLES)
def test_any_graph_is_drawn_as_well_formed_svg_without_script_or_link(graph, name):
    root = ET.fromstring(draw(given.app(graph, name), "svg"))
    for part in root.iter():
        tag = part.tag.rpartition("}")[2]
        assert tag in {"svg", "title", "defs", "pattern", "rect", "circle", "path", "g", "text", "tspan"}
        assert not [key for key in part.attrib if key.startswith("on") or "href" in key]
        assert "nan" not in " ".join(part.attrib.values())
        assert all("url(" not in value or value == "url(#dots)" for value in part.attrib.values())


STRING = r'"(?:[^"\\\n]|\\[\\"])*"'
DOT_LINE = re.compile(
    rf"\s*(?:digraph {STRING} \{{|subgraph \w+ \{{|\}}|rankdir=LR; compound=true;"
    rf"|label={STRING}; style=rounded; color={STRING};"
    rf"|(?:node|edge|\w+|\w+ -> \w+)(?: \[(?:\w+=(?:\w+|{STRING})(?:, )?)+\])?;)"
)


@pytest.mark.long
@forall(given.graphs(), given.TITLES)
def test_no_text_gets_out_of_its_quotes_in_dot(graph, name):
    for line in draw(given.app(graph, name), "dot").splitlines():
        assert DOT_LINE.fullmatch(line), line


# What Mermaid is told: names of ours, shapes, arrows, and labels of harmless signs and character codes.
LABEL = r'"(?:[^"<>`{}\[\]|\\%&$*~^=@\'ﬂ#]|#\d+;)*"'
MERMAID_LINE = re.compile(
    rf"\s*(?:flowchart LR|end|subgraph \w+\[{LABEL}\]"
    rf"|\w+(?:\[{LABEL}\]|\(\[{LABEL}\]\)|\{{{LABEL}\}}|>{LABEL}\])"
    rf"|\w+ -->(?:\|{LABEL}\|)? \w+|class [\w,]+ \w+|classDef \w+ [\w:#,-]+)"
)


@pytest.mark.long
@forall(given.graphs(), given.TITLES)
def test_no_text_gets_out_of_its_label_in_mermaid(graph, name):
    for line in draw(given.app(graph, name), "mermaid").splitlines():
        assert MERMAID_LINE.fullmatch(line), line


@pytest.mark.long
@forall(given.graphs())
def test_names_in_dot_and_mermaid_are_no_words_of_the_format(graph):
    found = re.findall(r"^ *(\w+)[\[>({]", draw(given.app(graph), "mermaid"), re.MULTILINE)
    assert all(re.fullmatch(r"n_\w+|x\d+", name) for name in found)
    assert len(found) == len(set(found))


@forall(st.text(max_size=80))
def test_a_mermaid_label_reads_as_the_text(text):
    from difyflow.draw.formats.mermaid import quoted
    from difyflow.draw.text import one_line

    read = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), quoted(text)[1:-1])
    assert read == one_line(text)


def test_what_looks_like_a_list_in_a_mermaid_label_is_coded():
    from difyflow.draw.formats.mermaid import quoted

    assert quoted("1. first") == '"1#46; first"'
    assert quoted("- x - y") == '"#45; x - y"'
    assert quoted("2.5 GB") == '"2.5 GB"'


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.long
@pytest.mark.parametrize("title", given.HOSTILE)
def test_graphviz_takes_hostile_titles(title):
    inside = Node(id="i", data=LLM(title=title), parentId="o")
    graph = Graph(
        nodes=(Node(id="o", data=Iteration(title=title)), inside, Node(id="end", data=LLM(title=title)))
    )
    graph = graph.changed(edges=(Edge(source="o", target="end"),))
    text = draw(given.app(graph, title), "dot")
    ended = subprocess.run(
        ["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr


def texts(svg):
    return ["".join(part.itertext()) for part in ET.fromstring(svg).iter() if part.tag.endswith("}text")]


def bold(svg):
    """Titles and ways out."""
    return [part for part in ET.fromstring(svg).iter() if part.get("font-weight") == "600"]


def test_a_card_shows_title_model_and_references_by_title(founding):
    shown = texts(draw(founding, "svg"))
    assert {"开始", "attachments *", "file-list", "siliconflow", "LLM/text", "开始/attachments"} <= set(shown)


def test_a_note_shows_its_text_and_who_wrote_it(branches):
    shown = texts(draw(branches, "svg"))
    assert {"Holt die Bestellung", "und fasst sie zusammen", "Ada", "später"} <= set(shown)


def test_edges_leave_a_branch_at_the_row_of_their_case():
    cases = IfElse(cases=(Case(case_id="true"), Case(case_id="two")))
    nodes = [Node(id="q", data=cases, position=Position(x=0, y=0), width=244, height=170)]
    nodes += [Node(id=name, data=LLM(), position=Position(x=500, y=0), width=244) for name in "ab"]
    ways = (("a", "true"), ("b", "two"))
    edges = tuple(Edge(source="q", target=target, sourceHandle=handle) for target, handle in ways)
    svg = draw(given.app(Graph(nodes=tuple(nodes), edges=edges)), "svg")
    begins = re.findall(r'd="M244 (\d+)C', svg)
    labels = {
        part.text: float(part.get("y")) for part in ET.fromstring(svg).iter() if part.text in ("IF", "ELIF 1")
    }
    assert len(begins) == 2
    for begin, label in zip(begins, ("IF", "ELIF 1"), strict=True):
        assert abs(float(begin) - labels[label]) < 8


def test_children_are_drawn_over_their_container_at_their_place_in_it():
    outer = Node(
        id="o", data=Iteration(title="outer"), position=Position(x=100, y=100), width=600, height=300
    )
    inner = Node(id="i", data=LLM(title="inner"), position=Position(x=50, y=80), parentId="o", width=244)
    svg = draw(given.app(Graph(nodes=(inner, outer))), "svg")
    assert svg.index("outer") < svg.index(">inner<")
    place = {
        part.text: (part.get("x"), part.get("y"))
        for part in ET.fromstring(svg).iter()
        if part.get("font-weight")
    }
    assert place["inner"] == (str(150 + 44), "208.5")


def test_nodes_without_a_position_stand_in_a_row_as_in_the_editor():
    svg = draw(given.app(Graph(nodes=tuple(Node(id=name, data=LLM(title=name)) for name in "ab"))), "svg")
    at = {part.text: part.get("x") for part in bold(svg)}
    assert (at["a"], at["b"]) == (str(80 + 44), str(380 + 44))


def test_edges_into_a_cluster_end_at_its_border(branches):
    dot = draw(branches, "dot")
    assert "n_split -> n_each [lhead=cluster_n_each];" in dot
    assert "n_each -> n_reply [ltail=cluster_n_each];" in dot


def test_a_container_is_a_subgraph_and_a_note_stands_apart(branches):
    mermaid = draw(branches, "mermaid")
    assert '  subgraph n_each["Je Teil"]\n' in mermaid
    assert '  n_fetch -->|"fail-branch"| n_sorry\n' in mermaid
    assert re.search(r'^  n_note>"Holt die Bestellung und fasst sie zusammen"\]$', mermaid, re.MULTILINE)


def test_a_note_that_is_no_lexical_state_is_an_empty_paper():
    node = Node(id="n", type="custom-note", data=Note(text="plain"), position=Position(x=0, y=0))
    for name in FORMATS:
        assert draw(given.app(Graph(nodes=(node,))), name)


@pytest.mark.long
@pytest.mark.parametrize("name", FORMATS)
def test_every_graph_of_the_corpus_can_be_drawn(corpus_dir, name):
    count = 0
    for file in sorted((corpus_dir / "dsl").glob("*.yml")):
        try:
            app = difyflow.read(file.read_bytes())
        except ReadError:
            continue
        text = draw(app, name)
        count += 1
        if name == "svg":
            ET.fromstring(text)
    assert count > 300
