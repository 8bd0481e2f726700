"""Mermaid flowchart: for Markdown, as GitHub and GitLab show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from difyflow.draw._names import Drawn, drawn, way_label
from difyflow.draw.text import one_line
from difyflow.dsl.app import App
from difyflow.dsl.graph import Edge, Node

_PLAIN = frozenset(" ,.-_/+:()?!，。、：；？！（）「」《》…")
_LIST = re.compile(r"(\d+[.)]|[-+]) ")
_LONGEST = 80


def draw(app: App) -> str:
    """A flowchart from left to right; containers are subgraphs, notes stand apart."""
    whole = drawn(app.graph)
    lines = ["flowchart LR"]
    lines += _inside(whole, None, "  ")
    lines += [f"  {_edge(whole, *edge)}" for edge in whole.edges]
    lines += _colours(whole)
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Any text as a Mermaid label.

    All but letters, digits and harmless signs become character codes, so that nothing in it is taken for
    syntax, markup, a directive or an entity.
    """
    line = one_line(text)
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    codes = [char if _harmless(char) else f"#{ord(char)};" for char in line]
    if found := _LIST.match(line):  # some releases refuse what looks like an item of a list
        codes[found.end() - 2] = f"#{ord(line[found.end() - 2])};"
    return '"' + "".join(codes) + '"'


def _harmless(char: str) -> bool:
    # Mermaid itself marks character codes with this letter.
    return char in _PLAIN or (char.isalnum() and char != "ﬂ")


def _inside(whole: Drawn, container: int | None, indent: str) -> Iterator[str]:
    """The nodes of a container; without recursion, for containers may lie deep."""
    stack: list[tuple[str, Iterator[int]]] = [(indent, iter(whole.nest.inside(container)))]
    while stack:
        indent, rest = stack[-1]
        index = next(rest, None)
        if index is None:
            stack.pop()
            if stack:
                yield f"{stack[-1][0]}end"
            continue
        node, name = whole.nodes[index], whole.names[index]
        if children := whole.nest.children[index]:
            yield f"{indent}subgraph {name}[{quoted(whole.title(index))}]"
            stack.append((f"{indent}  ", iter(children)))
        else:
            yield f"{indent}{name}{_shape(whole, index, node)}"


def _shape(whole: Drawn, index: int, node: Node) -> str:
    label = quoted(whole.title(index))
    if whole.is_note(index):
        return f">{label}]"
    if node.data.ENTRY or node.data.TERMINAL:
        return f"([{label}])"
    if len(node.data.source_handles()) > 1 and "source" not in {w.id for w in node.data.source_handles()}:
        return f"{{{label}}}"
    return f"[{label}]"


def _edge(whole: Drawn, edge: Edge, source: int, target: int) -> str:
    label = way_label(whole.nodes[source], edge.sourceHandle)
    arrow = f"-->|{quoted(label)}|" if label else "-->"
    return f"{whole.names[source]} {arrow} {whole.names[target]}"


def _colours(whole: Drawn) -> Iterator[str]:
    by_colour: dict[str, list[str]] = {}
    for index, node in enumerate(whole.nodes):
        if not whole.is_note(index) and not whole.nest.children[index]:
            by_colour.setdefault(node.data.LOOK.colour, []).append(whole.names[index])
    for number, (colour, names) in enumerate(by_colour.items(), start=1):
        yield f"  classDef c{number} fill:#ffffff,stroke:{colour.lower()},stroke-width:2px,color:#354052"
        yield from (f"  class {','.join(part)} c{number}" for part in _parts(names))
    notes = [name for index, name in enumerate(whole.names) if whole.is_note(index)]
    if notes:
        yield "  classDef note fill:#eff8ff,stroke:#84caff,color:#354052"
        yield from (f"  class {','.join(part)} note" for part in _parts(notes))


def _parts(names: Sequence[str], size: int = 40) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
