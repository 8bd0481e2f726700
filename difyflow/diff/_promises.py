"""Whether two documents ask for and put out the same for sure, told without the classes of their nodes.

Most changes are in prompts, settings of models, code, titles and layout, and git waits for each answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    if not all(old.variables(root) <= new.variables(root) for root in NAMESPACES):
        return False
    if not _kept_in_order(old, new):
        return False
    gone = old.nodes.keys() - new.nodes.keys()
    return (
        all(_may_go(old.nodes[name]) for name in gone)
        and (not gone or all(gone.isdisjoint(new.roots_of(name)) for name in new.nodes))
        and all(_says_the_same(name, old, new) for name in _changed(old, new))
    )


def _kept_in_order(old: Side, new: Side) -> bool:
    """Whether the nodes of both come in one order: of two outputs of one name the first one counts."""
    return [name for name in old.nodes if name in new.nodes] == [
        name for name in new.nodes if name in old.nodes
    ]


def _changed(old: Side, new: Side) -> Iterator[str]:
    """The nodes that came, and those whose data or kind is another."""
    for name, node in new.nodes.items():
        was = old.nodes.get(name)
        if was is None or was.get("type") != node.get("type") or not same(was.get("data"), node.get("data")):
            yield name


def _may_go(node: Mapping[str, Any]) -> bool:
    """Whether the app neither asks for nor puts out anything at this node."""
    known = _known(node)
    return known is not None and not known.asks and not known.puts_out


def _says_the_same(name: str, old: Side, new: Side) -> bool:
    node, was = new.nodes[name], old.nodes.get(name)
    if was is None:
        known_before: frozenset[tuple[str, ...]] = frozenset()
        alike = _may_go(node)
    else:
        known_before = old.selectors_of(name)
        known = _known(node)
        alike = known is not None and known == _known(was) and known.answers_alike(was["data"], node["data"])
    return alike and all(
        selector in known_before or _is_there(selector, new) for selector in new.selectors_of(name)
    )


def _known(node: Mapping[str, Any]) -> Plain | None:
    return plain(node.get("type"), node.get("data"))


def _is_there(selector: tuple[str, ...], side: Side) -> bool:
    """Whether a reference leads to a variable for sure; one that is not finished is no fault."""
    if len(selector) < 2 or selector[0] == "sys":
        return True
    return selector[0] in NAMESPACES and selector[1] in side.variables(selector[0])
