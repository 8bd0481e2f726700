"""Secret environment variables on their way to a server and back, and a digest of an app without them.

A server shows a secret as a mask and exports it empty. Written back, a mask is stored as the secret, and
nothing erases it (api.md 5.3, 5.4), so neither ever leaves here as a value.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping

from difyflow.dsl.app import App, Variable
from difyflow.errors import UsageError

# Six and two characters of the secret up to 1.8.0, twenty asterisks since; `[__HIDDEN__]` is what Dify's own
# front end sends for "as it was" (recorded: dify-1.12.1 draft/secret-get, draft/secret-sync-hidden).
_MASK = re.compile(r".{0,6}\*{8,}.{0,4}|\[__HIDDEN__\]", re.DOTALL)


def is_mask(value: object) -> bool:
    """True for what a server shows in place of a secret."""
    return isinstance(value, str) and _MASK.fullmatch(value) is not None


def secrets_of(app: App) -> dict[str, object]:
    """The values of the secret environment variables by name."""
    return {item.name: item.value for item in _variables(app) if item.value_type == "secret"}


def without_secrets(app: App) -> App:
    """The app with every secret emptied, as an export without secrets has it."""
    return _mapped(app, lambda item: _with(item, "") if item.value_type == "secret" else item)


def with_values(app: App, values: Mapping[str, str]) -> App:
    """The app with values for its environment variables.

    Raises:
        UsageError: it has no variable of that name, or one that is a number.
    """
    kinds = {item.name: item.value_type for item in _variables(app)}
    for name in values:
        if kinds.get(name) not in ("string", "secret"):
            known = ", ".join(sorted(name for name, kind in kinds.items() if kind in ("string", "secret")))
            raise UsageError(
                f"the workflow has no environment variable {name!r} that holds text",
                code="no-variable",
                hint=f"it has: {known}" if known else "it has none",
            )
    return _mapped(app, lambda item: _with(item, values[item.name]) if item.name in values else item)


def with_kept_secrets(app: App, stored: App | None) -> tuple[App, tuple[str, ...]]:
    """The app with the stored value of each secret that it does not hold itself, and what to say of it.

    Args:
        app: what is to be pushed.
        stored: the server's draft with its secrets; None for a new app.

    Raises:
        UsageError: a value is a mask, and there is no stored secret that it could stand for.
    """
    there = [item for item in _variables(stored) if item.value_type == "secret"] if stored else []
    notes: list[str] = []

    def kept(item: Variable) -> Variable:
        if item.value_type != "secret" or (item.value and not is_mask(item.value)):
            return item
        same_id = [one for one in there if one.id and one.id == item.id]
        known = next((one for one in [*same_id, *there] if one in same_id or one.name == item.name), None)
        if known is not None and known.value:
            notes.append(f"secret {item.name!r} is not in the file: the server's value is kept")
            return _with(item, known.value)
        if is_mask(item.value):
            raise UsageError(
                f"secret {item.name!r} holds a mask, and the server has no value that it stands for",
                code="mask",
                hint=f"give the value with --env {item.name}=VARIABLE, or empty it in the file",
            )
        notes.append(f"secret {item.name!r} is empty: give it with --env, or set it in Dify")
        return item

    return _mapped(app, kept), tuple(notes)


def comparable(app: App, *, icons: bool) -> dict[str, object]:
    """What an import decides, as plain data: a file and its export agree in it.

    Secrets and what servers write anew are left out.

    Args:
        app: a file, or the export of a server.
        icons: with the icon, which releases from 1.0 to 1.13.0 export as a robot whatever it is (recorded).
    """
    data = without_secrets(app).data()
    about, workflow = _object(data.get("app")), _object(data.get("workflow"))
    for name in ("icon_type",) if icons else ("icon", "icon_type"):
        about.pop(name, None)
    workflow.pop("rag_pipeline_variables", None)  # 1.9+ adds an empty list
    listed = workflow.get("environment_variables")
    if isinstance(listed, list):
        workflow["environment_variables"] = [_settled(item) for item in listed]
    return {"app": about, "workflow": workflow}


def fingerprint(app: App) -> str:
    """A digest of what an import decides, but for the icon; see `comparable`."""
    text = json.dumps(comparable(app, icons=False), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _object(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _settled(item: object) -> object:
    """A variable as all releases export it: 1.12 calls a number `integer` or `float`, and adds a selector."""
    if not isinstance(item, dict):
        return item
    kind = item.get("value_type")
    kept = {name: value for name, value in item.items() if name != "selector"}
    return {**kept, "value_type": "number" if kind in ("integer", "float") else kind}


def _with(item: Variable, value: object) -> Variable:
    return item.model_copy(update={"value": value})


def _variables(app: App) -> Iterator[Variable]:
    """The environment variables that are shaped as such; of odd files anything may have been kept."""
    listed = app.workflow.environment_variables if app.workflow is not None else ()
    if isinstance(listed, tuple):
        yield from (item for item in listed if isinstance(item, Variable))


def _mapped(app: App, change: Callable[[Variable], Variable]) -> App:
    workflow = app.workflow
    if workflow is None or not isinstance(workflow.environment_variables, tuple):
        return app
    listed = workflow.environment_variables
    found = tuple(change(item) if isinstance(item, Variable) else item for item in listed)
    if found == listed:
        return app
    return app.model_copy(update={"workflow": workflow.model_copy(update={"environment_variables": found})})
