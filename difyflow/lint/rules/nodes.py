"""Rules about what makes a node a node: id, data, type."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_built
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.nodes._base import UnknownNode, node_class
from difyflow.nodes._record import numbers
from difyflow.terms.selector import NODE_ID

_GRAPH = ("workflow", "graph")
_PLACEHOLDERS = ("start-placeholder", "datasource-empty")
_FARTHEST = 50


@rule("node-id", severity="error")
def node_id(view: View) -> Iterator[Found]:
    """A node has no id, or one that is no text.

    What it does:
        Finds nodes whose `id` is missing, empty or a number.

    Why is it bad:
        Engines pass over a node without an id; an unquoted number is not equal to the text in edges and
        references.

    Example:
        ```yaml
        nodes: [{id: 1735807686274, data: {type: start}}]
        ```

    Use instead:
        ```yaml
        nodes: [{id: '1735807686274', data: {type: start}}]
        ```

    Dify:
        Every release (`Graph.init`, graphon `_normalize_nodes`).
    """
    for node in view.nodes:
        if not node.id:
            found = node.envelope.get("id")
            said = "the node has no id" if found in (None, "") else f"the id {found!r} is no text; quote it"
            yield Found((*node.path, "id"), said)


@rule("node-id-duplicate", severity="error")
def node_id_duplicate(view: View) -> Iterator[Found]:
    """Two nodes have the same id.

    What it does:
        Finds nodes whose id an earlier node has too.

    Why is it bad:
        The last one wins and the others never run; newer engines refuse the graph, and the editor shows one.

    Example:
        ```yaml
        nodes: [{id: ask, data: {type: llm}}, {id: ask, data: {type: code}}]
        ```

    Use instead:
        An id of its own for each.

    Dify:
        Every release (`Graph.init` keeps a mapping by id; graphon `DUPLICATE_NODE_ID`).
    """
    seen: dict[str, NodeView] = {}
    for node in view.nodes:
        if node.id in seen:
            first = seen[node.id]
            yield Found(
                (*node.path, "id"),
                f"the node {first.title!r} has the id {node.id!r} too; one of them is lost",
            )
        elif node.id:
            seen[node.id] = node


@rule("node-id-form", severity="warning")
def node_id_form(view: View) -> Iterator[Found]:
    """An id has signs that references in text cannot have.

    What it does:
        Finds ids with other signs than `A-Z a-z 0-9 _`, or with more than 50.

    Why is it bad:
        `{{#my-node.text#}}` stays in the text as it is: the engine does not take it for a reference, though
        the editor does. References in lists work with any id. A text that refers to such a node is found by
        `ref-placeholder`.

    Example:
        ```yaml
        id: my-node
        ```

    Use instead:
        ```yaml
        id: my_node
        ```

    Dify:
        Every release (`VARIABLE_PATTERN`).
    """
    for node in view.nodes:
        if node.id and not NODE_ID.fullmatch(node.id):
            text = f"no text can refer to the id {node.id!r}: use letters, digits and _, at most 50"
            yield Found((*node.path, "id"), text)


@rule("node-data", severity="error")
def node_data(view: View) -> Iterator[Found]:
    """A node has no data, or its data no type.

    What it does:
        Finds nodes without a mapping `data` with a `type`. Notes have none.

    Why is it bad:
        Dify 1.10 and later refuse the import ("'type'"); older ones import it, and the run answers HTTP 500.

    Example:
        ```yaml
        nodes: [{id: ask, type: llm, data: {title: Ask}}]
        ```

    Use instead:
        ```yaml
        nodes: [{id: ask, type: custom, data: {type: llm, title: Ask}}]
        ```

    Dify:
        Every release (recorded at 0.15.3, 1.12.1 and 1.15).
    """
    for node in view.nodes:
        if not isinstance(node.envelope.get("data"), dict):
            yield Found((*node.path, "data"), "the node has no `data`")
        elif not node.kind:
            yield Found(node.at("type"), "the data has no `type`: import or run fails")


@rule("node-type-unknown", severity="error")
def node_type_unknown(view: View) -> Iterator[Found]:
    """The type of a node is none that Dify has.

    What it does:
        Finds a `data.type` that no release knows.

    Why is it bad:
        Dify 1.10 to 1.12 refuse the import; others import it and fail when it is built or run. The editor has
        nothing to draw it with and breaks.

    Example:
        ```yaml
        data: {type: knowledge-retrieval-v2, title: Look up}
        ```

    Use instead:
        ```yaml
        data: {type: knowledge-retrieval, title: Look up}
        ```

    Dify:
        Every release (recorded at 0.15.3 and 1.12.1). Types that came after this version of difyflow
        are taken for unknown too.
    """
    for node in view.nodes:
        if node.kind and isinstance(node.data, UnknownNode) and node_class(node.kind) is UnknownNode:
            mild = None if view.holds("1.10", "1.12") else when_built(view, node)
            text = f"Dify has no node type {node.kind!r}"
            yield Found(node.at("type"), text, severity=mild)


@rule("node-type-old", severity="error", since="1.12", fix="safe")
def node_type_old(view: View) -> Iterator[Found]:
    """A node has the old name of its type.

    What it does:
        Finds `variable-assigner`, as the variable aggregator was called in the first months.

    Why is it bad:
        The engine no longer knows the name, and no run begins: "No class mapping found for node type".

    Example:
        ```yaml
        data: {type: variable-assigner, variables: [[a, text], [b, text]]}
        ```

    Use instead:
        ```yaml
        data: {type: variable-aggregator, variables: [[a, text], [b, text]]}
        ```

    Fix safety:
        Safe: the fields are the same.

    Dify:
        Recorded at 1.12.1; Dify 0.15 still knows the name.
    """
    for node in view.of("variable-assigner"):
        fix = Fix("Call it variable-aggregator", ((node.at("type"), "variable-aggregator"),))
        text = "the engine no longer knows the type variable-assigner; it is variable-aggregator today"
        yield Found(node.at("type"), text, fix=fix)


@rule("node-import", severity="error", since="1.13")
def node_import(view: View) -> Iterator[Found]:
    """The importer refuses a node for what is in it.

    What it does:
        Finds agents of version 2 that are bound to no agent of the roster, for releases that take no others.
        Nodes of type `human-input`, the other type that an import looks into, have rules of their own.

    Why is it bad:
        Dify refuses the import: "Workflow Agent node worker only supports roster_agent graph binding."

    Example:
        ```yaml
        data: {type: agent, version: '2', agent_binding: {binding_type: inline_agent, package_ref: agent_1}}
        ```

    Use instead:
        An agent of version 1, or Dify 1.16, which takes agents that the file brings along.

    Dify:
        Recorded at a 1.15 in development.
    """
    dsl = numbers(view.target.releases.dsl)
    for node in view.nodes:
        if node.kind != "human-input":
            for fault in node.data.import_faults(dsl):
                yield Found(node.at("agent_binding"), f"the import is refused: {fault}")


@rule("webhook-lists", severity="error")
def webhook_lists(view: View) -> Iterator[Found]:
    """What a webhook takes is no list.

    What it does:
        Finds `headers`, `params` and `body` of webhook triggers that are no lists of mappings.

    Why is it bad:
        The node cannot be built, and no run begins: "Input should be an instance of Sequence".

    Example:
        ```yaml
        data: {type: trigger-webhook, body: {payload: {type: object, required: true}}}
        ```

    Use instead:
        ```yaml
        data: {type: trigger-webhook, body: [{name: payload, type: object, required: true}]}
        ```

    Dify:
        1.10 and later (`WebhookData`; recorded at 1.12.1).
    """
    for node in view.of("trigger-webhook"):
        for key in ("headers", "params", "body"):
            found = node.raw.get(key, [])
            if not isinstance(found, list):
                yield Found(node.at(key), f"`{key}` is no list: the node cannot be built, and no run begins")


@rule("node-type-placeholder", severity="warning")
def node_type_placeholder(view: View) -> Iterator[Found]:
    """A node is a placeholder of the editor.

    What it does:
        Finds `start-placeholder` and `datasource-empty`.

    Why is it bad:
        They wait for a choice in the editor and cannot run.

    Example:
        ```yaml
        data: {type: start-placeholder, title: Choose}
        ```

    Use instead:
        ```yaml
        data: {type: start, title: Start, variables: []}
        ```

    Dify:
        `start-placeholder` since 1.15, `datasource-empty` since 1.9.
    """
    for node in view.of(*_PLACEHOLDERS):
        yield Found(node.at("type"), f"{node.kind} is a placeholder of the editor, and cannot run")
