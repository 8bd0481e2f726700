"""What no format of a diff may tell: it is replaced before anything is compared for being shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from difyflow.diff._values import MISSING, Mask
from difyflow.diff.changes import Diff, Key, Path
from difyflow.diff.compare import compare

IsSecret = Callable[[tuple[str | int, ...], object], bool]
"""Whether a text at a path from the root of a document must not be shown; `difyflow.lint.secrets.is_secret`
is one."""

_VARIABLES = ("workflow", "environment_variables")


def safe(diff: Diff, is_secret: IsSecret | None = None) -> Diff:
    """The diff with a `Mask` for each secret, also in the documents that it holds.

    Args:
        diff: it is not changed.
        is_secret: what else is secret besides the values of secret environment variables.
    """
    known = _values_of_secrets(diff.before, diff.after)
    before = masked(diff.before, is_secret, known=known)
    after = masked(diff.after, is_secret, known=known)
    if before is diff.before and after is diff.after:
        return diff
    return compare(before, after)


def masked(
    document: Mapping[str, object], is_secret: IsSecret | None = None, *, known: frozenset[str] = frozenset()
) -> Mapping[str, object]:
    """A document with a `Mask` for each secret; the document itself if it holds none.

    Args:
        document: it is not changed.
        is_secret: what else is secret besides the values of secret environment variables.
        known: values that are secret in another version; no environment variable may tell them, whatever its
            type here.
    """
    found: Any = _without_secret_variables(document, known)
    if is_secret is not None:
        found = _masked(found, (), is_secret)
    assert isinstance(found, Mapping)
    return found


def hider(*documents: Mapping[str, object], is_secret: IsSecret | None) -> Callable[[Path, object], object]:
    """A function that gives what may be shown of a value at a path of one of these documents."""
    known = _values_of_secrets(*documents)
    names = {
        item["name"]
        for document in documents
        for item in _variables(document)
        if _is_secret_variable(item, known) and isinstance(item.get("name"), str)
    }

    def hide(path: Path, value: object) -> object:
        if path[:2] == _VARIABLES and len(path) > 2 and isinstance(path[2], Key) and path[2].value in names:
            if isinstance(value, dict) and isinstance(value.get("value"), str):
                return _hidden(value)
            if path[3:] == ("value",) and isinstance(value, str) and value:
                return Mask.of(value)
        if is_secret is None or value is MISSING:
            return value
        return _masked(value, tuple(0 if isinstance(step, Key) else step for step in path), is_secret)

    return hide


def _values_of_secrets(*documents: Mapping[str, object]) -> frozenset[str]:
    """The texts that are the value of a secret environment variable in one of these documents."""
    return frozenset(
        item["value"]
        for document in documents
        for item in _variables(document)
        if _is_secret_variable(item) and isinstance(item["value"], str)
    )


def _without_secret_variables(document: Mapping[str, object], known: frozenset[str]) -> Mapping[str, object]:
    variables = _variables(document)
    if not any(_is_secret_variable(item, known) for item in variables):
        return document
    workflow = document[_VARIABLES[0]]
    assert isinstance(workflow, Mapping)
    made = [_hidden(item) if _is_secret_variable(item, known) else item for item in variables]
    return {**document, _VARIABLES[0]: {**workflow, _VARIABLES[1]: made}}


def _variables(document: Mapping[str, object]) -> list[Any]:
    workflow = document.get(_VARIABLES[0])
    variables = workflow.get(_VARIABLES[1]) if isinstance(workflow, Mapping) else None
    return list(variables) if isinstance(variables, list | tuple) else []


def _is_secret_variable(variable: object, known: frozenset[str] = frozenset()) -> bool:
    if not isinstance(variable, dict):
        return False
    value = variable.get("value")
    if variable.get("value_type") != "secret":
        return isinstance(value, str) and value in known
    return value not in (None, "") and not isinstance(value, Mask)


def _hidden(variable: dict[str, Any]) -> dict[str, Any]:
    return {**variable, "value": Mask.of(str(variable["value"]))}


def _masked(value: Any, path: tuple[str | int, ...], is_secret: IsSecret) -> Any:  # noqa: ANN401  plain data
    """A copy with masks; the value itself if it holds no secret."""
    if isinstance(value, str):
        return Mask.of(value) if value and is_secret(path, value) else value
    if isinstance(value, Mapping):
        made = {key: _masked(item, (*path, str(key)), is_secret) for key, item in value.items()}
        return value if all(made[key] is item for key, item in value.items()) else made
    if isinstance(value, list | tuple):
        items = [_masked(item, (*path, place), is_secret) for place, item in enumerate(value)]
        return value if all(map(_is, items, value)) else items
    return value


def _is(one: object, other: object) -> bool:
    return one is other
