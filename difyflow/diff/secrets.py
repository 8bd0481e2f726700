"""What no format of a diff may tell: it is replaced before anything is compared for being shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from difyflow.diff._values import Mask
from difyflow.diff.changes import Diff
from difyflow.diff.compare import compare

IsSecret = Callable[[tuple[str, ...], str], bool]
"""Whether a text, at a path of keys and (as text) places from the root of a document, must not be shown."""

_VARIABLES = ("workflow", "environment_variables")


def safe(diff: Diff, is_secret: IsSecret | None = None) -> Diff:
    """The diff with a `Mask` for each secret, also in the documents that it holds.

    Args:
        diff: it is not changed.
        is_secret: what else is secret besides the values of secret environment variables.
    """
    before, after = masked(diff.before, is_secret), masked(diff.after, is_secret)
    if before is diff.before and after is diff.after:
        return diff
    return compare(before, after)


def masked(document: Mapping[str, object], is_secret: IsSecret | None = None) -> Mapping[str, object]:
    """A document with a `Mask` for each secret; the document itself if it holds none."""
    found: Any = _without_secret_variables(document)
    if is_secret is not None:
        found = _masked(found, (), is_secret)
    assert isinstance(found, Mapping)
    return found


def _without_secret_variables(document: Mapping[str, object]) -> Mapping[str, object]:
    workflow = document.get(_VARIABLES[0])
    variables = workflow.get(_VARIABLES[1]) if isinstance(workflow, Mapping) else None
    if not isinstance(variables, list | tuple) or not any(map(_is_secret_variable, variables)):
        return document
    assert isinstance(workflow, Mapping)
    made = [_hidden(item) if _is_secret_variable(item) else item for item in variables]
    return {**document, _VARIABLES[0]: {**workflow, _VARIABLES[1]: made}}


def _is_secret_variable(variable: object) -> bool:
    if not isinstance(variable, dict) or variable.get("value_type") != "secret":
        return False
    return variable.get("value") not in (None, "") and not isinstance(variable["value"], Mask)


def _hidden(variable: dict[str, Any]) -> dict[str, Any]:
    return {**variable, "value": Mask.of(str(variable["value"]))}


def _masked(value: Any, path: tuple[str, ...], is_secret: IsSecret) -> Any:  # noqa: ANN401  plain data
    """A copy with masks; the value itself if it holds no secret."""
    if isinstance(value, str):
        return Mask.of(value) if value and is_secret(path, value) else value
    if isinstance(value, Mapping):
        made = {key: _masked(item, (*path, str(key)), is_secret) for key, item in value.items()}
        return value if all(made[key] is item for key, item in value.items()) else made
    if isinstance(value, list | tuple):
        items = [_masked(item, (*path, str(place)), is_secret) for place, item in enumerate(value)]
        return value if all(map(_is, items, value)) else items
    return value


def _is(one: object, other: object) -> bool:
    return one is other
