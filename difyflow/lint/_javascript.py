"""What the source of a JavaScript code node says of itself; read with the parser of `difyflow[javascript]`.

The only door to tree-sitter. Without the extra there is no answer, and the rules say nothing of JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from difyflow.lint._python import Main, Return, Source, Spot

if TYPE_CHECKING:
    from tree_sitter import Node, Parser


@cache
def _parser() -> Parser | None:
    if find_spec("tree_sitter") is None or find_spec("tree_sitter_javascript") is None:
        return None
    import tree_sitter
    import tree_sitter_javascript

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


@lru_cache(maxsize=256)
def read(code: str) -> Source | None:
    """Parses a source; None if the parser is not installed."""
    parser = _parser()
    if parser is None:
        return None
    root = parser.parse(code.encode("utf-8", "replace")).root_node
    if root.has_error:
        return Source(fault=_fault(root))
    found = [item for item in root.named_children if _text(item.child_by_field_name("name")) == "main"]
    hidden = False
    for item in root.named_children:
        if item.type in ("lexical_declaration", "variable_declaration"):
            found += [
                value
                for part in item.named_children
                if _text(part.child_by_field_name("name")) == "main"
                and (value := part.child_by_field_name("value")) is not None
            ]
        elif item.type == "expression_statement" and b"main" in (item.text or b""):
            hidden = hidden or item.named_children[0].type == "assignment_expression"
    if hidden or not found:
        return Source(hidden=hidden)
    made = _main(found[-1])
    return Source(main=made, hidden=made is None)


def _fault(root: Node) -> Spot:
    """The innermost place that the parser could not read."""
    place = root
    while True:
        inner = next((item for item in place.children if item.has_error or item.is_missing), None)
        if inner is None:
            break
        place = inner
    row, column = place.start_point
    what = f"{place.type!r} is missing" if place.is_missing else f"{_text(place)[:30]!r} is not understood"
    return Spot(what, row + 1, column + 1)


def _main(function: Node) -> Main | None:
    """The function `main`; None if its value is no function that is written out."""
    kinds = (
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "arrow_function",
    )
    if function.type not in kinds:
        return None
    body = function.child_by_field_name("body")
    if body is None:
        return None
    names, takes_any = _parameters(function)
    inside = list(_inside(body))
    if body.type == "statement_block":
        found = [(item, item.start_point[0] + 1) for item in inside if item.type == "return_statement"]
        returns = tuple(
            made
            for item, line in found
            for made in _returns(item.named_children[0] if item.named_children else None, line)
        )
        falls_through = not found
    else:
        returns = tuple(_returns(body, body.start_point[0] + 1))
        falls_through = False
    return Main(
        line=function.start_point[0] + 1,
        required=(),
        positional=(),
        accepts=frozenset(names),
        takes_any=takes_any,
        returns=returns,
        falls_through=falls_through and not any(item.type == "throw_statement" for item in inside),
        is_async=any(item.type == "async" for item in function.children),
        yields=function.type == "generator_function_declaration",
    )


def _parameters(function: Node) -> tuple[list[str], bool]:
    """The names that `main` takes out of the one object it gets; True if it may use any other name."""
    listed = function.child_by_field_name("parameters")
    given = [item for item in listed.named_children if item.type != "comment"] if listed else []
    if not given:
        return [], listed is None or b"arguments" in (function.text or b"")
    first = given[0]
    if first.type == "assignment_pattern":
        first = first.child_by_field_name("left") or first
    if first.type != "object_pattern":
        return [], True
    names: list[str] = []
    for item in first.named_children:
        match item.type:
            case "shorthand_property_identifier_pattern":
                names.append(_text(item))
            case "object_assignment_pattern":
                names.append(_text(item.child_by_field_name("left")))
            case "pair_pattern":
                names.append(_text(item.child_by_field_name("key")).strip("\"'"))
            case "rest_pattern":
                return names, True
    return names, False


def _inside(node: Node) -> Iterator[Node]:
    """Everything of a function's own body, not that of functions in it."""
    for child in node.children:
        if child.type in (
            "function_expression",
            "function_declaration",
            "arrow_function",
            "method_definition",
        ):
            continue
        yield child
        yield from _inside(child)


def _returns(value: Node | None, line: int) -> Iterator[Return]:
    while value is not None and value.type == "parenthesized_expression":
        value = value.named_children[0]
    if value is not None and value.type == "ternary_expression":
        yield from _returns(value.child_by_field_name("consequence"), line)
        yield from _returns(value.child_by_field_name("alternative"), line)
        return
    keys = _keys(value)
    if keys is None:
        yield Return(line, None, _kind(value), {})
    else:
        lengths = {
            name: len(item.named_children)
            for name, item in keys.items()
            if item is not None and item.type == "array" and b"..." not in (item.text or b"")
        }
        yield Return(
            line, {name: _kind(item) if item else "" for name, item in keys.items()}, "object", lengths
        )


def _keys(value: Node | None) -> Mapping[str, Node | None] | None:
    if value is None or value.type != "object":
        return None
    found: dict[str, Node | None] = {}
    for item in value.named_children:
        match item.type:
            case "pair":
                key = item.child_by_field_name("key")
                if key is None or key.type == "computed_property_name":
                    return None
                found[_text(key).strip("\"'")] = item.child_by_field_name("value")
            case "shorthand_property_identifier":
                found[_text(item)] = None
            case "comment":
                continue
            case _:
                return None
    return found


_KINDS = {
    "string": "string",
    "template_string": "string",
    "number": "number",
    "true": "boolean",
    "false": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}


def _kind(value: Node | None) -> str:
    """The type of a value in Dify's words, where that can be seen; `undefined` leaves a key out."""
    return "null" if value is None else _KINDS.get(value.type, "")


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
