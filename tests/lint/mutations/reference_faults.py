"""Faults in references, variables and inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from difyflow.dsl.edit import shown
from difyflow.lint.view import NodeView
from difyflow.nodes._base import Reference
from difyflow.terms.vartype import VarType
from lint.mutations.bench import GONE, Document, Kind, Path, Spot, kind

_TO_NOTHING = ("sys", "env", "conversation", "rag")


def _uses(document: Document, *, in_text: bool) -> Iterator[tuple[NodeView, Reference, NodeView]]:
    """References of running nodes to outputs of running nodes, with the owner."""
    for node in document.running:
        for reference in node.references:
            owner = document.view.by_id.get(reference.selector.node_id)
            if owner is None or (reference.start is not None) is not in_text or len(reference.selector) < 2:
                continue
            if document.view.resolve(reference.selector, node).fault is None:
                yield node, reference, owner


def _is_mild(node: NodeView, reference: Reference) -> bool:
    """Places where Dify goes on with nothing in place of the value, by design."""
    first = reference.path[0] if reference.path else ""
    return node.kind == "variable-aggregator" or first in ("memory", "vision")


def _text(document: Document, path: Path) -> str:
    value: object = document.data
    for part in path:
        value = value[part]  # type: ignore[index]  # a path of the document
    return str(value)


def _in_text(document: Document, node: NodeView, reference: Reference, new: str) -> Spot:
    place = node.at(*reference.path)
    text = _text(document, place)
    made = text[: reference.start] + new + text[reference.end :]
    return Spot(((place, made),), node.id, (shown(reference.path),), breaks=not _is_mild(node, reference))


@kind("selector of a node that is not there")
def unknown_node(document: Document) -> Iterable[Spot]:
    for node, reference, _ in _uses(document, in_text=False):
        place = node.at(*reference.path, 0)
        breaks = not _is_mild(node, reference)
        yield Spot(((place, "1700000000999"),), node.id, (shown(reference.path),), breaks=breaks)


@kind("selector of an output that is not there")
def unknown_output(document: Document) -> Iterable[Spot]:
    for node, reference, owner in _uses(document, in_text=False):
        if not owner.data.open_outputs() and not (
            owner.data.ENTRY and reference.selector[1].startswith("sys.")
        ):
            place = node.at(*reference.path, 1)
            breaks = not _is_mild(node, reference)
            yield Spot(((place, "no_such_output"),), node.id, (shown(reference.path),), breaks=breaks)


@kind("text names a node that is not there")
def text_unknown_node(document: Document) -> Iterable[Spot]:
    for node, reference, _ in _uses(document, in_text=True):
        yield _in_text(document, node, reference, "{{#1700000000999.text#}}")


@kind("text names an output that is not there")
def text_unknown_output(document: Document) -> Iterable[Spot]:
    for node, reference, owner in _uses(document, in_text=True):
        if not owner.data.open_outputs():
            yield _in_text(document, node, reference, f"{{{{#{owner.id}.no_such_output#}}}}")


@kind("spaces in a placeholder")
def spaces(document: Document) -> Iterable[Spot]:
    for node, reference, _ in _uses(document, in_text=True):
        yield _in_text(document, node, reference, f"{{{{# {'.'.join(reference.selector)} #}}}}")


@kind("one brace too few in a placeholder")
def braces(document: Document) -> Iterable[Spot]:
    for node, reference, _ in _uses(document, in_text=True):
        yield _in_text(document, node, reference, f"{{{{#{'.'.join(reference.selector)}#}}")


@kind("reference to a node that runs later")
def later(document: Document) -> Iterable[Spot]:
    for node, reference, _ in _uses(document, in_text=False):
        after = _behind(document, node)
        if after is not None:
            edits = ((node.at(*reference.path), [after.id, _some_output(after)]),)
            yield Spot(edits, node.id, (shown(reference.path),), breaks=not _is_mild(node, reference))


def _behind(document: Document, node: NodeView) -> NodeView | None:
    for edge in document.view.edges_from(node):
        after = document.view.by_id.get(edge.target)
        fits = after is not None and document.view.parent(after) is document.view.parent(node)
        if (
            after is not None
            and fits
            and after.data.output_variables()
            and len(document.view.edges_to(after)) == 1
        ):
            return after
    return None


def _some_output(node: NodeView) -> str:
    return node.data.output_variables()[0].name


@kind("delete a start variable")
def start_variable(document: Document) -> Iterable[Spot]:
    for node in document.of("start"):
        listed = node.raw.get("variables")
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            name = item.get("variable") if isinstance(item, dict) else None
            users = [
                (user, reference)
                for user in document.running
                for reference in user.references
                if reference.selector[:2] == (node.id, name)
            ]
            if users and [part.get("variable") for part in listed or ()].count(name) == 1:
                others = tuple((user.id, shown(reference.path)) for user, reference in users)
                breaks = not all(_is_mild(user, reference) for user, reference in users)
                yield Spot(((node.at("variables", index), GONE),), "", (), others, breaks)


def _declared(name: str, key: str, root: str) -> Kind:
    """A variable of the app is deleted that is used."""

    def spots(document: Document) -> Iterable[Spot]:
        listed = document.view.workflow.get(key)
        names = (
            [item.get("name") for item in listed if isinstance(item, dict)]
            if isinstance(listed, list)
            else []
        )
        for index, found in enumerate(names):
            users = [
                (user.id, shown(reference.path))
                for user in document.running
                for reference in user.references
                if reference.selector[:2] == (root, found)
            ]
            if users and names.count(found) == 1:
                yield Spot(((("workflow", key, index), GONE),), "", (), tuple(users))

    return Kind(name, spots)


def _variable(name: str, key: str, change: str, value: object) -> Kind:
    """A variable of the app gets a value that Dify refuses."""

    def spots(document: Document) -> Iterable[Spot]:
        listed = document.view.workflow.get(key)
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(item, dict) and change in item:
                yield Spot(((("workflow", key, index, change), value),), None, (f"workflow.{key}[{index}]",))

    return Kind(name, spots)


@kind("wrong type into an iteration")
def iteration_type(document: Document) -> Iterable[Spot]:
    texts = [
        (node.id, item.name)
        for node in document.of("start", "llm", "code")
        for item in node.data.output_variables()
        if item.type is VarType.STRING
    ]
    for node in document.of("iteration"):
        for owner, name in texts[:3]:
            yield Spot(((node.at("iterator_selector"), [owner, name]),), node.id, ("iterator_selector",))


def _input(name: str, key: str, value: object, *, types: tuple[str, ...] = (), breaks: bool = True) -> Kind:
    """An input of the start node is spoiled."""

    def spots(document: Document) -> Iterable[Spot]:
        for node in document.of("start"):
            listed = node.raw.get("variables")
            for index, item in enumerate(listed if isinstance(listed, list) else []):
                if isinstance(item, dict) and key in item and (not types or item.get("type") in types):
                    really = breaks and (key != "options" or item.get("required") is True)
                    fields = (f"variables[{index}]",)
                    yield Spot(((node.at("variables", index, key), value),), node.id, fields, breaks=really)

    return Kind(name, spots)


@kind("two start variables of one name")
def twice(document: Document) -> Iterable[Spot]:
    for node in document.of("start"):
        listed = node.raw.get("variables")
        if isinstance(listed, list) and len(listed) > 1 and all(isinstance(item, dict) for item in listed):
            name = listed[0].get("variable")
            fields = ("variables[",)
            yield Spot(((node.at("variables", 1, "variable"), name),), node.id, fields, breaks=False)


KINDS: tuple[Kind, ...] = (
    unknown_node,
    unknown_output,
    text_unknown_node,
    text_unknown_output,
    spaces,
    braces,
    later,
    start_variable,
    iteration_type,
    twice,
    _declared("delete an environment variable", "environment_variables", "env"),
    _declared("delete a conversation variable", "conversation_variables", "conversation"),
    _variable("environment variable without a value", "environment_variables", "value", None),
    _variable("environment variable of an unknown type", "environment_variables", "value_type", "file"),
    _variable("conversation variable without a name", "conversation_variables", "name", ""),
    _variable("conversation variable whose id is no UUID", "conversation_variables", "id", "cv_1"),
    _input("input of an unknown type", "type", "string"),
    _input("select without options", "options", [], types=("select",)),
)
