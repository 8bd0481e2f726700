"""What people call the parts of a document: titles for nodes, labels for ways out, places for items."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from difyflow.diff import _lists
from difyflow.diff._rename import node_data, nodes_of
from difyflow.diff.changes import Key, Path, Step
from difyflow.diff.compare import graph_list
from difyflow.nodes._plain import selectors
from difyflow.terms.selector import Selector

if TYPE_CHECKING:
    from difyflow.nodes._base import NodeData

_MADE_BY_A_MACHINE: Final = re.compile(r"[0-9]{6,}\w*|[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}")
"""Ids that say nothing to people."""

NAMESPACES: Final = {"env": "environment_variables", "conversation": "conversation_variables"}
"""Where the variables of a root are that is no node."""

_NAMES: Final = ("label", "title", "tool_label", "variable", "name")


class Side:
    """One document, looked into by path and id."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.document = document
        self._keys: dict[tuple[int, str], dict[Key, int]] = {}
        self._data: dict[str, NodeData] = {}
        self._selectors: dict[str, frozenset[Selector]] = {}
        self.users: dict[str, list[str]] | None = None

    @cached_property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """The nodes by id; of those with one id the last."""
        return {node["id"]: node for node in nodes_of(graph_list(self.document, "nodes"))}

    @cached_property
    def edges(self) -> list[dict[str, Any]]:
        """The edges between two ids."""
        return [
            edge
            for edge in graph_list(self.document, "edges")
            if isinstance(edge, dict)
            and isinstance(edge.get("source"), str)
            and isinstance(edge.get("target"), str)
        ]

    @cached_property
    def edge_ends(self) -> Counter[tuple[str, str, str]]:
        """Source, way out and target of the edges, with the number of those that have these."""
        return Counter(
            (edge["source"], str(edge.get("sourceHandle") or "source"), edge["target"]) for edge in self.edges
        )

    def roots_of(self, node_id: str) -> frozenset[str]:
        """What the references in a node begin with: ids of nodes, `sys`, `env`, `conversation`."""
        return frozenset(selector.node_id for selector in self.selectors_of(node_id))

    def selectors_of(self, node_id: str) -> frozenset[Selector]:
        """What a node refers to: from its plain data if that is sure, else from its class."""
        if node_id not in self._selectors:
            node = self.nodes.get(node_id, {})
            found = selectors(node.get("type"), node.get("data"))
            if found is None:
                found = frozenset(item.selector for item in self.data(node_id).references())
            self._selectors[node_id] = found
        return self._selectors[node_id]

    def variables(self, root: str) -> set[str]:
        """The names of the variables that references to `env` or `conversation` may mean."""
        workflow = self.document.get("workflow")
        found = workflow.get(NAMESPACES[root]) if isinstance(workflow, dict) else None
        items = found if isinstance(found, list | tuple) else ()
        return {
            item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)
        }

    def data(self, node_id: str) -> NodeData:
        """The data of a node as its type has it; an empty `UnknownNode` if there is no such node."""
        if node_id not in self._data:
            node = self.nodes.get(node_id, {})
            self._data[node_id] = node_data(node.get("type"), node.get("data"))
        return self._data[node_id]

    def title(self, node_id: str) -> str:
        """The title of a node; its id if it has none, and what is said of one without an id."""
        data = self.nodes.get(node_id, {}).get("data")
        title = data.get("title") if isinstance(data, dict) else None
        return " ".join(title.split()) if isinstance(title, str) and title.strip() else node_id or "(no id)"

    def kind(self, node_id: str) -> str:
        """The type of a node; `note` for notes."""
        data = self.nodes.get(node_id, {}).get("data")
        kind = data.get("type") if isinstance(data, dict) else None
        return kind if isinstance(kind, str) and kind else "note"

    def way(self, node_id: str, handle: str) -> str:
        """What a way out of a node is called; empty for the only one."""
        if handle == "source":
            return ""
        ways = {item.id: item.label for item in self.data(node_id).source_handles()}
        return ways.get(handle) or handle

    def said(self, value: object) -> object:
        """A reference to a variable with the title of its node, `Start/query`; any other value as it is."""
        if (
            isinstance(value, list | tuple)
            and len(value) > 1
            and all(isinstance(part, str) for part in value)
        ):
            root = str(value[0])
            if root in self.nodes or root in ("sys", "env", "conversation"):
                return "/".join([self.title(root) if root in self.nodes else root, *map(str, value[1:])])
        return value

    def place(self, items: list[object] | tuple[object, ...], step: Step) -> int | None:
        """The place of the item of a list that a step names; None if there is none."""
        if isinstance(step, Key):
            known = (id(items), step.by)
            if known not in self._keys:
                names = _lists.keys(step.by, items)
                self._keys[known] = {name: place for place, name in enumerate(names)}
            return self._keys[known].get(step)
        return step if isinstance(step, int) and step < len(items) else None

    def at(self, path: Path) -> object:
        """The value at a path; None if there is none."""
        value: object = self.document
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list | tuple):
                place = self.place(value, step)
                value = None if place is None else value[place]
            else:
                return None
        return value

    def label(self, base: Path, path: Path) -> str:
        """The part of a path behind `base` for people: `prompt_template[system].text`."""
        shown = ""
        value = self.at(base)
        for step in path[len(base) :]:
            if isinstance(value, list | tuple):
                place = self.place(value, step)
                item = None if place is None else value[place]
                if isinstance(step, Key) and step.by == "value":
                    break
                shown += f"[{item_label(step, item, place)}]"
                value = item
            else:
                shown += f".{step}"
                value = value.get(step) if isinstance(value, dict) else None
        return shown.removeprefix(".")


def item_label(step: Step, item: object, place: int | None) -> str:
    """What an item of a list is called: its key, its role or name where that is a number, else its place."""
    counted = f"#{1 + (step if isinstance(step, int) else place or 0)}"
    if not isinstance(step, Key):
        return counted
    if step.by == "value":
        return str(step)
    if isinstance(item, dict):
        if isinstance(item.get("role"), str):
            several = step.nth > 1 or (step.by == "id" and (place or 0) > 1)
            return f"{item['role']} {counted}" if several else item["role"]
        named = next((item[key] for key in _NAMES if isinstance(item.get(key), str) and item[key]), None)
        if step.value is None or (isinstance(step.value, str) and _MADE_BY_A_MACHINE.fullmatch(step.value)):
            return " ".join(named.split())[:40] if named else counted
    return str(step)
