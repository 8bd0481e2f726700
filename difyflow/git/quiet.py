"""Whether two sides of a merge can break a rule of the linter together, told without asking the linter.

The linter takes longer to load than all else that git waits for. And two people seldom edit what one rule
looks at: one moves nodes, tunes a model or words a prompt, the other builds. No rule for errors reads where a
node is drawn, what describes it, the parameters of its model, or what a prompt says besides its braces as
long as it says something. Code and Jinja templates are read together with the rest of their node alone, and
with whether and in which Dify it runs. `tests/git/test_quiet.py` holds this against all rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from difyflow.diff.changes import Added, Change, Changed, Key, Path, Removed, Renamed
from difyflow.diff.compare import compare, graph_list
from difyflow.nodes._plain import Plain, plain

_NODES: Final = ("workflow", "graph", "nodes")
_VIEWPORT: Final = ("workflow", "graph", "viewport")
_EDITOR: Final = frozenset(("selected", "dragging", "zIndex"))
_DRAWN: Final = frozenset((*_EDITOR, "position", "positionAbsolute", "width", "height"))
_PARAMETERS: Final = ("model", "completion_params")
_PLACEHOLDER: Final = re.compile(r"(\{\{#[A-Za-z0-9_.]+#\}\})")
_BRACE: Final = re.compile("[{}]")


def cannot_clash(
    base: Mapping[str, object], ours: Mapping[str, object], theirs: Mapping[str, object]
) -> bool:
    """True if what is made of both sides' edits has no error that neither side has, for sure."""
    one, other = compare(base, ours).changes, compare(base, theirs).changes
    if any(isinstance(edit, Renamed) for edit in (*one, *other)):
        return False
    return _Edits(base).are_apart(one, other)


class _Edits:
    """Tells edits of a document apart by what may come of them."""

    def __init__(self, base: Mapping[str, object]) -> None:
        self._nodes: dict[str, Plain | None] = {}
        for node in graph_list(base, "nodes"):
            if isinstance(node, dict) and isinstance(name := node.get("id"), str):
                again = name in self._nodes
                self._nodes[name] = None if again else plain(node.get("type"), node.get("data"))

    def are_apart(self, one: Sequence[Change], other: Sequence[Change]) -> bool:
        """Whether no edit meets one of the other side, and not both sides have some that others may meet."""
        if any(self._meets(edit, other) for edit in one) or any(self._meets(edit, one) for edit in other):
            return False
        if all(map(self._is_quiet, one)) or all(map(self._is_quiet, other)):
            return True
        return all(self._is_quiet(edit) or self._is_program(edit) for edit in (*one, *other))

    def _is_quiet(self, edit: Change) -> bool:
        """Whether no error depends on an edit, whatever else there is."""
        return _is_drawn(edit) or _is_parameter(edit) or _is_description(edit) or self._is_prose(edit)

    def _is_prose(self, edit: Change) -> bool:
        """Whether the words of a text are others, and it has the same references and other braces."""
        known, inside = self._known(edit), _inside(edit)
        if known is None or inside[:1] == () or inside[0] not in known.prose:
            return False
        return inside[-1] in ("text", inside[0]) and _is_reworded(edit)

    def _is_program(self, edit: Change) -> bool:
        known, inside = self._known(edit), _inside(edit)
        if known is None or len(inside) != 1 or inside[0] not in known.program:
            return False
        match edit:
            case Changed(_, str(), str()):
                return True
            case _:
                return False

    def _meets(self, edit: Change, others: Sequence[Change]) -> bool:
        """Whether the other side has edited the same text or what it lies in; for a program, all its node."""
        path = _path(edit)
        if _is_parameter(edit):
            return any(_path(other) == path[: len(_path(other))] for other in others if len(_path(other)) < 8)
        program = self._is_program(edit)
        if program or _is_description(edit) or self._is_prose(edit):
            end = 4 if program else len(path)
            return any(_along(path[:end], _path(other)) for other in others if not _is_drawn(other))
        return False

    def _known(self, edit: Change) -> Plain | None:
        """What is known of the node in which an edit is; None if it is in none, or of no type we know."""
        match _path(edit)[3] if _inside(edit) else None:
            case Key("id", str(name)):
                return self._nodes.get(name)
            case _:
                return None


def _is_drawn(edit: Change) -> bool:
    """Whether something is drawn at another place, in another size, or on top."""
    path = _path(edit)
    key = path[5:6] if path[4:5] == ("data",) else path[4:5]
    match edit:
        case Changed(_, before, after) if _is_measure(before) and _is_measure(after):
            return path[:3] == _VIEWPORT or (path[:3] == _NODES and key[:1] != () and key[0] in _DRAWN)
        case Added(_, value, _) | Removed(_, value):
            return path[:3] == _NODES and len(key) == 1 and key[0] in _EDITOR and _is_measure(value)
        case _:
            return False


def _is_measure(value: object) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


def _is_parameter(edit: Change) -> bool:
    inside = _inside(edit)
    return inside[:2] == _PARAMETERS and len(inside) > 2


def _is_description(edit: Change) -> bool:
    if _inside(edit) != ("desc",):
        return False
    match edit:
        case Changed(_, str(), str()) | Added(_, str(), _) | Removed(_, str()):
            return True
        case _:
            return False


def _is_reworded(edit: Change) -> bool:
    match edit:
        case Changed(_, str(before), str(after)) if before.strip() and after.strip():
            one, other = _PLACEHOLDER.split(before), _PLACEHOLDER.split(after)
            return len(one) == len(other) and all(
                was == now or (place % 2 == 0 and not _BRACE.search(was + now))
                for place, (was, now) in enumerate(zip(one, other, strict=True))
            )
        case _:
            return False


def _along(one: Path, other: Path) -> bool:
    """Whether one of two paths leads to what lies on the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _path(edit: Change) -> Path:
    return () if isinstance(edit, Renamed) else edit.path


def _inside(edit: Change) -> Path:
    """Where in the data of a node an edit is; empty for other places."""
    path = _path(edit)
    return path[5:] if path[:3] == _NODES and path[4:5] == ("data",) else ()
