"""Graphviz DOT: `dot -Tpng` and others lay it out and draw it."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.draw._names import Drawn, drawn, way_label
from difyflow.draw.text import one_line
from difyflow.dsl.app import App
from difyflow.dsl.graph import Edge

_NODE = 'shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif", fontsize=12'
_LONGEST = 80


def draw(app: App) -> str:
    """A digraph from left to right; containers are clusters, and edges end at their border."""
    whole = drawn(app.graph)
    lines = [
        f"digraph {quoted(app.name or 'app')} {{",
        "  rankdir=LR; compound=true;",
        f"  node [{_NODE}];",
        '  edge [color="#98a2b2", fontname="sans-serif", fontsize=10];',
        *_inside(whole),
        *(f"  {_edge(whole, *edge)}" for edge in whole.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Any text as a DOT string; nothing in it is taken for an escape or for the end."""
    line = one_line("".join(char if char.isprintable() or char.isspace() else "\ufffd" for char in text))
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _inside(whole: Drawn) -> Iterator[str]:
    """All nodes, in their clusters; without recursion, for containers may lie deep."""
    stack: list[Iterator[int]] = [iter(whole.nest.roots)]
    while stack:
        indent = "  " * len(stack)
        index = next(stack[-1], None)
        if index is None:
            stack.pop()
            if stack:
                yield f"{'  ' * len(stack)}}}"
            continue
        name, title = whole.names[index], whole.title(index)
        if children := whole.nest.children[index]:
            yield f"{indent}subgraph cluster_{name} {{"
            yield f'{indent}  label={quoted(title)}; style=rounded; color="{_colour(whole, index)}";'
            # Edges to and from the cluster need a node in it.
            yield f'{indent}  {name} [shape=point, style=invis, label=""];'
            stack.append(iter(children))
        else:
            yield f"{indent}{name} [{_looks(whole, index)}];"


def _looks(whole: Drawn, index: int) -> str:
    label = f"label={quoted(whole.title(index))}"
    if whole.is_note(index):
        return f'{label}, shape=note, style=filled, fillcolor="#eff8ff", color="#84caff"'
    kind = f"tooltip={quoted(whole.nodes[index].data.type)}"
    return f'{label}, {kind}, color="{_colour(whole, index)}"'


def _colour(whole: Drawn, index: int) -> str:
    return whole.nodes[index].data.LOOK.colour.lower()


def _edge(whole: Drawn, edge: Edge, source: int, target: int) -> str:
    ends = [f"{whole.names[source]} -> {whole.names[target]}"]
    marks = []
    if label := way_label(whole.nodes[source], edge.sourceHandle):
        marks.append(f"label={quoted(label)}")
    for end, other, mark in ((source, target, "ltail"), (target, source, "lhead")):
        if whole.nest.children[end] and end not in whole.nest.ancestors(other):
            marks.append(f"{mark}=cluster_{whole.names[end]}")
    return " ".join([*ends, *([f"[{', '.join(marks)}]"] if marks else [])]) + ";"
