"""Rules about what a node must hold before Dify can build it, or the editor show it."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_built
from difyflow.lint._shape import TEXT, Fault, shown
from difyflow.lint._shapes import SHAPES
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("node-schema", severity="error", fix="safe")
def node_schema(view: View) -> Iterator[Found]:
    """A node lacks a field that Dify needs, or a field holds something else.

    What it does:
        Compares each node with the data model that the engine builds it from: required keys, types, and
        values that must be one of a few. What is refused by one release only is left to rules of its own.

    Why is it bad:
        The import passes, since it stores the graph unread. The run then fails: from Dify 1.9 on before its
        first node ("1 validation error for LLMNodeData"), before that when the node's turn comes.

    Example:
        ```yaml
        data: {type: llm, title: Ask, model: {provider: openai, name: gpt-4o, mode: chat},
               prompt_template: [{role: user, text: Hello}]}
        ```

    Use instead:
        ```yaml
        data: {type: llm, title: Ask, model: {provider: openai, name: gpt-4o, mode: chat},
               prompt_template: [{role: user, text: Hello}],
               context: {enabled: false, variable_selector: []}}
        ```

    Fix safety:
        Safe: a missing field is only added where one value stands for nothing, as in the example, and a
        number or truth value is put in quotes where text belongs.

    Dify:
        Every release with the node type (`entities.py` of each node; recorded at 0.15.3 and 1.12.1).
    """
    for node, fault in _faults(view):
        if not fault.crash:
            yield _told(view, node, fault, "Dify cannot build the node, and the run fails")


@rule("node-crash", severity="error", fix="safe")
def node_crash(view: View) -> Iterator[Found]:
    """A node lacks a field without which the editor breaks.

    What it does:
        Finds nodes without those fields that the editor reads without looking: `variables` of start, code
        and template nodes, `model` of model nodes, `classes`, `body`, `tool_parameters` and so on.

    Why is it bad:
        The app imports and then cannot be opened: "Application error: a client-side exception has
        occurred". With it goes the only place where one could mend it. Most such nodes cannot run either.

    Example:
        ```yaml
        data: {type: start, title: Start}
        ```

    Use instead:
        ```yaml
        data: {type: start, title: Start, variables: []}
        ```

    Fix safety:
        Safe: a missing field is only added where one value stands for nothing.

    Dify:
        Every release (the nodes' `default.ts` and `workflow-init.ts`; Dify issues 8495, 20818, 21845, 22941).
    """
    for node, fault in _faults(view):
        if fault.crash:
            yield _told(view, node, fault, "the editor cannot open an app with such a node")


def _faults(view: View) -> Iterator[tuple[NodeView, Fault]]:
    for node in view.nodes:
        shape = SHAPES.get(node.kind)
        if shape is None or (node.kind == "agent" and _is_second_agent(node)):
            continue
        for fault in shape.faults(node.raw, ()):
            yield node, fault


def _is_second_agent(node: NodeView) -> bool:
    return "agent_node_kind" in node.raw or "agent_binding" in node.raw or node.raw.get("version") == "2"


def _told(view: View, node: NodeView, fault: Fault, consequence: str) -> Found:
    name = ".".join(map(str, fault.path))
    place = node.at(*fault.path)
    severity: Severity | None = "warning" if fault.runs else None
    if not fault.crash:
        severity = when_built(view, node)
    fix = None
    if fault.default is not None and fault.missing:
        fix = Fix(f"Add {name}: {shown(fault.default)}", ((place, fault.default),))
    if fault.missing:
        said = f"{node.kind} node {node.title!r} has no `{name}`: {consequence}; it must be {fault.wanted}"
    else:
        value: object = node.raw
        for part in fault.path:
            value = value[part]  # type: ignore[index]  # the fault was found there
        if fault.wanted == TEXT.wanted and isinstance(value, int | float):
            fix = Fix("Put it in quotes", ((place, shown(value)),))
        said = f"`{name}` is {shown(value)} where {fault.wanted} belongs: {consequence}"
    return Found(place, said, fix=fix, severity=severity)
