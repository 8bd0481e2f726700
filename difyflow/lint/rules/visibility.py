"""Rules about references to what exists, but has no value yet, or none that can be seen from there."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint import _uses
from difyflow.lint._names import listed
from difyflow.lint._scopes import Stand
from difyflow.lint._variables import Fault
from difyflow.lint.finding import SEVERITIES, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


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
            mild = _uses.mild(view, node, reference)
            yield _uses.told(node, reference, text, severity=_milder(severity, mild))


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
            yield _uses.told(node, reference, text)
        elif resolved.fault is None and view.stand(owner, node) is Stand.INSIDE:
            home = view.parent(owner)
            text = (
                f"{_uses.shown(reference.selector)}: {owner.title!r} lies in {home.title if home else ''!r}; "
                "use an output of that"
            )
            yield _uses.told(node, reference, text)


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
            yield _uses.told(node, reference, text)
