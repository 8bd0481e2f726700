"""Conditions of if-else and loop nodes (dsl.md 5.4).

Which operators the editor offers depends on the variable's type:

- text: `contains`, `not contains`, `start with`, `end with`, `is`, `is not`, `empty`, `not empty`
- numbers: `=`, `≠`, `>`, `<`, `≥`, `≤`, `empty`, `not empty`
- booleans: `is`, `is not`
- a file: `exists`, `not exists`
- lists: `contains`, `not contains`, `empty`, `not empty`; lists of files also `all of`
- objects: `is`, `is not`, `empty`, `not empty`

The backend also knows `null`, `not null`, `in` and `not in`, but not the editor's `is null`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NoReturn

from difyflow.nodes._base import TextKind, made_id, type_of, with_made_ids
from difyflow.nodes._look import CanvasRow, plain, row
from difyflow.nodes._moves import Move, Path, Release, Step
from difyflow.nodes._record import NOTED, Many, Number, Record, Since, Spelled
from difyflow.terms.selector import Selector

ConditionValue = Annotated[str | Many[str] | bool | None, TextKind("template")]
"""Text, in which references are resolved; a list of texts; a boolean. Dify refuses a bare number."""

Value = str | Number | Selector | bool
"""What a condition compares with; a reference is written into text, a number as text."""

_METHODS = {
    "is": "is_",
    "is not": "is_not",
    "contains": "contains",
    "not contains": "not_contains",
    "all of": "all_of",
    "start with": "start_with",
    "end with": "end_with",
    "empty": "empty",
    "not empty": "not_empty",
    "exists": "exists",
    "not exists": "not_exists",
    "=": "eq",
    "≠": "ne",
    ">": "__gt__",
    "<": "__lt__",
    "≥": "__ge__",
    "≤": "__le__",
}
_NUMERIC = frozenset(("=", "≠", ">", "<", "≥", "≤"))


class SubCondition(Record):
    """A condition on an attribute of a file."""

    id: str | None = None
    key: str = ""
    """name, size, type, extension, mime_type, transfer_method, url, related_id."""
    varType: Annotated[str | None, NOTED] = None
    comparison_operator: str | None = None
    value: ConditionValue = None

    def spelled(self) -> Spelled | None:
        """`attribute(...)`."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return Spelled("attribute", (self.key, self.comparison_operator, value))


class SubConditions(Record):
    """`sub_variable_condition`: conditions on the files of a list."""

    case_id: Annotated[str | None, NOTED] = None
    logical_operator: str = "and"
    conditions: Many[SubCondition] = ()


class Condition(Record):
    """One comparison."""

    id: str | None = None
    """A UUID in the editor."""
    varType: Annotated[str | None, NOTED] = None
    """The editor's note of the variable's type; it decides which operators are offered."""
    variable_selector: Selector = Selector()
    comparison_operator: str | None = None
    value: ConditionValue = None
    numberVarType: Annotated[str | None, NOTED] = None
    """For numbers: constant, or variable if `value` holds a reference."""
    sub_variable_condition: Annotated[SubConditions | None, Since("0.11.0")] = None

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The operators of the editor's list that no backend knows."""
        better = self.with_known_operator().comparison_operator
        if better != self.comparison_operator:
            place = (*path, "comparison_operator")
            yield Move(place, better, f"Dify refuses {self.comparison_operator!r} when it runs")
        yield from super().steps_to(release, path)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a condition is judged when the app runs, and not by `and`, `or`, `not` or `if` here: "
            "case(one, other) needs both, and any of them with logical_operator='or'"
        )

    def with_known_operator(self) -> Condition:
        """`empty` in place of `is null`."""
        known = {"is null": "empty", "is not null": "not empty"}.get(self.comparison_operator or "")
        return self.model_copy(update={"comparison_operator": known}) if known else self

    def spelled(self) -> Spelled | None:
        """`when(...)` and a method or a comparison."""
        method, operator = _METHODS.get(self.comparison_operator or ""), self.comparison_operator
        sub = self.sub_variable_condition
        if sub is not None and sub.conditions:
            return self._when(method, sub.conditions)
        if method in ("empty", "not_empty", "exists", "not_exists"):
            return self._when(method, ())
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        if operator in _NUMERIC and isinstance(value, str) and value.isdecimal() and str(int(value)) == value:
            return self._when(method, (int(value),))
        if method is None or isinstance(value, list):
            return self._when("has", (operator, value))
        return self._when(method, (value,))

    def _when(self, method: str | None, args: tuple[object, ...]) -> Spelled | None:
        if method is None:
            return None
        return Spelled("when", (self.variable_selector,), then=method, then_args=args)


def with_condition_ids(conditions: tuple[Condition, ...], *path: str | int) -> tuple[Condition, ...]:
    """Copies in which every condition, and every one inside, has an id."""
    return tuple(
        _with_sub_ids(item, *path, index) for index, item in enumerate(with_made_ids(conditions, *path))
    )


def _with_sub_ids(condition: Condition, *path: str | int) -> Condition:
    sub = condition.sub_variable_condition
    if sub is None:
        return condition
    changes: dict[str, object] = {"conditions": with_made_ids(sub.conditions, *path, "sub")}
    if sub.case_id is None:
        changes["case_id"] = made_id(*path, "case")
    return condition.model_copy(update={"sub_variable_condition": sub.model_copy(update=changes)})


def condition_row(condition: Condition) -> CanvasRow:
    """A condition on the canvas: variable, operator, value."""
    parts: list[object] = [condition.comparison_operator or "", condition.value]
    if condition.sub_variable_condition is not None:
        parts = [condition.comparison_operator or "", "..."]
    said = " ".join(str(plain(part)) for part in parts if part not in (None, ""))
    return row(condition.variable_selector, said)


@dataclass(frozen=True, slots=True)
class When:
    """A variable of which a condition is to be said; `when` makes it."""

    variable: Selector

    def has(self, operator: str, value: Value | list[str] | None = "") -> Condition:
        """Any operator by Dify's name: `when(x).has("in", ["a", "b"])`; the others here are shorter."""
        kind = type_of(self.variable)
        found = Condition(
            variable_selector=self.variable, comparison_operator=operator, value=as_value(value)
        )
        changes: dict[str, object] = {}
        if kind is not None:
            changes["varType"] = str(kind)
        if operator in _NUMERIC and isinstance(found.value, str) and found.value.startswith("{{#"):
            changes["numberVarType"] = "variable"
        return found.model_copy(update=changes) if changes else found

    def is_(self, value: Value) -> Condition:
        """`is`: the same text, or the same boolean."""
        return self.has("is", value)

    def is_not(self, value: Value) -> Condition:
        """`is not`."""
        return self.has("is not", value)

    def contains(self, value: Value | SubCondition, *more: SubCondition) -> Condition:
        """`contains`: this part of a text, this item of a list; some file that fulfils these conditions."""
        return self._of_list("contains", value, more)

    def not_contains(self, value: Value | SubCondition, *more: SubCondition) -> Condition:
        """`not contains`."""
        return self._of_list("not contains", value, more)

    def all_of(self, *conditions: SubCondition) -> Condition:
        """`all of`: every file of the list fulfils these conditions."""
        return self._of_list("all of", "", conditions)

    def start_with(self, value: Value) -> Condition:
        """`start with`."""
        return self.has("start with", value)

    def end_with(self, value: Value) -> Condition:
        """`end with`."""
        return self.has("end with", value)

    def empty(self) -> Condition:
        """`empty`: no text, no items, or no value at all."""
        return self.has("empty")

    def not_empty(self) -> Condition:
        """`not empty`."""
        return self.has("not empty")

    def exists(self) -> Condition:
        """`exists`: a file was given."""
        return self.has("exists")

    def not_exists(self) -> Condition:
        """`not exists`."""
        return self.has("not exists")

    def eq(self, value: Value) -> Condition:
        """`=` of numbers."""
        return self.has("=", value)

    def ne(self, value: Value) -> Condition:
        """`≠` of numbers."""
        return self.has("≠", value)

    def __gt__(self, value: Value) -> Condition:
        return self.has(">", value)

    def __lt__(self, value: Value) -> Condition:
        return self.has("<", value)

    def __ge__(self, value: Value) -> Condition:
        return self.has("≥", value)

    def __le__(self, value: Value) -> Condition:
        return self.has("≤", value)

    def _of_list(
        self, operator: str, value: Value | SubCondition, more: tuple[SubCondition, ...]
    ) -> Condition:
        conditions = (value, *more) if isinstance(value, SubCondition) else more
        found = self.has(operator, "" if isinstance(value, SubCondition) else value)
        if not conditions:
            return found
        return found.model_copy(update={"sub_variable_condition": SubConditions(conditions=conditions)})


def when(variable: Selector) -> When:
    """Begins a condition: `when(start.query).contains("refund")`, `when(start.amount) > 100`."""
    return When(variable)


def attribute(key: str, operator: str, value: Value | list[str] = "") -> SubCondition:
    """A condition on a file: `when(start.files).contains(attribute("type", "in", ["image"]))`.

    `type` and `transfer_method` take a list; keys: see `SubCondition.key`.
    """
    kind = "number" if key == "size" else "string"
    return SubCondition(key=key, varType=kind, comparison_operator=operator, value=as_value(value))


def as_value(value: Value | list[str] | None) -> str | tuple[str, ...] | bool | None:
    """The form in which Dify takes it: lists and booleans as they are, all else as text."""
    if isinstance(value, list):
        return tuple(value)
    if value is None or isinstance(value, bool):
        return value
    return str(value)
