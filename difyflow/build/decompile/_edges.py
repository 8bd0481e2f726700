"""Edges as a person writes them: `a >> b >> c`, `a >> (b, c)`, `(b, c) >> d`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from difyflow.build import _python as py

MOST = 4
"""Nodes side by side in one line."""

Way = tuple[str, str]
"""A node and the handle at which it is left."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge that `>>` says: ids of nodes, and the handle at which the source is left."""

    source: str
    handle: str
    target: str


def arrows(found: Sequence[Arrow], names: Callable[[str, str], str], *, indent: int = 0) -> Iterator[str]:
    """A line or more for these edges.

    Args:
        found: in the order in which their sources are written.
        names: the expression for a node and a way out of it; for its target the handle is empty.
        indent: steps of four columns.
    """
    room = py.WIDTH - 4 * indent
    for chain in _joined(list(_chains(found, names, room))):
        steps = [_step(step, names) for step in chain]
        if len(steps) == 2 and any(py.columns(step) + 4 + 4 * indent > py.WIDTH for step in steps):
            yield from _long(chain, names, indent)
        else:
            yield py.chain(steps, indent=indent)


Step = tuple[Way, ...]
"""One node, or several side by side."""


def _chains(found: Sequence[Arrow], names: Callable[[str, str], str], room: int) -> Iterator[list[Step]]:
    """Goes from each source as far as it leads."""
    left: dict[Way, list[str]] = {}
    for arrow in found:
        left.setdefault((arrow.source, arrow.handle), []).append(arrow.target)
    while left:
        chain: list[Step] = [_heads(left)]
        length = py.columns(_step(chain[0], names))
        while chain and (targets := _following(chain[-1], left)):
            step = tuple((target, "") for target in targets)
            wide = py.columns(_step(step, names)) + 4
            if len(chain) > 1 and length + wide > room:
                break
            fits = length + wide <= room or len(targets) == 1
            taken = targets if fits else targets[:1]
            for node in chain[-1]:
                _take(left, node, taken)
            chain.append(tuple((target, "") for target in taken))
            length += wide
            if not fits:
                break
        yield chain


def _heads(left: dict[Way, list[str]]) -> Step:
    """The first way, with others that lead to the same node and that nothing leads to."""
    way = next(iter(left))
    if way[1] != "source" or len(left[way]) != 1:
        return (way,)
    entered = {target for targets in left.values() for target in targets}
    beside = (other for other, targets in left.items() if other[1] == "source" and targets == left[way])
    free = [other for other in beside if other[0] not in entered]
    return tuple(free[:MOST]) if way in free else (way,)


def _following(step: Step, left: dict[Way, list[str]]) -> list[str]:
    """Where all nodes of a step lead, if that is the same for all."""
    ways = [(node, handle or "source") for node, handle in step]
    targets = left.get(ways[0], [])
    if len(ways) == 1:
        return targets
    same = len(targets) == 1 and all(left.get(way) == targets for way in ways)
    return targets if same else []


def _take(left: dict[Way, list[str]], node: Way, targets: Sequence[str]) -> None:
    way = (node[0], node[1] or "source")
    rest = left[way][len(targets) :]
    if rest:
        left[way] = rest
    else:
        del left[way]


def _joined(chains: Sequence[list[Step]]) -> list[list[Step]]:
    """Neighbours that are one step to one and the same node become `(b, c) >> d`."""
    done: list[list[Step]] = []
    for chain in chains:
        before = done[-1] if done else []
        if _is_plain(chain) and _is_plain(before) and before[1] == chain[1] and len(before[0]) < MOST:
            done[-1] = [(*before[0], *chain[0]), chain[1]]
        else:
            done.append(chain)
    return done


def _is_plain(chain: list[Step]) -> bool:
    return len(chain) == 2 and len(chain[1]) == 1 and all(handle == "source" for _, handle in chain[0])


def _step(step: Step, names: Callable[[str, str], str]) -> str:
    shown = [names(*way) for way in step]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _long(chain: list[Step], names: Callable[[str, str], str], indent: int) -> Iterator[str]:
    """A step that is too wide for a line even alone: a call for each edge."""
    for source, handle in chain[0]:
        for target, _ in chain[1]:
            args = (py.Raw(names(source, "")), py.Raw(names(target, "")))
            more = {"handle": py.literal(handle)} if handle != "source" else {}
            yield py.statement("", py.Call("flow.connect", args, more), indent=indent)
