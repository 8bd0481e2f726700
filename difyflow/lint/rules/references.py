"""Rules about references: what they name, and whether it has run by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from difyflow.lint import _uses
from difyflow.lint._names import listed, meant, nearest
from difyflow.lint._scopes import Stand
from difyflow.lint._variables import Fault, Resolved
from difyflow.lint.finding import SEVERITIES, Fix, Found, Severity
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


def _mild(view: View, node: NodeView, reference: Reference) -> Severity | None:
    """A reference in what never runs does no harm; an aggregator passes over what has no value."""
    if _uses.sleeps(node, reference):
        return "info"
    return "warning" if not view.is_reached(node) or node.kind in _uses.PATIENT else None


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
        yield _told(node, reference, text, fix=fix, severity=_mild(view, node, reference))


def _told(
    node: NodeView,
    reference: Reference,
    text: str,
    *,
    fix: Fix | None = None,
    severity: Severity | None = None,
) -> Found:
    return Found(
        _uses.place(node, reference),
        text,
        fix=fix,
        severity=severity,
        text=_uses.words(reference),
        start=reference.start,
    )


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
            selector = Selector((reference.selector[0], near, *reference.selector[2:]))
            fix = _uses.renamed(node, reference, selector, f"Refer to {near}")
        failed = name in ("error_message", "error_type")
        hint = "; it would with an error strategy" if failed else meant(name, resolved.known)
        text = f"{_uses.shown(reference.selector)}: {owner.title!r} ({owner.kind}) puts out no {name!r}{hint}"
        yield _told(node, reference, text, fix=fix, severity=_mild(view, node, reference))


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
        text = f"{before}{what} has no {name!r}{meant(name, resolved.known)}"
        yield _told(node, reference, text, severity=_mild(view, node, reference))


@rule("ref-not-upstream", severity="error")
def ref_not_upstream(view: View) -> Iterator[Found]:
    """A reference names a node that has not run by then.

    What it does:
        Finds references to nodes that never run, that run later, or that lie on another branch, so that never
        do both run. If they may run in any order, side by side, it is a warning; in a loop too, where the
        value of the round before may be meant.

    Why is it bad:
        There is no value, as with an unknown node.

    Example:
        ```yaml
        edges: [{source: start, target: a}, {source: a, target: b}]
        # a uses {{#b.text#}}
        ```

    Use instead:
        An edge so that the node runs before, or another variable.

    Dify:
        Every release; the editor's checklist marks it.
    """
    view.scopes.prepare(_pairs(view))
    for node, reference in view.references:
        resolved = view.resolve(reference.selector, node)
        owner = resolved.owner
        if resolved.fault is not None or owner is None or not view.is_reached(node):
            continue
        said = _late(view, view.stand(owner, node), owner)
        if said is not None:
            words, severity = said
            text = f"{_uses.shown(reference.selector)}: {owner.title!r} {words}"
            mild = _mild(view, node, reference)
            yield _told(node, reference, text, severity=_milder(severity, mild))


def _milder(one: Severity | None, other: Severity | None) -> Severity | None:
    """The milder of two severities; None is none of its own."""
    given = [item for item in (one, other) if item is not None]
    return max(given, key=SEVERITIES.index, default=None)


def _pairs(view: View) -> Iterator[tuple[NodeView, NodeView]]:
    for node, reference in view.references:
        owner = view.by_id.get(reference.selector.node_id)
        if owner is not None:
            yield owner, node


def _late(view: View, stand: Stand, owner: NodeView) -> tuple[str, Severity | None] | None:
    """What is wrong with the time at which a variable gets its value, and how bad that is."""
    match stand:
        case Stand.UNREACHED:
            return "never runs, and there is no value", None
        case Stand.AFTER if view.parent(owner) is None:
            return "runs after this node, and there is no value yet", None
        case Stand.AFTER:
            return "runs after this node: in the first round there is no value", "warning"
        case Stand.EXCLUSIVE:
            return "lies on another branch: never do both run, and there is no value", None
        case Stand.BESIDE:
            return "may run before or after this node: no way of edges leads from it to here", "warning"
        case Stand.ITSELF if not owner.data.CONTAINER:
            return "is this very node, and has no output yet", None
        case _:
            return None


@rule("ref-into-container", severity="warning")
def ref_into_container(view: View) -> Iterator[Found]:
    """A reference from outside names a node inside of a container.

    What it does:
        Finds references to nodes in an iteration or a loop from nodes outside of it, and to `item`, `index`
        and the like from outside.

    Why is it bad:
        The value is that of one round, of the last one at best; newer engines run each round on its own, and
        there is none. The editor offers only the outputs of the container.

    Example:
        ```yaml
        value_selector: [summary, text]   # summary lies in the iteration each
        ```

    Use instead:
        ```yaml
        value_selector: [each, output]
        ```

    Dify:
        Every release (graphon `gs`; the editor's checklist marks it).
    """
    for node, reference in view.references:
        resolved = view.resolve(reference.selector, node)
        owner = resolved.owner
        if owner is None or not view.is_reached(node) or _uses.sleeps(node, reference):
            continue
        if resolved.fault is Fault.OUTSIDE:
            known = listed(resolved.known)
            text = (
                f"{_uses.shown(reference.selector)} exists in {owner.title!r} only; outside there is: {known}"
            )
            yield _told(node, reference, text)
        elif resolved.fault is None and view.stand(owner, node) is Stand.INSIDE:
            home = view.parent(owner)
            text = (
                f"{_uses.shown(reference.selector)}: {owner.title!r} lies in {home.title if home else ''!r}; "
                "use an output of that"
            )
            yield _told(node, reference, text)


@rule("ref-may-be-missing", severity="info")
def ref_may_be_missing(view: View) -> Iterator[Found]:
    """A branch may pass by the node that a reference names.

    What it does:
        Finds references to nodes that run in some runs only, from nodes that run in others too.

    Why is it bad:
        In the other runs there is no value: a model node fails, an end node puts out null.

    Example:
        ```yaml
        # classify -> a -> end, classify -> b -> end; end puts out {{#a.text#}} and {{#b.text#}}
        ```

    Use instead:
        A `variable-aggregator` that takes whichever has a value.

    Dify:
        Every release.
    """
    for node, reference in view.references:
        owner = view.by_id.get(reference.selector.node_id)
        if owner is None or node.kind in (*_uses.PATIENT, "end", "answer") or _uses.sleeps(node, reference):
            continue
        if view.is_reached(node) and view.stand(owner, node) is Stand.SKIPPED:
            said = f"a branch may pass {owner.title!r} by, and then there is no value"
            text = f"{_uses.shown(reference.selector)}: {said}"
            yield _told(node, reference, text)


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
        yield _told(
            node, reference, f"[{name}] names no variable{hint}", severity=_mild(view, node, reference)
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


def _special(view: View, fault: Fault, what: str) -> Iterator[Found]:
    for node, reference, resolved in _faulty(view, fault):
        name = reference.selector.variable
        near = nearest(name, resolved.known)
        fix = None
        if near is not None:
            selector = Selector((reference.selector[0], near, *reference.selector[2:]))
            fix = _uses.renamed(node, reference, selector, f"Refer to {near}")
        text = f"there is no {what} {name!r}{meant(name, _known(resolved.known))}"
        yield _told(node, reference, text, fix=fix, severity=_mild(view, node, reference))


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
        yield _told(node, reference, text, severity=_mild(view, node, reference))


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
        yield _told(node, reference, text, severity=_mild(view, node, reference))
