"""The variables of a document: which exist, of which type, and what a selector names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from difyflow.dsl.edit import Path
from difyflow.nodes._base import NodeData
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import FILE_ATTRIBUTES, OutputVar, VarType

if TYPE_CHECKING:
    from difyflow.lint.view import NodeView, View


@dataclass(frozen=True, slots=True)
class Declared:
    """An environment or conversation variable.

    Attributes:
        path: its place in the document.
        raw: the mapping of the file.
    """

    name: str
    type: VarType
    path: Path
    raw: Mapping[str, Any]


def declared(workflow: Mapping[str, Any], key: str) -> Mapping[str, Declared]:
    """The variables of a list of the workflow by name."""
    found = workflow.get(key)
    made: dict[str, Declared] = {}
    for index, item in enumerate(found if isinstance(found, list) else []):
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and name:
            made[name] = Declared(name, _kind(item.get("value_type")), ("workflow", key, index), item)
    return made


def _kind(value: object) -> VarType:
    return VarType.NUMBER if value == "float" else VarType.of(value)


class Fault(Enum):
    """Why a selector names nothing."""

    EMPTY = "nothing is chosen"
    SHORT = "it has one part only"
    NODE = "there is no such node"
    OUTPUT = "the node has no such output"
    KEY = "there is no such key inside"
    SYSTEM = "there is no such system variable"
    MODE = "there is no such system variable in this kind of app"
    ENVIRONMENT = "there is no such environment variable"
    CONVERSATION = "there is no such conversation variable"
    PIPELINE = "there is no such pipeline variable"
    OUTSIDE = "it exists inside of the container only"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a selector names.

    Attributes:
        var: the variable, of type `any` where nobody can say; None if it names nothing.
        owner: the node that puts it out; None for `sys`, `env`, `conversation`, `rag`.
        fault: why it names nothing.
        known: the names that would be right in place of the first wrong one.
        part: index of the first part that is wrong.
    """

    var: OutputVar | None = None
    owner: NodeView | None = None
    fault: Fault | None = None
    known: tuple[str, ...] = ()
    part: int = 0

    @property
    def type(self) -> VarType | None:
        """Its type; None if it names nothing or nobody can say."""
        return None if self.var is None or self.var.type is VarType.ANY else self.var.type


# System variables (dsl.md 7.2), with the modes that have them.
_EVERYWHERE = {
    "user_id": VarType.STRING,
    "app_id": VarType.STRING,
    "workflow_id": VarType.STRING,
    "workflow_run_id": VarType.STRING,
    "files": VarType.ARRAY_FILE,
}
_CHAT = {"query": VarType.STRING, "conversation_id": VarType.STRING, "dialogue_count": VarType.NUMBER}
_WORKFLOW = {"timestamp": VarType.NUMBER}
_PIPELINE = dict.fromkeys(
    (
        "document_id",
        "original_document_id",
        "batch",
        "dataset_id",
        "datasource_type",
        "datasource_info",
        "invoke_from",
    ),
    VarType.ANY,
)
_OF_MODE: Mapping[str, Mapping[str, VarType]] = {
    "advanced-chat": {**_EVERYWHERE, **_CHAT},
    "workflow": {**_EVERYWHERE, **_WORKFLOW},
    "rag_pipeline": {**_EVERYWHERE, **_WORKFLOW, **_PIPELINE},
    "snippet": {**_EVERYWHERE, **_CHAT, **_WORKFLOW},
}
_SYSTEM = {**_EVERYWHERE, **_CHAT, **_WORKFLOW, **_PIPELINE}

ROOTS = ("sys", "env", "conversation", "rag")
"""First parts of a selector that are no node."""

_SNIPPET_START = ("start", "__snippet_virtual_start__")


class Resolver:
    """Answers what selectors name, in one document."""

    def __init__(self, view: View) -> None:
        """Takes the document."""
        self._view = view
        self._outputs: dict[int, Mapping[str, OutputVar]] = {}
        self._inner: dict[int, Mapping[str, OutputVar]] = {}
        self._typed: dict[int, NodeData] = {}
        self._asked: set[int] = set()
        self._system = _OF_MODE.get(view.mode, _SYSTEM)

    def outputs(self, node: NodeView) -> Mapping[str, OutputVar]:
        """By name, what a node puts out."""
        found = self._outputs.get(node.index)
        if found is None:
            found = {item.name: item for item in self._data(node).all_outputs()}
            if node.index not in self._asked:  # while a ring of references is followed, types may be missing
                self._outputs[node.index] = found
        return found

    def inner(self, node: NodeView) -> Mapping[str, OutputVar]:
        """By name, what a container offers to the nodes in it."""
        found = self._inner.get(node.index)
        if found is None:
            found = {item.name: item for item in self._data(node).inner_variables()}
            if node.index not in self._asked:
                self._inner[node.index] = found
        return found

    def _data(self, node: NodeView) -> NodeData:
        """The node's data with the types that its references really have."""
        found = self._typed.get(node.index)
        if found is not None:
            return found
        if node.index in self._asked or len(self._asked) > _FARTHEST:
            return node.data
        self._asked.add(node.index)
        try:
            found = node.data.with_types(lambda selector: self.resolve(selector, None).type)
        finally:
            self._asked.discard(node.index)
        self._typed[node.index] = found
        return found

    def resolve(self, selector: Selector, node: NodeView | None) -> Resolved:
        """What a selector names in the eyes of a node; None = of anyone."""
        if not selector or not selector[0]:
            return Resolved(fault=Fault.EMPTY)
        if len(selector) == 1:
            return Resolved(fault=Fault.SHORT)
        root, name = selector[0], selector[1]
        match root:
            case "sys":
                return self._of_system(selector, 1)
            case "env":
                return _of_declared(selector, self._view.environment, Fault.ENVIRONMENT)
            case "conversation":
                return _of_declared(selector, self._view.conversation, Fault.CONVERSATION)
            case "rag":
                return self._of_pipeline(selector)
        owner = self._view.by_id.get(root)
        if owner is None:
            if self._view.kind == "snippet" and root in _SNIPPET_START:
                return Resolved(OutputVar(name, VarType.ANY))
            return Resolved(fault=Fault.NODE)
        if name.startswith("sys.") and owner.data.ENTRY:
            parts = Selector((root, *name.split("."), *selector[2:]))
            return self._of_system(parts, 2)
        return self._of_node(selector, owner, node)

    def _of_pipeline(self, selector: Selector) -> Resolved:
        """`rag.shared.name` or `rag.<node id>.name`; in other documents nobody can say."""
        found = self._view.workflow.get("rag_pipeline_variables")
        if self._view.kind != "rag_pipeline" or not isinstance(found, list) or len(selector) < 3:
            return Resolved(OutputVar(selector[-1], VarType.ANY))
        known = tuple(
            str(item.get("variable"))
            for item in found
            if isinstance(item, dict) and item.get("belong_to_node_id") == selector[1]
        )
        if selector[2] in known:
            return Resolved(OutputVar(selector[-1], VarType.ANY))
        return Resolved(fault=Fault.PIPELINE, known=known, part=2)

    def _of_system(self, selector: Selector, place: int) -> Resolved:
        name = selector[place]
        kind = self._system.get(name)
        if kind is not None:
            return _inside(OutputVar(name, kind), selector, place, None)
        fault = Fault.MODE if name in _SYSTEM else Fault.SYSTEM
        return Resolved(fault=fault, known=tuple(self._system), part=place)

    def _of_node(self, selector: Selector, owner: NodeView, node: NodeView | None) -> Resolved:
        name = selector[1]
        outputs = self.outputs(owner)
        var = outputs.get(name)
        inner: Mapping[str, OutputVar] = {}
        if var is None and owner.data.CONTAINER:
            inner = self.inner(owner)
            var = inner.get(name)
            if var is not None and node is not None and not self._is_inside(node, owner):
                return Resolved(fault=Fault.OUTSIDE, owner=owner, known=tuple(outputs), part=1)
        if var is None:
            if owner.data.open_outputs():
                return Resolved(OutputVar(name, VarType.ANY), owner)
            known = tuple(key for key, item in outputs.items() if not item.run_time_only)
            return Resolved(fault=Fault.OUTPUT, owner=owner, known=(*known, *inner), part=1)
        return _inside(var, selector, 1, owner)

    def _is_inside(self, node: NodeView, container: NodeView) -> bool:
        return node is container or any(item is container for item in self._view.scopes.around(node))


_FARTHEST = 60
"""References that are followed one after another to find a type; then nobody can say."""


def _of_declared(selector: Selector, variables: Mapping[str, Declared], fault: Fault) -> Resolved:
    found = variables.get(selector[1])
    if found is None:
        return Resolved(fault=fault, known=tuple(variables), part=1)
    return _inside(OutputVar(found.name, found.type), selector, 1, None)


def _inside(var: OutputVar, selector: Selector, place: int, owner: NodeView | None) -> Resolved:
    """Follows the parts of a selector behind the variable's name."""
    for part in range(place + 1, len(selector)):
        child = var.child(selector[part])
        if child is None:
            return Resolved(fault=Fault.KEY, owner=owner, known=_keys(var), part=part)
        var = child
    return Resolved(replace(var, name=selector[-1]), owner)


def _keys(var: OutputVar) -> tuple[str, ...]:
    if var.type is VarType.FILE:
        return FILE_ATTRIBUTES
    return tuple(item.name for item in var.children or ())
