"""Rules about list operators: what they filter, sort and cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_run
from difyflow.lint._constants import is_number
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType


@rule("list-filter", severity="error")
def list_filter(view: View) -> Iterator[Found]:
    """A list operator filters, sorts or cuts in a way that Dify cannot do.

    What it does:
        Looks at what is switched on: an operator that does not fit the items, an attribute that files do not
        have, a value that does not fit the items, a sort key for files, an item number below 1, a limit
        below 1.

    Why is it bad:
        The run fails: "Invalid condition", "Invalid key", "Invalid filter value", "could not convert string
        to float". A limit does not fail: Dify cuts the list as Python does, so that 0 leaves nothing and -1,
        which is no word for "all", loses the last item. Filtering with no condition does nothing, which is a
        warning.

    Example:
        ```yaml
        # start.numbers is array[number]
        filter_by: {enabled: true, conditions: [{key: '', comparison_operator: contains, value: '3'}]}
        ```

    Use instead:
        ```yaml
        filter_by: {enabled: true, conditions: [{key: '', comparison_operator: '=', value: '3'}]}
        ```

    Dify:
        0.11 and later (`ListOperatorNode`).
    """
    for node in view.of("list-operator"):
        selector = node.raw.get("variable")
        if isinstance(selector, list) and len(selector) < 2:
            message = "no list is chosen, and the run fails; choose one"
            yield Found(node.at("variable"), message, severity=when_run(view, node))
            continue
        kind = None
        if isinstance(selector, list) and all(isinstance(x, str) for x in selector):
            kind = view.resolve(Selector(selector), node).type
        for path, said, milder in _list_faults(node.raw, kind):
            yield Found(node.at(*path), said, severity="warning" if milder else when_run(view, node))


_NUMBER_OPERATORS = ("=", "≠", "<", ">", "≥", "≤")
_TEXT_OPERATORS = (
    "contains",
    "start with",
    "end with",
    "is",
    "in",
    "empty",
    "not contains",
    "is not",
    "not in",
    "not empty",
)
_ITEM_OPERATORS = {
    VarType.ARRAY_NUMBER: _NUMBER_OPERATORS,
    VarType.ARRAY_STRING: _TEXT_OPERATORS,
    VarType.ARRAY_BOOLEAN: ("is", "is not"),
}
_FILE_KEYS = ("name", "size", "type", "extension", "mime_type", "transfer_method", "url", "related_id")


def _list_faults(raw: Mapping[str, object], kind: VarType | None) -> Iterator[tuple[Path, str, bool]]:
    """Places, faults, and whether they are mild ones."""
    filter_by, order_by = _on(raw, "filter_by"), _on(raw, "order_by")
    conditions = filter_by.get("conditions") if filter_by else None
    if filter_by and conditions == []:
        yield ("filter_by", "conditions"), "filtering is on without a condition, so nothing is left out", True
    for index, item in enumerate(conditions if isinstance(conditions, list) else []):
        if isinstance(item, dict):
            for key, said in _filter_fault(item, kind):
                yield ("filter_by", "conditions", index, key), said, False
    if order_by and kind is VarType.ARRAY_FILE and order_by.get("key") not in _FILE_KEYS:
        said = f"files cannot be sorted by {shown(order_by.get('key'))}; by: {', '.join(_FILE_KEYS)}"
        yield ("order_by", "key"), said, False
    limit = _on(raw, "limit")
    if limit and (said := _limit_fault(limit.get("size", -1))):
        yield ("limit", "size"), said, False
    extract = _on(raw, "extract_by")
    serial = extract.get("serial") if extract else None
    if isinstance(serial, str) and "{{#" not in serial and not (serial.strip().isdigit() and int(serial) > 0):
        yield ("extract_by", "serial"), f"{serial!r} is no number of an item; they count from 1", False


def _limit_fault(size: object) -> str:
    """What a limit loses; Dify takes `list[:size]`, and -1 for a size that is missing."""
    if not isinstance(size, int) or isinstance(size, bool) or size > 0:
        return ""
    if size == 0:
        return "a limit of 0 leaves nothing of the list; write 1 or more, or switch the limit off"
    what = "the last item" if size == -1 else f"the last {-size} items"
    return f"a limit of {size} loses {what}; write 1 or more, or switch the limit off"


def _on(raw: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The settings at a key, if they are switched on."""
    found = raw.get(key)
    return found if isinstance(found, dict) and found.get("enabled") else {}


def _filter_fault(item: Mapping[str, object], kind: VarType | None) -> Iterator[tuple[str, str]]:
    operator, key = item.get("comparison_operator"), item.get("key")
    known = _ITEM_OPERATORS.get(kind) if kind else None
    if kind is VarType.ARRAY_FILE:
        if key not in _FILE_KEYS:
            yield "key", f"files have no attribute {shown(key)}; they have: {', '.join(_FILE_KEYS)}"
            return
        known = _NUMBER_OPERATORS if key == "size" else _TEXT_OPERATORS
        known = ("in", "not in") if key in ("type", "transfer_method") else known
    if known is not None and isinstance(operator, str) and operator not in known:
        yield "comparison_operator", f"{operator!r} does not go with the items; these do: {', '.join(known)}"
    elif said := _value_fault(
        item.get("value", ""), kind, str(key or ""), is_size=known is _NUMBER_OPERATORS
    ):
        yield "value", said


def _value_fault(value: object, kind: VarType | None, key: str, *, is_size: bool) -> str:
    """Why Dify cannot compare with a value; empty if it can, or nobody can say."""
    if kind is VarType.ARRAY_BOOLEAN:
        return (
            ""
            if isinstance(value, bool)
            else f"{shown(value)} is neither true nor false; take the quotes away"
        )
    if isinstance(value, str):
        if is_size and "{{#" not in value and not is_number(value):
            return f"{shown(value)} is no number, and the items are compared as numbers"
        return ""
    if isinstance(value, list):
        takes_lists = kind is VarType.ARRAY_FILE and key in ("type", "transfer_method")
        return "" if takes_lists or kind is None else "a list of values goes with the type of files only"
    if isinstance(value, bool) and kind is None:
        return ""
    return f"{shown(value)} is no text, and Dify compares with text only; put it in quotes"
