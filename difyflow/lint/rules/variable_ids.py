"""Rules about variables that are there twice, have the wrong id, or are used nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from difyflow.lint._listed import variables
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.nodes._base import made_id


@rule("conv-id", severity="error", fix="safe")
def conv_id(view: View) -> Iterator[Found]:
    """The id of a conversation variable is no UUID.

    What it does:
        Finds conversation variables of chatflows with an `id` such as `cv_lang`.

    Why is it bad:
        Import and publishing pass; the first turn of every chat then answers HTTP 500.

    Example:
        ```yaml
        conversation_variables: [{id: cv_lang, name: lang, value_type: string, value: en}]
        ```

    Use instead:
        ```yaml
        conversation_variables: [{id: 6f1c2f0e-0c1e-4c39-8a55-4a0f3f0e5b11, name: lang, ...}]
        ```

    Fix safety:
        Safe: the id gets a UUID made from the name; nothing refers to it.

    Dify:
        Recorded at 0.15.3 and 1.12.1: "invalid input syntax for type uuid".
    """
    if not view.is_chat:
        return
    for _, _, place, item in variables(view, "conversation_variables"):
        found = item.get("id")
        if found and not _is_uuid(found):
            fix = Fix("Give it a UUID", (((*place, "id"), made_id("conversation", str(item.get("name")))),))
            yield Found((*place, "id"), f"{found!r} is no UUID: every chat fails at its first turn", fix=fix)


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


@rule("var-id", severity="error", until="0.15", fix="safe")
def var_id(view: View) -> Iterator[Found]:
    """A variable has no id.

    What it does:
        Finds environment and conversation variables without `id`.

    Why is it bad:
        Dify 0.15 refuses the import: "Object of type function is not JSON serializable".

    Example:
        ```yaml
        environment_variables: [{name: API_URL, value_type: string, value: x}]
        ```

    Use instead:
        ```yaml
        environment_variables: [{id: 6f1c2f0e-0c1e-4c39-8a55-4a0f3f0e5b11, name: API_URL, ...}]
        ```

    Fix safety:
        Safe: the id is a UUID made from the name.

    Dify:
        Recorded at 0.15.3; later releases make one.
    """
    for key, word, place, item in variables(view):
        if not item.get("id"):
            fix = Fix("Give it a UUID", (((*place, "id"), made_id(key, str(item.get("name")))),))
            yield Found(
                (*place, "id"), f"this {word} variable has no id, and Dify 0.15 refuses the import", fix=fix
            )


@rule("var-duplicate", severity="warning")
def var_duplicate(view: View) -> Iterator[Found]:
    """Two variables have the same name.

    What it does:
        Finds environment (or conversation) variables whose name another one has too.

    Why is it bad:
        They are kept by name: the last one wins, the others are lost.

    Example:
        ```yaml
        environment_variables: [{name: URL, value: a, ...}, {name: URL, value: b, ...}]
        ```

    Use instead:
        One variable, or two names.

    Dify:
        Every release (setters in `models/workflow.py`).
    """
    yield from _twice(view, "name", "the last one of this name wins")


@rule("var-id-duplicate", severity="warning")
def var_id_duplicate(view: View) -> Iterator[Found]:
    """Two variables have the same id.

    What it does:
        Finds environment (or conversation) variables whose id another one has too.

    Why is it bad:
        The editor and secret values go by the id: one may take the place of the other.

    Example:
        ```yaml
        environment_variables: [{id: a, name: URL, ...}, {id: a, name: KEY, ...}]
        ```

    Use instead:
        An id of its own for each.

    Dify:
        Every release (`models/workflow.py`).
    """
    yield from _twice(view, "id", "two variables share this id")


def _twice(view: View, field: str, what: str) -> Iterator[Found]:
    seen: set[tuple[str, str]] = set()
    for key, word, place, item in variables(view):
        value = item.get(field)
        if isinstance(value, str) and value:
            if (key, value) in seen:
                yield Found(
                    (*place, field), f"there are two {word} variables with the {field} {value!r}: {what}"
                )
            seen.add((key, value))


@rule("conv-in-workflow", severity="info")
def conv_in_workflow(view: View) -> Iterator[Found]:
    """A workflow has conversation variables.

    What it does:
        Finds conversation variables in apps of mode `workflow`.

    Why is it bad:
        There is no conversation: they have their first value in every run.

    Example:
        ```yaml
        app: {mode: workflow}
        workflow: {conversation_variables: [{name: mood, ...}]}
        ```

    Use instead:
        A chatflow (`advanced-chat`), or an environment variable.

    Dify:
        Every release.
    """
    if view.mode == "workflow":
        for _, _, place, _ in variables(view, "conversation_variables"):
            yield Found(place, "a workflow has no conversation: this variable never changes from run to run")


@rule("var-unused", severity="info")
def var_unused(view: View) -> Iterator[Found]:
    """A variable is never used.

    What it does:
        Finds environment and conversation variables that no node refers to.

    Why is it bad:
        It may be a leftover, or the place that should use it has another name for it.

    Example:
        ```yaml
        environment_variables: [{name: OLD_URL, value_type: string, value: x}]
        ```

    Use instead:
        Remove it, or refer to it: `{{#env.OLD_URL#}}`.

    Dify:
        Every release.
    """
    used = {(item.selector.node_id, item.selector.variable) for _, item in view.references}
    for _, word, place, item in variables(view):
        name = item.get("name")
        root = "env" if word == "environment" else "conversation"
        if isinstance(name, str) and name and (root, name) not in used:
            yield Found((*place, "name"), f"no node uses the {word} variable {name!r}")
