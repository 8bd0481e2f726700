"""YAML text to data, with limits and with errors that say where and how to mend."""

from __future__ import annotations

import codecs
import re
from typing import Final

import yaml
from yaml.error import YAMLError
from yaml.nodes import Node, ScalarNode, SequenceNode

from difyflow.dsl._yaml import _faults, _limits
from difyflow.dsl._yaml._build import Builder
from difyflow.dsl._yaml._marks import Composed, make
from difyflow.dsl._yaml._tags import MAP, SEQ, STR, implicit_tag

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_DISPUTED: Final = ("tab character where an indentation space", "found unexpected ':'", "unknown directive")
"""What libyaml refuses and PyYAML's own parser, which Dify uses, may take; found by comparing them."""

_SECOND_OPINION: Final = 1024 * 1024
"""Longest text, in characters, that PyYAML's own parser (a tenth as fast) is asked about."""

_ALIAS: Final = re.compile(r"(?:^|[\s,\[{:?\ufeff])\*[0-9A-Za-z_-]")
"""Every alias of a valid text matches this; so do a few words of prompts."""


def compose(source: str | bytes, *, name: str, max_bytes: int = _limits.MAX_BYTES) -> Composed:
    """Read one YAML document, keeping where everything stands.

    The data equals `yaml.safe_load(source)` in value and type; only aliased containers are separate
    objects here. What PyYAML's two parsers disagree about (a tab after a value, say) is read if one of
    them reads it.

    Args:
        source: text, or bytes in UTF-8 or, with a byte order mark, UTF-16.
        name: the file or other source, for messages.
        max_bytes: longest input, in bytes of UTF-8.

    Raises:
        ReadError: with `path`, `hint` and, where known, `line`. Its `code` is one of `too-large`,
            `wrong-encoding`, `control-character`, `yaml-syntax`, `yaml-empty`, `yaml-documents`,
            `undefined-alias`, `recursive-alias`, `alias-bomb`, `too-deep`, `too-many-values`, `yaml-tag`,
            `yaml-key`, `yaml-value`.
    """
    text, encoding = _decoded(source, name, max_bytes)
    try:
        root = _parsed(text, name, max_bytes)
        if "&" in text and _ALIAS.search(text):
            _limits.check_aliases(root, name=name, max_chars=max_bytes)
        data = Builder(name=name).value(root)
    except RecursionError as err:
        raise _limits.too_deep(name, None) from err
    return make(name, text, encoding, data=data, root=root)


def load(source: str | bytes, *, name: str, max_bytes: int = _limits.MAX_BYTES) -> object:
    """The data of one YAML document; for files of which nobody asks where a value stands.

    Args:
        source: as for `compose`.
        name: the file or other source, for messages.
        max_bytes: longest input, in bytes of UTF-8.

    Raises:
        ReadError: as `compose`.
    """
    return compose(source, name=name, max_bytes=max_bytes).data


def _decoded(source: str | bytes, name: str, max_bytes: int) -> tuple[str, str]:
    """The text and the encoding that turns it back into the same bytes."""
    if len(source) > max_bytes:
        raise _faults.too_large(name, max_bytes)
    if isinstance(source, str):
        return source, "utf-8"
    if source.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise _faults.wrong_encoding(name, "the file is UTF-32")
    encoding = "utf-8"
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if source.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    try:
        return source.decode(encoding), encoding
    except UnicodeDecodeError as err:
        raise _faults.undecodable(name, source, err) from err


def _parsed(text: str, name: str, max_bytes: int) -> Node:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as err:
        raise _faults.control_character(name, text) from err
    if len(encoded) > max_bytes:
        raise _faults.too_large(name, max_bytes)
    try:
        root = _single_node(_Loader(encoded), name)
    except YAMLError as err:
        root = _second_opinion(text, name, err)
        if root is None:
            raise _faults.syntax(name, text, err) from err
    if root is None:
        raise _faults.empty(name)
    return root


def _second_opinion(text: str, name: str, err: YAMLError) -> Node | None:
    """What PyYAML's own parser makes of a text that libyaml refuses with `err`; None if it refuses it too."""
    problem = str(getattr(err, "problem", ""))
    if not yaml.__with_libyaml__ or len(text) > _SECOND_OPINION:
        return None
    if not any(words in problem for words in _DISPUTED):
        return None
    try:
        return _single_node(yaml.SafeLoader(text), name)
    except YAMLError:
        return None


def _line(node: Node | None) -> int | None:
    return None if node is None else node.start_mark.line + 1


def _single_node(loader: yaml.CSafeLoader | yaml.SafeLoader, name: str) -> Node | None:
    """Compose with a loader whose hooks count, and resolve tags faster than PyYAML's.

    Both parsers call these three for every node. As plain functions they take three quarters of the time
    that methods would.
    """
    depth = 0
    left = _limits.MAX_VALUES
    tags: dict[str, str] = {}

    def descend(parent: Node | None, _index: object) -> None:
        nonlocal depth, left
        depth += 1
        left -= 1
        if depth > _limits.MAX_DEPTH:
            raise _limits.too_deep(name, _line(parent))
        if left < 0:
            raise _limits.too_many_values(name, _line(parent))

    def ascend() -> None:
        nonlocal depth
        depth -= 1

    def resolve(kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is not ScalarNode:
            return SEQ if kind is SequenceNode else MAP
        if not implicit[0]:
            return STR
        tag = tags.get(value)
        if tag is None:
            tag = tags[value] = implicit_tag(value)
        return tag

    loader.descend_resolver = descend  # type: ignore[method-assign, assignment]  # the hook, see above
    loader.ascend_resolver = ascend  # type: ignore[method-assign]  # the hook, see above
    loader.resolve = resolve  # type: ignore[method-assign]  # the hook, see above
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()
