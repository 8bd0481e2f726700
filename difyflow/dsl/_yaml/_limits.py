"""How much one YAML text may hold, and the check of what its aliases expand to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode

from difyflow.errors import ReadError

MAX_BYTES: Final = 64 * 1024 * 1024
"""Largest input by default, in bytes; also the most characters that aliases may expand to."""

MAX_DEPTH: Final = 200
"""Deepest nesting. The deepest public DSL file has 15; pydantic and Python's stack end not far above 200."""

MAX_VALUES: Final = 2_000_000
"""Most values (mappings, lists, keys and scalars) in one text, aliases expanded."""

_FREE_VALUES: Final = 500_000
"""Up to this many expanded values nobody asks how few were written."""

_MAX_RATIO: Final = 100
"""Above that, most expanded values per value written."""

_BOMB_HINT: Final = "write the repeated part out, or remove the anchors (&) and aliases (*)"


def too_deep(name: str, line: int | None) -> ReadError:
    """The error for nesting beyond `MAX_DEPTH`."""
    return ReadError(
        f"nested more than {MAX_DEPTH} levels deep",
        code="too-deep",
        path=name,
        line=line,
        hint="no Dify file nests like this; look for unclosed brackets",
    )


def too_many_values(name: str, line: int | None) -> ReadError:
    """The error for more than `MAX_VALUES` values."""
    return ReadError(
        f"more than {MAX_VALUES:,} values",
        code="too-many-values",
        path=name,
        line=line,
        hint="split the file",
    )


class _Weight(NamedTuple):
    values: int
    chars: int
    depth: int


@dataclass(frozen=True, slots=True)
class _Scale:
    """Weighs each node once, however often it is aliased."""

    name: str
    max_chars: int
    known: dict[int, _Weight | None]

    def weigh(self, node: Node) -> _Weight:
        key = id(node)
        if key in self.known:
            weight = self.known[key]
            if weight is None:
                raise self._error(node, "an alias that contains itself", "recursive-alias")
            return weight
        if isinstance(node, ScalarNode):
            weight = _Weight(1, len(node.value), 0)
        else:
            self.known[key] = None
            weight = self._sum(node)
            self._check(node, weight)
        self.known[key] = weight
        return weight

    def _sum(self, node: Node) -> _Weight:
        values, chars, depth = 1, 0, 0
        children = (part for pair in node.value for part in pair) if _is_mapping(node) else node.value
        for child in children:
            weight = self.weigh(child)
            values += weight.values
            chars += weight.chars
            depth = max(depth, weight.depth)
        return _Weight(values, chars, depth + 1)

    def _check(self, node: Node, weight: _Weight) -> None:
        if weight.depth > MAX_DEPTH:
            raise too_deep(self.name, node.start_mark.line + 1)
        if weight.values > MAX_VALUES:
            raise self._error(node, f"its aliases expand to more than {MAX_VALUES:,} values")
        if weight.values > _FREE_VALUES and weight.values > _MAX_RATIO * len(self.known):
            message = f"its aliases expand {len(self.known):,} values to {weight.values:,}"
            raise self._error(node, message)
        if weight.chars > self.max_chars:
            raise self._error(node, f"its aliases expand to more than {self.max_chars:,} characters")

    def _error(self, node: Node, message: str, code: str = "alias-bomb") -> ReadError:
        return ReadError(message, code=code, path=self.name, line=node.start_mark.line + 1, hint=_BOMB_HINT)


def _is_mapping(node: Node) -> bool:
    return isinstance(node, MappingNode)


def check_aliases(root: Node, *, name: str, max_chars: int) -> None:
    """Refuse a node tree whose aliases make it endless or far larger than it looks.

    Takes time in proportion to what is written, not to what it expands to. Relies on PyYAML composing an
    anchor before its aliases, so the recursion is never deeper than the text nests.

    Raises:
        ReadError: `recursive-alias`, `alias-bomb` or `too-deep`.
    """
    _Scale(name, max_chars, {}).weigh(root)
