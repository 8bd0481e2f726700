"""Rules about triggers: webhooks, schedules, plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
_PLAIN = ("string", "number", "boolean")
_JSON = (*_PLAIN, "object", "array[string]", "array[number]", "array[boolean]", "array[object]")
_BODY_TYPES: Mapping[str, Sequence[str]] = {
    "application/json": _JSON,
    "multipart/form-data": (*_PLAIN, "file"),
    "application/x-www-form-urlencoded": _PLAIN,
    "text/plain": ("string",),
    "application/octet-stream": ("file",),
}


@rule("webhook-content-type", severity="warning", since="1.10.0")
def webhook_content_type(view: View) -> Iterator[Found]:
    """A webhook's method or content type is none that Dify knows.

    What it does:
        Finds webhook triggers with an unknown `method` or `content_type`.

    Why is it bad:
        Dify answers every call with an error, so the app never starts.

    Example:
        ```yaml
        content_type: json
        ```

    Use instead:
        ```yaml
        content_type: application/json
        ```

    Dify:
        1.10 and later (`default.ts` of trigger-webhook; `ContentType`).
    """
    for node in view.of("trigger-webhook"):
        method, content = node.raw.get("method"), node.raw.get("content_type")
        if isinstance(method, str) and method.upper() not in _METHODS:
            message = f"{method!r} is no method; it is one of: {', '.join(_METHODS)}"
            yield Found(node.at("method"), message)
        if isinstance(content, str) and content.lower() not in _BODY_TYPES:
            message = f"{content!r} is no content type that Dify reads; it reads: {', '.join(_BODY_TYPES)}"
            yield Found(node.at("content_type"), message)


@rule("webhook-param-type", severity="warning", since="1.10.0")
def webhook_param_type(view: View) -> Iterator[Found]:
    """A parameter of a webhook has a type that its content type cannot carry.

    What it does:
        Looks at the `params` and the `body` of webhook triggers: known types, and those that the content type
        allows; names that are empty or occur twice.

    Why is it bad:
        Dify refuses the call, or the parameter never arrives. The editor marks the node red.

    Example:
        ```yaml
        content_type: application/x-www-form-urlencoded
        body: [{name: items, type: 'array[string]', required: true}]
        ```

    Use instead:
        ```yaml
        content_type: application/json
        body: [{name: items, type: 'array[string]', required: true}]
        ```

    Dify:
        1.10 and later (`parameter-type-utils.ts`).
    """
    for node in view.of("trigger-webhook"):
        content = node.raw.get("content_type")
        in_body = _BODY_TYPES.get(str(content).lower(), (*_JSON, "file"))
        for key, known in (("params", _PLAIN), ("body", in_body)):
            yield from _parameter_faults(node, key, known)


def _parameter_faults(node: NodeView, key: str, known: Sequence[str]) -> Iterator[Found]:
    found = node.raw.get(key)
    seen: set[str] = set()
    for index, item in enumerate(found if isinstance(found, list) else []):
        if not isinstance(item, dict):
            continue
        kind, name = item.get("type"), item.get("name")
        if isinstance(kind, str) and kind not in known:
            message = f"{kind!r} cannot be sent here; these can: {', '.join(known)}"
            yield Found(node.at(key, index, "type"), message)
        if name == "":
            yield Found(node.at(key, index, "name"), "this parameter has no name; give it one")
        elif isinstance(name, str) and name in seen:
            yield Found(node.at(key, index, "name"), f"two parameters are named {name!r}: one is lost")
        seen.add(str(name))


@rule("webhook-variables", severity="warning", since="1.10.0")
def webhook_variables(view: View) -> Iterator[Found]:
    """What a webhook takes in and what it offers to other nodes are not the same.

    What it does:
        Finds headers, parameters and body fields of webhook triggers that are missing in `variables`.

    Why is it bad:
        The editor takes the outputs of the node from `variables`: what is not there cannot be chosen, and
        references to it look wrong.

    Example:
        ```yaml
        body: [{name: text, type: string, required: true}]
        variables: []
        ```

    Use instead:
        ```yaml
        body: [{name: text, type: string, required: true}]
        variables: [{variable: text, label: body, value_type: string, value_selector: [], required: true}]
        ```

    Dify:
        1.10 and later (`variable/utils.ts`).
    """
    for node in view.of("trigger-webhook"):
        listed = node.raw.get("variables")
        if not isinstance(listed, list):
            continue
        names = {item.get("variable") for item in listed if isinstance(item, dict)}
        for key in ("headers", "params", "body"):
            found = node.raw.get(key)
            for index, item in enumerate(found if isinstance(found, list) else []):
                name = item.get("name") if isinstance(item, dict) else None
                if isinstance(name, str) and name and not {name, name.replace("-", "_")} & names:
                    message = (
                        f"{name!r} is missing in `variables`, so the editor does not offer it; add it there"
                    )
                    yield Found(node.at(key, index, "name"), message)


_TIME = re.compile(r"(0?[1-9]|1[0-2]):[0-5][0-9] (AM|PM)")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FREQUENCIES = ("hourly", "daily", "weekly", "monthly")


@rule("schedule-config", severity="warning", since="1.10.0")
def schedule_config(view: View) -> Iterator[Found]:
    """A schedule never starts, or is none.

    What it does:
        Looks at schedule triggers: mode, frequency, a cron expression with five fields in range and of a day
        that exists, the time `h:mm AM|PM`, days of the week and of the month, minutes, and whether the time
        zone has the form of one (`Europe/Berlin`, `UTC`, not `UTC+2`).

    Why is it bad:
        Dify cannot compute the next start, so the app never runs. The editor marks the node red.

    Example:
        ```yaml
        mode: cron
        cron_expression: '61 * * * *'
        ```

    Use instead:
        ```yaml
        mode: cron
        cron_expression: '0 9 * * 1-5'
        ```

    Dify:
        1.10 and later (`default.ts` of trigger-schedule; `ScheduleService`).
    """
    for node in view.of("trigger-schedule"):
        mode = node.raw.get("mode")
        if mode == "cron":
            said = _cron_fault(node.raw.get("cron_expression"))
            if said:
                yield Found(node.at("cron_expression"), said)
        elif mode in ("visual", None):
            yield from _visual_faults(node)
        else:
            yield Found(node.at("mode"), f"{shown(mode)} is no mode; it is visual or cron")
        zone = node.raw.get("timezone")
        if zone not in (None, "") and not (isinstance(zone, str) and _ZONE.fullmatch(zone)):
            message = (
                f"{shown(zone)} is no time zone; write one of the tz database, such as Europe/Berlin or UTC"
            )
            yield Found(node.at("timezone"), message)


_ZONE = re.compile(
    r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico"
    r"|Pacific|US)/[\w+-]+(?:/[\w-]+)?"
    r"|UTC|UCT|GMT(?:[+-]?0)?|Greenwich|Universal|Zulu|[CEMW]ET|[EHM]ST|EST5EDT|CST6CDT|MST7MDT|PST8PDT|Cuba|Egypt"
    r"|Eire|GB(?:-Eire)?|Hongkong|Iceland|Iran|Israel|Jamaica|Japan|Kwajalein|Libya|Navajo|NZ(?:-CHAT)?|Poland"
    r"|Portugal|PRC|ROC|ROK|Singapore|Turkey|W-SU"
)
"""Names of the tz database by their form: which cities there are differs from system to system."""

_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""Days of the months that are shorter than others."""

_RANGES = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_WORDS = frozenset(
    [
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "oct",
        "nov",
        "dec",
        "sun",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "l",
        "w",
    ]
)


def _cron_fault(expression: object) -> str:
    """Why this is no cron expression; empty if it is one, or a named one such as @daily."""
    if not isinstance(expression, str) or not expression.strip():
        return "the schedule has no cron expression; write five fields, such as 0 9 * * 1-5"
    if expression.startswith("@"):
        return ""
    fields = expression.split()
    if len(fields) != 5:
        return f"a cron expression has five fields, and {shown(expression)} has {len(fields)}"
    for text, (name, low, high) in zip(fields, _RANGES, strict=True):
        for part in re.split(r"[,/#-]", text.lower()):
            if part in ("", "*", "?") or part in _WORDS or part.rstrip("lw") == "":
                continue
            number = part.rstrip("lw")
            if not number.isdecimal() or not (low <= int(number) <= high or "/" in text):
                return f"{text!r} is no {name}: {low} to {high}"
    if _has_no_day(fields):
        return f"no month of {fields[3]!r} has a day {fields[2]}, so it never starts"
    return ""


def _has_no_day(fields: list[str]) -> bool:
    """True if the days are plain numbers, and all of them too high for the months."""
    days, months = fields[2].split(","), fields[3].split(",")
    if fields[4] not in ("*", "?") or not all(item.isdecimal() for item in (*days, *months)):
        return False
    return min(map(int, days)) > max(_LONGEST.get(int(item), 31) for item in months)


def _visual_faults(node: NodeView) -> Iterator[Found]:
    frequency, found = node.raw.get("frequency"), node.raw.get("visual_config")
    if frequency is not None and frequency not in _FREQUENCIES:
        message = f"{shown(frequency)} is no frequency; it is one of: {', '.join(_FREQUENCIES)}"
        yield Found(node.at("frequency"), message)
    if not isinstance(found, dict):
        return
    time = found.get("time")
    if frequency != "hourly" and isinstance(time, str) and not _TIME.fullmatch(time):
        message = f"{shown(time)} is no time; write it as 9:30 AM"
        yield Found(node.at("visual_config", "time"), message)
    minute = found.get("on_minute")
    if isinstance(minute, int) and not 0 <= minute <= 59:
        yield Found(node.at("visual_config", "on_minute"), f"{minute} is no minute: 0 to 59")
    for key, wanted in (("weekdays", "weekly"), ("monthly_days", "monthly")):
        days = found.get(key)
        if frequency == wanted and days == []:
            yield Found(node.at("visual_config", key), "no day is chosen, so it never starts; choose one")
        for index, day in enumerate(days if isinstance(days, list) else []):
            fits = (
                day in _DAYS
                if key == "weekdays"
                else day == "last" or (isinstance(day, int) and 1 <= day <= 31)
            )
            if not fits:
                known = ", ".join(_DAYS) if key == "weekdays" else "1 to 31, last"
                yield Found(node.at("visual_config", key, index), f"{shown(day)} is no day; days: {known}")


@rule("trigger-unbound", severity="info", since="1.10.0")
def trigger_unbound(view: View) -> Iterator[Found]:
    """A plugin trigger has no subscription yet.

    What it does:
        Finds plugin triggers with an empty `subscription_id`, as every export has it.

    Why is it bad:
        The app starts only after somebody has chosen a subscription in the editor of the other server.

    Example:
        ```yaml
        subscription_id: ''
        ```

    Use instead:
        Choose the subscription in the editor after the import.

    Dify:
        1.10 and later (export empties the field).
    """
    for node in view.of("trigger-plugin"):
        if node.raw.get("subscription_id") == "":
            message = "the subscription is empty, as in every export: choose one after the import"
            yield Found(node.at("subscription_id"), message)
