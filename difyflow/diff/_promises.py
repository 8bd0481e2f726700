"""What two documents ask for and put out alike for sure, told without the classes of their nodes.

Most changes are in prompts, settings of models, code, titles and layout, and git waits for each answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from difyflow.diff._sides import NAMESPACES, Side
from difyflow.diff._values import same
from difyflow.nodes._plain import Plain, plain


def promises_stay(old: Side, new: Side) -> bool:
    """True if no input, output or reference of the old document breaks in the new one, for sure.

    So it is if what a node says of itself depends on no changed key, and nothing is referred to that was not
    before, but variables whose list says that they are there. Then whatever a reference leads to is the same
    in both, or nobody refers to it.

    Args:
        old: with its nodes renamed as in the new one.
        new: the new one.
    """
    others = changed_answers(old, new)
    return not (inputs_may_differ(old, new, others) or outputs_may_differ(old, new, others)) and all(
        not may_dangle(name, old, new, others) for name in new.nodes
    )


def changed_answers(old: Side, new: Side) -> frozenset[str]:
    """The nodes that came or went, or may say something else of themselves than before."""
    return frozenset(name for name in {*old.nodes, *new.nodes} if not _answers_alike(name, old, new))


def _answers_alike(name: str, old: Side, new: Side) -> bool:
    was, now = old.nodes.get(name), new.nodes.get(name)
    if was is None or now is None:
        return False
    if was.get("type") == now.get("type") and same(was.get("data"), now.get("data")):
        return True
    known = _known(now)
    return known is not None and known == _known(was) and known.answers_alike(was["data"], now["data"])


def inputs_may_differ(old: Side, new: Side, changed: Iterable[str]) -> bool:
    """Whether the app may ask for something else, where these nodes say something else."""
    return not _kept_in_order(old, new) or any(
        may_ask(node) for name in changed for node in _versions(name, old, new)
    )


def outputs_may_differ(old: Side, new: Side, changed: AbstractSet[str]) -> bool:
    """Whether the app may put out something else, or values of other types."""
    if not _kept_in_order(old, new):
        return True
    if any(may_put_out(node) for name in changed for node in _versions(name, old, new)):
        return True
    return any(
        may_put_out(node) and not changed.isdisjoint(new.roots_of(name)) for name, node in new.nodes.items()
    )


def may_dangle(name: str, old: Side, new: Side, changed: AbstractSet[str]) -> bool:
    """Whether a reference of a node of the new document may lead nowhere that did not before.

    One to the same variable of a node that says the same of itself does not, nor does one that is there.
    """
    now = new.selectors_of(name)
    before = old.selectors_of(name)
    return any(
        not _is_there(item, new) and (item not in before or item[0] in changed or item[0] in NAMESPACES)
        for item in now
    )


def _kept_in_order(old: Side, new: Side) -> bool:
    """Whether the nodes of both come in one order: of two outputs of one name the first one counts."""
    return [name for name in old.nodes if name in new.nodes] == [
        name for name in new.nodes if name in old.nodes
    ]


def may_ask(node: Mapping[str, Any]) -> bool:
    """Whether the app may ask for inputs at a node."""
    known = _known(node)
    return known is None or known.asks


def may_put_out(node: Mapping[str, Any]) -> bool:
    """Whether the app may put out something at a node."""
    known = _known(node)
    return known is None or known.puts_out


def _versions(name: str, old: Side, new: Side) -> Iterator[Mapping[str, Any]]:
    """A node in the documents that have it."""
    yield from (side.nodes[name] for side in (old, new) if name in side.nodes)


def _known(node: Mapping[str, Any]) -> Plain | None:
    return plain(node.get("type"), node.get("data"))


def _is_there(selector: tuple[str, ...], side: Side) -> bool:
    """Whether a reference leads to a variable for sure; one that is not finished is no fault."""
    if len(selector) < 2 or selector[0] == "sys":
        return True
    return selector[0] in NAMESPACES and selector[1] in side.variables(selector[0])
