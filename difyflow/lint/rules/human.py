"""Rules about human input: the form, its buttons, how it reaches a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("human-schema", severity="error", since="1.13.0")
def human_schema(view: View) -> Iterator[Found]:
    """Dify refuses the form of a human input node.

    What it does:
        Checks the whole node as Dify does when a file is imported or a draft is saved: types of all fields,
        names of fields and ids of buttons that occur twice, ids that are no names.

    Why is it bad:
        The import fails: "Invalid HumanInput node data".

    Example:
        ```yaml
        user_actions: [{id: 1-yes, title: 'Yes', button_style: primary}]
        ```

    Use instead:
        ```yaml
        user_actions: [{id: approve, title: 'Yes', button_style: primary}]
        ```

    Dify:
        1.13 and later (`_validate_human_input_node_data`; recorded at 1.15).
    """
    for node in view.of("human-input"):
        for problem in node.data.problems():
            found = ".".join(map(str, problem.path))
            yield Found(node.at(*problem.path), f"`{found}`: {problem.message}; Dify refuses the import")
        yield from _repeated(node, "inputs", "output_variable_name")
        yield from _repeated(node, "user_actions", "id")
        for index, item in _listed(node, "user_actions"):
            found_id = item.get("id")
            if isinstance(found_id, str) and not (_ACTION.fullmatch(found_id)):
                message = f"{shown(found_id)} is no id of a button: at most 20 letters, digits and _"
                yield Found(node.at("user_actions", index, "id"), message)


_ACTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,19}")


def _listed(node: NodeView, key: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    found = node.raw.get(key)
    for index, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, dict):
            yield index, item


def _repeated(node: NodeView, key: str, name: str) -> Iterator[Found]:
    seen: set[object] = set()
    for index, item in _listed(node, key):
        value = item.get(name)
        if isinstance(value, str):
            if value in seen:
                yield Found(node.at(key, index, name), f"{value!r} occurs twice, and Dify refuses the import")
            seen.add(value)


@rule("human-delivery", severity="warning", since="1.13.0")
def human_delivery(view: View) -> Iterator[Found]:
    """Nobody gets the form of a human input node.

    What it does:
        Finds human input nodes without an enabled way of delivery, ways that no backend knows, e-mails
        without recipients or without `{{#url#}}`, and nodes without a button.

    Why is it bad:
        The run waits until it times out. The editor marks the node red and refuses to publish.

    Example:
        ```yaml
        delivery_methods: []
        ```

    Use instead:
        ```yaml
        delivery_methods: [{id: 2f3b0a8e-5a0e-4a52-9a52-0d6c1d0b6f11, type: webapp, enabled: true}]
        ```

    Dify:
        1.13 and later (`default.ts` of human-input; `human_input_adapter`).
    """
    for node in view.of("human-input"):
        methods = list(_listed(node, "delivery_methods"))
        if not any(item.get("enabled") is not False for _, item in methods):
            message = "no way of delivery is on, so nobody gets the form; add webapp or email"
            yield Found(node.at("delivery_methods"), message)
        if node.raw.get("user_actions") == []:
            message = "the form has no button, so nobody can send it; add an action"
            yield Found(node.at("user_actions"), message)
        for index, item in methods:
            place = node.at("delivery_methods", index)
            if item.get("type") not in ("webapp", "email"):
                message = (
                    f"{shown(item.get('type'))} is no way of delivery that the backend knows: webapp, email"
                )
                yield Found((*place, "type"), message)
            config = item.get("config")
            body = config.get("body") if isinstance(config, dict) else None
            if item.get("type") == "email" and config and "{{#url#}}" not in str(body):
                message = "the e-mail does not say {{#url#}}, so nobody finds the form; add it"
                yield Found((*place, "config", "body"), message)


@rule("human-form-field", severity="warning", since="1.13.0")
def human_form_field(view: View) -> Iterator[Found]:
    """The text of a form and its fields do not fit together.

    What it does:
        Compares the `{{#$output.name#}}` in `form_content` with the names in `inputs`.

    Why is it bad:
        A field that the text does not place is not shown, so nobody fills it in; a place without a field
        stays as text.

    Example:
        ```yaml
        form_content: 'Remarks: {{#$output.remark#}}'
        inputs: [{type: paragraph, output_variable_name: remarks}]
        ```

    Use instead:
        ```yaml
        form_content: 'Remarks: {{#$output.remarks#}}'
        inputs: [{type: paragraph, output_variable_name: remarks}]
        ```

    Dify:
        1.13 and later (`HumanInputNodeData`).
    """
    for node in view.of("human-input"):
        text = node.raw.get("form_content")
        if not isinstance(text, str):
            continue
        placed = {match.group(1): match for match in _FIELD.finditer(text)}
        names = {item.get("output_variable_name"): index for index, item in _listed(node, "inputs")}
        for name, match in placed.items():
            if name not in names:
                known = ", ".join(str(item) for item in names) or "none"
                message = f"there is no field {name!r}; fields: {known}"
                yield Found(node.at("form_content"), message, text=match.group(), start=match.start())
        for found, index in names.items():
            if isinstance(found, str) and found not in placed:
                place = node.at("inputs", index, "output_variable_name")
                yield Found(
                    place, f"the form does not show the field {found!r}; add {{{{#$output.{found}#}}}}"
                )


_FIELD = re.compile(r"\{\{#\$output\.([^#{}]{1,100})#\}\}")
_LONGEST = timedelta(days=7)


@rule("human-timeout", severity="warning", since="1.13.0")
def human_timeout(view: View) -> Iterator[Found]:
    """A human input node waits longer than a run may.

    What it does:
        Finds timeouts of more than seven days, or of none.

    Why is it bad:
        A run that is paused ends after seven days, whatever the node says, and its timeout branch never runs.

    Example:
        ```yaml
        timeout: 30
        timeout_unit: day
        ```

    Use instead:
        ```yaml
        timeout: 7
        timeout_unit: day
        ```

    Dify:
        1.13 and later ("Human input global timeout").
    """
    for node in view.of("human-input"):
        number, unit = node.raw.get("timeout"), node.raw.get("timeout_unit")
        if isinstance(number, bool) or not isinstance(number, int):
            continue
        hours = number * (24 if unit == "day" else 1)
        if number < 1:
            yield Found(node.at("timeout"), "the form times out at once; give it an hour at least")
        elif hours > _LONGEST.total_seconds() / 3600:
            yield Found(
                node.at("timeout"), "a paused run ends after 7 days, so this timeout is never reached"
            )
