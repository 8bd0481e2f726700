"""At which line and column of a `flow.py` each part of its document is written.

    llm = flow.add(LLM(title="Ask", model=model, prompt_template=(system("..."), user(text))))

The node is where `flow.add(` begins; `title`, `model` and `prompt_template` are where their keywords stand,
the second message where `user(` does. A name that is assigned once leads to where its value is written out.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any

from difyflow.dsl.edit import Path

Places = Mapping[Path, tuple[int, int]]
"""By place in the document line and column of the Python, both from 1."""

_NODES: Path = ("workflow", "graph", "nodes")
_EDGES: Path = ("workflow", "graph", "edges")
_FARTHEST = 20
"""Names that are followed one after another."""
_MOST = 10_000
"""Parts of one call; names that lead to names can be very many."""

Part = tuple[Path, ast.expr | ast.keyword]


@dataclass(frozen=True, slots=True)
class Made:
    """A call in the `flow.py` that has put something into the document.

    Attributes:
        what: flow, node, data (fields that are set later), edge, or the list that a variable is put into.
        key: id of the node, name of the variable, or (source, handle, target) of the edge.
        line, column: where the call begins, from 1 and in bytes from 0.
        end: line and column where it ends.
    """

    what: str
    key: object
    line: int
    column: int
    end: tuple[int | None, int | None]


def places(source: str, made: Sequence[Made], document: Mapping[str, Any]) -> Places:
    """Where the parts of a document are written.

    Args:
        source: the text of the `flow.py`.
        made: its calls, in the order in which they were made.
        document: what the flow renders, as data.
    """
    python = _Python(source)
    index = _index(document)
    found: dict[Path, tuple[int, int]] = {}
    for item in made:
        prefix = index.get((item.what.replace("data", "node"), item.key)) if item.what != "flow" else ()
        if prefix is None:
            continue
        if item.what != "data":
            found[prefix] = item.line, python.column(item.line, item.column)
        call = python.calls.get(item.end)
        if call is not None:
            found |= python.described(item.what, prefix, call)
    return found


def _index(document: Mapping[str, Any]) -> Mapping[tuple[str, object], Path]:
    """The place of each node, edge and variable by what the flow calls it."""
    workflow = document.get("workflow") or {}
    graph = workflow.get("graph") or {}
    found: dict[tuple[str, object], Path] = {}
    for index, node in enumerate(graph.get("nodes") or ()):
        found["node", node.get("id")] = (*_NODES, index)
    for index, edge in enumerate(graph.get("edges") or ()):
        found["edge", (edge.get("source"), edge.get("sourceHandle"), edge.get("target"))] = (*_EDGES, index)
    for key in ("environment_variables", "conversation_variables"):
        for index, item in enumerate(workflow.get(key) or ()):
            found[key, item.get("name")] = ("workflow", key, index)
    return found


class _Python:
    """A `flow.py` as text and tree."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._tree = ast.parse(source)

    @cached_property
    def calls(self) -> Mapping[tuple[int | None, int | None], ast.Call]:
        """The calls by where they end, which no two of them share."""
        return {
            (node.end_lineno, node.end_col_offset): node
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Call)
        }

    @cached_property
    def _values(self) -> Mapping[str, ast.expr]:
        """The values of names that are assigned once."""
        values: dict[str, ast.expr] = {}
        times: dict[str, int] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                times[node.id] = times.get(node.id, 0) + 1
            elif isinstance(node, ast.arg):
                times[node.arg] = times.get(node.arg, 0) + 1
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                values[node.targets[0].id] = node.value
        return {name: value for name, value in values.items() if times[name] == 1}

    def column(self, line: int, offset: int) -> int:
        """A column from 1, in characters, of an offset in bytes."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return len(text.encode()[:offset].decode("utf-8", "ignore")) + 1

    def described(self, what: str, prefix: Path, call: ast.Call) -> dict[Path, tuple[int, int]]:
        """The places of what a call is given."""
        found: dict[Path, tuple[int, int]] = {}
        for path, item in self._given(what, prefix, call):
            value = item.value if isinstance(item, ast.keyword) else item
            for inner, part in islice(chain([(path, item)], self._inside(path, value)), _MOST):
                found[inner] = part.lineno, self.column(part.lineno, part.col_offset)
        return found

    def _given(self, what: str, prefix: Path, call: ast.Call) -> Iterator[Part]:
        """The arguments of a call with the places in the document that they make."""
        positions: Mapping[str, tuple[Path, ...]] = {
            "flow": (("app", "name"),),
            "node": ((*prefix, "data"),),
            "data": (),
        }
        paths = positions.get(what, ((*prefix, "name"), (*prefix, "value")))
        yield from zip(paths, call.args, strict=False)
        for item in call.keywords:
            if item.arg is not None:
                yield _named(what, prefix, item.arg), item

    def _inside(self, path: Path, value: ast.expr) -> Iterator[Part]:
        """The parts of a value that is written out, the outer ones first."""
        waiting = deque([(path, value)])
        while waiting:
            path, value = waiting.popleft()
            for key, part in _parts(self._meant(value)):
                yield (*path, key), part
                waiting.append(((*path, key), part.value if isinstance(part, ast.keyword) else part))

    def _meant(self, value: ast.expr) -> ast.expr:
        """What a name stands for, which may be a name again."""
        for _ in range(_FARTHEST):
            if not isinstance(value, ast.Name):
                break
            value = self._values.get(value.id, value)
        return value


def _parts(value: ast.expr) -> Iterator[tuple[str | int, ast.expr | ast.keyword]]:
    """The parts by key or number; those of a call have numbers, too, since it may make a list."""
    match value:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            yield from _counted(items)
        case ast.Call(args=args, keywords=keywords):
            yield from _counted([*args, *keywords])
            yield from ((item.arg, item) for item in keywords if item.arg is not None)
        case ast.Dict(keys=keys, values=values):
            for key, item in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, item


def _counted(items: Sequence[ast.expr | ast.keyword]) -> Iterator[tuple[int, ast.expr | ast.keyword]]:
    """The items by number, up to the first `*` or `**`."""
    for index, item in enumerate(items):
        if isinstance(item, ast.Starred) or (isinstance(item, ast.keyword) and item.arg is None):
            return
        yield index, item


def _named(what: str, prefix: Path, name: str) -> Path:
    """The place in the document that a keyword of a call makes."""
    match what, name:
        case "flow", "version":
            return ("version",)
        case "flow", "features":
            return ("workflow", "features")
        case "flow", _:
            return ("app", name)
        case "node", "at":
            return (*prefix, "position")
        case "node" | "data", "inside":
            return (*prefix, "parentId")
        case "data", _:
            return (*prefix, "data", name)
    return (*prefix, name)
