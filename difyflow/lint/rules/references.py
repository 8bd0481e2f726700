"""Rules about references: each names something that exists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from difyflow.lint import _uses
from difyflow.lint._names import listed, meant, nearest
from difyflow.lint._variables import Fault, Resolved
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.nodes._base import Reference
from difyflow.terms.selector import Selector


def _faulty(view: View, *faults: Fault) -> Iterator[tuple[NodeView, Reference, Resolved]]:
    """The references that name nothing for one of these reasons."""
    for node, reference in view.references:
        resolved = view.resolve(reference.selector, node)
        if resolved.fault in faults:
            yield node, reference, resolved


@rule("ref-unknown-node", severity="error", fix="unsafe")
def ref_unknown_node(view: View) -> Iterator[Found]:
    """A reference names a node that does not exist.

    What it does:
        Looks up the first part of every reference: a node id, or `sys`, `env`, `conversation`, `rag`.

    Why is it bad:
        The variable has no value: a model node fails ("Variable #start.text# not found"), other nodes go on
        with null or with the reference as their text, and the run succeeds.

    Example:
        ```yaml
        value_selector: [aks, text]   # the node is called ask
        ```

    Use instead:
        ```yaml
        value_selector: [ask, text]
        ```

    Fix safety:
        Unsafe: puts the nearest id in its place, if there is one that is near.

    Dify:
        Every release (recorded at 0.15.3 and 1.12.1); the editor's checklist marks it.
    """
    for node, reference, _ in _faulty(view, Fault.NODE):
        name = reference.selector.node_id
        near = nearest(name, view.by_id)
        fix = None
        if near is not None:
            selector = Selector((near, *reference.selector[1:]))
            fix = _uses.renamed(node, reference, selector, f"Refer to {near}")
        by_title = next((item.id for item in view.nodes if item.title == name and item.id), None)
        hint = f"; do you mean {near!r}?" if near else ""
        hint = f"; the node with this title has the id {by_title!r}" if by_title else hint
        text = f"{_uses.shown(reference.selector)}: there is no node {name!r}{hint}"
        yield _uses.told(node, reference, text, fix=fix, severity=_uses.mild(view, node, reference))


@rule("ref-unknown-output", severity="error", fix="unsafe")
def ref_unknown_output(view: View) -> Iterator[Found]:
    """A reference names something that the node does not put out.

    What it does:
        Looks up the second part of every reference among the outputs of the node, which follow from its data:
        the inputs of the start node, the declared outputs of code, the parameters of an extractor, and so on.
        Where a plugin decides, nothing is said.

    Why is it bad:
        As with an unknown node: null, the bare reference as text, or a failed run.

    Example:
        ```yaml
        value_selector: [ask, answer]   # a model node puts out text, usage, ...
        ```

    Use instead:
        ```yaml
        value_selector: [ask, text]
        ```

    Fix safety:
        Unsafe: puts the nearest output in its place, if there is one that is near.

    Dify:
        Every release (recorded at 0.15.3 and 1.12.1); the editor's checklist marks it.
    """
    for node, reference, resolved in _faulty(view, Fault.OUTPUT):
        owner = resolved.owner
        if owner is None:
            continue
        name = reference.selector.variable
        fix = None
        near = nearest(name, resolved.known)
        if near is not None:
            rest = reference.selector[2:] or _only_key(view, owner, near)
            selector = Selector((reference.selector[0], near, *rest))
            fix = _uses.renamed(node, reference, selector, f"Refer to {'.'.join(selector[1:])}")
        failed = name in ("error_message", "error_type")
        known = [".".join((item, *_only_key(view, owner, item))) for item in resolved.known]
        hint = "; it would with an error strategy" if failed else meant(name, known)
        text = f"{_uses.shown(reference.selector)}: {owner.title!r} ({owner.kind}) puts out no {name!r}{hint}"
        yield _uses.told(node, reference, text, fix=fix, severity=_uses.mild(view, node, reference))


def _only_key(view: View, owner: NodeView, name: str) -> tuple[str, ...]:
    """The key that an output has, if it has one only, as the groups of an aggregator have."""
    var = view.outputs(owner).get(name)
    keys = var.children if var is not None else None
    return (keys[0].name,) if keys is not None and len(keys) == 1 else ()


@rule("ref-unknown-key", severity="error")
def ref_unknown_key(view: View) -> Iterator[Found]:
    """A reference goes on into something that has no such key.

    What it does:
        Follows the parts of a reference behind the variable's name: keys of objects whose keys are known, and
        attributes of files. Lists and texts have none.

    Why is it bad:
        There is no value, as with an unknown output.

    Example:
        ```yaml
        value_selector: [start, upload, filename]
        ```

    Use instead:
        ```yaml
        value_selector: [start, upload, name]
        ```

    Dify:
        Every release (`VariablePool.get`).
    """
    for node, reference, resolved in _faulty(view, Fault.KEY):
        selector = reference.selector
        before = _uses.shown(Selector(selector[: resolved.part]))
        kind = view.resolve(Selector(selector[: resolved.part]), node).type
        name = selector[resolved.part] if resolved.part < len(selector) else ""
        what = f" ({kind})" if kind else ""
        listed_first = kind is not None and kind.is_array
        hint = "; it is a list: take an item out of it first" if listed_first else meant(name, resolved.known)
        text = f"{before}{what} has no {name!r}{hint}"
        yield _uses.told(node, reference, text, severity=_uses.mild(view, node, reference))


@rule("ref-short", severity="error")
def ref_short(view: View) -> Iterator[Found]:
    """A selector has one part only.

    What it does:
        Finds selectors such as `[ask]`.

    Why is it bad:
        A selector needs a node and a variable; the engine refuses it, or finds nothing.

    Example:
        ```yaml
        value_selector: [ask]
        ```

    Use instead:
        ```yaml
        value_selector: [ask, text]
        ```

    Dify:
        Every release (`SELECTORS_LENGTH`).
    """
    for node, reference, _ in _faulty(view, Fault.SHORT):
        name = reference.selector.node_id
        owner = view.by_id.get(name)
        known = list(view.outputs(owner)) if owner is not None else []
        hint = f"; {name!r} puts out: {listed(known)}" if known else ""
        yield _uses.told(
            node, reference, f"[{name}] names no variable{hint}", severity=_uses.mild(view, node, reference)
        )


@rule("ref-environment", severity="error", fix="unsafe")
def ref_environment(view: View) -> Iterator[Found]:
    """A reference names an environment variable that does not exist.

    What it does:
        Looks up references that begin with `env`.

    Why is it bad:
        There is no value; the editor's checklist does not look at it.

    Example:
        ```yaml
        url: '{{#env.API_UR#}}/search'
        ```

    Use instead:
        ```yaml
        url: '{{#env.API_URL#}}/search'
        ```

    Fix safety:
        Unsafe: puts the nearest name in its place, if there is one that is near.

    Dify:
        Every release.
    """
    yield from _special(view, Fault.ENVIRONMENT, "environment variable")


@rule("ref-conversation", severity="error", fix="unsafe")
def ref_conversation(view: View) -> Iterator[Found]:
    """A reference names a conversation variable that does not exist.

    What it does:
        Looks up references that begin with `conversation`.

    Why is it bad:
        There is no value, and an assigner fails; the editor's checklist does not look at it.

    Example:
        ```yaml
        value_selector: [conversation, mod]
        ```

    Use instead:
        ```yaml
        value_selector: [conversation, mood]
        ```

    Fix safety:
        Unsafe: puts the nearest name in its place, if there is one that is near.

    Dify:
        Every release.
    """
    yield from _special(view, Fault.CONVERSATION, "conversation variable")


@rule("ref-pipeline", severity="error", fix="unsafe")
def ref_pipeline(view: View) -> Iterator[Found]:
    """A reference names a variable of the pipeline that does not exist.

    What it does:
        Looks up references that begin with `rag` in `workflow.rag_pipeline_variables`: by name, and by the
        node that the variable belongs to, or `shared`. In apps nothing is said of them.

    Why is it bad:
        There is no value: a tool that takes the variable fails, a text has `rag.shared.name` in its place.

    Example:
        ```yaml
        tool_parameters: {delimiter: {type: mixed, value: '{{#rag.shared.delimiter#}}'}}   # declared: delim
        ```

    Use instead:
        ```yaml
        tool_parameters: {delimiter: {type: mixed, value: '{{#rag.shared.delim#}}'}}
        ```

    Fix safety:
        Unsafe: puts the nearest name in its place, if there is one that is near.

    Dify:
        1.9 and later (`PipelineRunner.run` puts what is declared into the pool).
    """
    for node, reference, resolved in _faulty(view, Fault.PIPELINE):
        selector = reference.selector
        near = nearest(selector[2], resolved.known)
        fix = None
        if near is not None:
            better = Selector((*selector[:2], near, *selector[3:]))
            fix = _uses.renamed(node, reference, better, f"Refer to {near}")
        hint = meant(selector[2], _known(resolved.known))
        text = f"there is no pipeline variable {selector[2]!r} of {selector[1]!r}{hint}"
        yield _uses.told(node, reference, text, fix=fix, severity=_uses.mild(view, node, reference))


def _special(view: View, fault: Fault, what: str) -> Iterator[Found]:
    for node, reference, resolved in _faulty(view, fault):
        name = reference.selector.variable
        near = nearest(name, resolved.known)
        fix = None
        if near is not None:
            selector = Selector((reference.selector[0], near, *reference.selector[2:]))
            fix = _uses.renamed(node, reference, selector, f"Refer to {near}")
        text = f"there is no {what} {name!r}{meant(name, _known(resolved.known))}"
        yield _uses.told(node, reference, text, fix=fix, severity=_uses.mild(view, node, reference))


def _known(names: Sequence[str]) -> Sequence[str]:
    return names or ("none",)


@rule("ref-system", severity="error")
def ref_system(view: View) -> Iterator[Found]:
    """A reference names a system variable that does not exist.

    What it does:
        Looks up references that begin with `sys`.

    Why is it bad:
        There is no value; the editor's checklist does not look at it.

    Example:
        ```yaml
        value_selector: [sys, question]
        ```

    Use instead:
        ```yaml
        value_selector: [sys, query]
        ```

    Dify:
        Every release (`SystemVariable`).
    """
    for node, reference, resolved in _faulty(view, Fault.SYSTEM):
        name = reference.selector[resolved.part]
        text = f"there is no system variable {name!r}{meant(name, resolved.known)}"
        yield _uses.told(node, reference, text, severity=_uses.mild(view, node, reference))


@rule("ref-system-mode", severity="error")
def ref_system_mode(view: View) -> Iterator[Found]:
    """A reference names a system variable that this kind of app does not have.

    What it does:
        Finds `sys.query`, `sys.conversation_id` and `sys.dialogue_count` outside of chatflows, and the
        variables of pipelines in apps.

    Why is it bad:
        There is no value; the editor's checklist does not look at it.

    Example:
        ```yaml
        app: {mode: workflow}
        prompt: '{{#sys.query#}}'
        ```

    Use instead:
        An input of the start node: `{{#start.query#}}`.

    Dify:
        Every release (`getGlobalVars`).
    """
    for node, reference, resolved in _faulty(view, Fault.MODE):
        if reference.path[:1] == ("memory",) and node.raw.get("type") != "llm":
            continue  # the memory of other model nodes has no query of its own
        name = reference.selector[resolved.part]
        text = f"an app of mode {view.mode} has no sys.{name}; it has: {listed(resolved.known)}"
        yield _uses.told(node, reference, text, severity=_uses.mild(view, node, reference))
