"""Composed nodes to plain data, equal in value and type to what `yaml.safe_load` gives.

Faster than PyYAML's constructor for the tags that DSL files are made of; its own methods do the rest. An
aliased mapping or list is built anew at each alias, so no two places of the data share an object.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from difyflow.dsl._yaml._tags import (
    BOOL,
    FLOAT,
    INT,
    MAP,
    MERGE,
    NULL,
    OMAP,
    PAIRS,
    SEQ,
    SET,
    STR,
    VALUE,
)
from difyflow.errors import ReadError

_MAX_DIGITS: Final = 4300
"""Python itself writes no longer integer (sys.int_info.default_max_str_digits)."""

_MAX_BITS: Final = 14_284
"""Bits of the largest integer with that many digits."""

_WRONG_VALUE: Final = (ConstructorError, ValueError, LookupError, AttributeError, OverflowError)
"""What PyYAML's constructors raise on text that does not fit its tag."""


class Builder:
    """Builds the data of one document.

    Args:
        name: the file or other source, for messages.
    """

    __slots__ = ("_flat", "_name")

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._flat: dict[int, MappingNode] = {}

    def value(self, node: Node) -> object:
        """The data of `node`.

        Raises:
            ReadError: `yaml-tag`, `yaml-key` or `yaml-value`, with the line.
        """
        tag = node.tag
        if isinstance(node, ScalarNode):
            if tag == STR:
                return node.value
            fast = _SCALARS.get(tag)
            data = fast(node.value) if fast is not None else _UNKNOWN
            return self._rare(node) if data is _UNKNOWN else data
        if tag == MAP and isinstance(node, MappingNode):
            return self._mapping(node)
        if tag == SEQ and isinstance(node, SequenceNode):
            return [self.value(item) for item in node.value]
        return self._rare(node)

    def key(self, node: Node) -> Hashable:
        """The data of `node`, which stands as a key.

        Raises:
            ReadError: as `value`; `yaml-key` if it cannot be a key.
        """
        if node.tag == VALUE:
            # PyYAML reads the key `=` as text, though it refuses the value `=`.
            return str(node.value)
        key = self.value(node)
        if not isinstance(key, Hashable):
            message = "a list or mapping cannot be a key"
            raise self._error(node, message, "yaml-key", "quote it if it is text, such as '{{#node.text#}}'")
        return key

    def pairs(self, node: MappingNode) -> list[tuple[Node, Node]]:
        """The key and value nodes of a mapping, with what `<<` merges into it; the last of a key wins."""
        pairs: list[tuple[Node, Node]] = node.value
        if any(key.tag == MERGE for key, _ in pairs):
            pairs = self._flattened(node).value
        return pairs

    def _mapping(self, node: MappingNode) -> dict[Hashable, object]:
        data: dict[Hashable, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == STR and isinstance(key_node, ScalarNode):
                key = key_node.value
            elif key_node.tag == MERGE:
                return self._mapping(self._flattened(node))
            else:
                key = self.key(key_node)
            if value_node.tag == STR and isinstance(value_node, ScalarNode):
                data[key] = value_node.value
            else:
                data[key] = self.value(value_node)
        return data

    def _flattened(self, node: MappingNode) -> MappingNode:
        """A copy of `node` with its merge keys resolved by PyYAML, whose method changes what it is given."""
        known = self._flat.get(id(node))
        if known is not None:
            return known
        copy = MappingNode(MAP, [], node.start_mark, node.end_mark)
        copy.value = [
            (key, self._merge_source(value) if key.tag == MERGE else value)
            for key, value in self._as_text(node)
        ]
        try:
            SafeConstructor().flatten_mapping(copy)
        except ConstructorError as err:
            hint = "after `<<:` write an alias of a mapping, or a list of such aliases"
            message = "`<<` merges something that is no mapping"
            raise self._error(node, message, "yaml-value", hint) from err
        self._flat[id(node)] = copy
        return copy

    def _as_text(self, node: MappingNode) -> list[tuple[Node, Node]]:
        """The pairs of `node`; a key `=` becomes a copy, since PyYAML would change its tag."""
        return [
            (ScalarNode(STR, key.value, key.start_mark, key.end_mark) if key.tag == VALUE else key, value)
            for key, value in node.value
        ]

    def _merge_source(self, node: Node) -> Node:
        if isinstance(node, MappingNode):
            return self._flattened(node)
        if isinstance(node, SequenceNode):
            items = [self._flattened(item) if isinstance(item, MappingNode) else item for item in node.value]
            return SequenceNode(node.tag, items, node.start_mark, node.end_mark)
        return node

    def _rare(self, node: Node) -> object:
        if node.tag == SET and isinstance(node, MappingNode):
            return set(self._mapping(node))
        if node.tag in (OMAP, PAIRS) and isinstance(node, SequenceNode):
            return [self._single_pair(item) for item in node.value]
        if node.tag in (MERGE, VALUE):
            message = f"the text {node.value} has a meaning of its own"
            raise self._error(node, message, "yaml-value", f"quote it: '{node.value}'")
        if node.tag not in SafeConstructor.yaml_constructors:
            shown = node.tag.replace("tag:yaml.org,2002:", "!!")
            hint = "remove the tag; quote the text if it was not meant as a tag"
            raise self._error(node, f"unknown tag {shown}", "yaml-tag", hint)
        try:
            if isinstance(node, ScalarNode) and len(node.value) > _MAX_DIGITS and node.tag in (INT, FLOAT):
                raise ValueError("too many digits")
            data: object = SafeConstructor().construct_object(node, deep=True)
            if isinstance(data, int) and data.bit_length() > _MAX_BITS:
                raise ValueError("too many digits")
        except _WRONG_VALUE as err:
            shown = node.tag.removeprefix("tag:yaml.org,2002:")
            hint = "quote it if it is meant as text"
            raise self._error(node, f"no valid {shown}", "yaml-value", hint) from err
        return data

    def _single_pair(self, node: Node) -> tuple[object, object]:
        if not isinstance(node, MappingNode) or len(node.value) != 1:
            message = "!!omap and !!pairs take a list of mappings with one key each"
            raise self._error(node, message, "yaml-value", "write one `- key: value` per pair")
        key, value = node.value[0]
        return self.value(key), self.value(value)

    def _error(self, node: Node, message: str, code: str, hint: str) -> ReadError:
        return ReadError(message, code=code, path=self._name, line=node.start_mark.line + 1, hint=hint)


_UNKNOWN: Final = object()


def _int(text: str) -> object:
    if text == "0":
        return 0
    if text.isdecimal() and text[0] != "0" and len(text) <= _MAX_DIGITS:
        return int(text)
    return _UNKNOWN


def _float(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        # `.inf`, `1:30.5` and the like are PyYAML's to read.
        return _UNKNOWN


def _bool(text: str) -> object:
    return SafeConstructor.bool_values.get(text.lower(), _UNKNOWN)


def _null(_text: str) -> object:
    return None


_SCALARS: Final[dict[str, Callable[[str], object]]] = {INT: _int, FLOAT: _float, BOOL: _bool, NULL: _null}
