"""Rules about HTTP request nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_built, when_run
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View

_METHODS = ("get", "post", "put", "patch", "delete", "head")


@rule("http-method", severity="error")
def http_method(view: View) -> Iterator[Found]:
    """The method of a request is none that Dify sends.

    What it does:
        Finds methods other than get, post, put, patch, delete and head, in small letters or in capitals.

    Why is it bad:
        Dify cannot build the node, or (`options`) fails when it runs: "Invalid http method".

    Example:
        ```yaml
        method: fetch
        ```

    Use instead:
        ```yaml
        method: get
        ```

    Dify:
        Every release (`HttpRequestNodeData.method`, `Executor._do_http_request`).
    """
    for node in view.of("http-request"):
        method = node.raw.get("method")
        if (
            not isinstance(method, str)
            or method in _METHODS
            or (method.lower() in _METHODS and method.isupper())
        ):
            continue
        message = f"{method!r} is no method that Dify sends; write one of: {', '.join(_METHODS)}"
        runs = method in ("options", "OPTIONS")
        yield Found(node.at("method"), message, severity=(when_run if runs else when_built)(view, node))


@rule("http-url", severity="error")
def http_url(view: View) -> Iterator[Found]:
    """The URL of a request is empty or none.

    What it does:
        Finds an empty `url`, and one that does not begin with `http://` or `https://`. A URL that begins with
        a reference is left alone.

    Why is it bad:
        The run fails: "url is required", or "url should start with http:// or https://".

    Example:
        ```yaml
        url: api.example.com/v1/orders
        ```

    Use instead:
        ```yaml
        url: https://api.example.com/v1/orders
        ```

    Dify:
        Every release (`Executor._init_url`; recorded at 0.15.3 and 1.12.1).
    """
    for node in view.of("http-request"):
        url = node.raw.get("url")
        if not isinstance(url, str) or url.startswith(("http://", "https://", "{{#")):
            continue
        if not url:
            message = "no URL is given, and the run fails; write one that begins with https://"
        else:
            message = f"{shown(url)} does not begin with http:// or https://, and the run fails"
        yield Found(node.at("url"), message, severity=when_run(view, node))


@rule("http-auth", severity="error")
def http_auth(view: View) -> Iterator[Found]:
    """A request shall carry a key and has none.

    What it does:
        Finds `authorization` of type `api-key` without a configuration, with an unknown kind of it, with a
        blank key, or with the kind `custom` and no header.

    Why is it bad:
        Without a configuration the node cannot be built; with a blank key the run fails since Dify 1.12 ("API
        key is required for authorization but was empty"), and before that it sends an empty key, which is a
        warning. A custom key without a header goes into `Authorization`, which is a warning, too.

    Example:
        ```yaml
        authorization: {type: api-key, config: null}
        ```

    Use instead:
        ```yaml
        authorization: {type: api-key, config: {type: bearer, api_key: '{{#env.api_key#}}'}}
        ```

    Dify:
        Every release (`HttpRequestNodeAuthorization`, `Executor.__init__`).
    """
    for node in view.of("http-request"):
        found = node.raw.get("authorization")
        if not isinstance(found, dict) or found.get("type") != "api-key":
            continue
        config = found.get("config")
        if not config or not isinstance(config, dict):
            message = f"the configuration of the key is {shown(config)}; it needs type and api_key"
            yield Found(node.at("authorization", "config"), message, severity=when_built(view, node))
            continue
        yield from _config_faults(view, node, config)


def _config_faults(view: View, node: NodeView, config: Mapping[str, object]) -> Iterator[Found]:
    kind, key = config.get("type"), config.get("api_key")
    if kind not in ("basic", "bearer", "custom"):
        message = f"{shown(kind)} is no kind of key; it is one of: basic, bearer, custom"
        yield Found(node.at("authorization", "config", "type"), message, severity=when_built(view, node))
    if not isinstance(key, str):
        message = f"the key is {shown(key)}, and text belongs there; use {{{{#env.NAME#}}}}"
        yield Found(node.at("authorization", "config", "api_key"), message, severity=when_built(view, node))
    elif not key.strip():
        message = "the key is empty; use {{#env.NAME#}}"
        severity = when_run(view, node) if view.holds("1.12.0") else "warning"
        yield Found(node.at("authorization", "config", "api_key"), message, severity=severity)
    if kind == "custom" and not config.get("header"):
        message = "no header is named for the key, so it goes into Authorization; name one"
        yield Found(node.at("authorization", "config", "header"), message, severity="warning")


_ONE_ITEM = ("raw-text", "json", "binary")


@rule("http-body", severity="error")
def http_body(view: View) -> Iterator[Found]:
    """The body of a request does not have what its kind needs.

    What it does:
        Finds bodies of type `json`, `raw-text` and `binary` with no item or with several, a binary body or a
        file field without a file, and JSON in which even repair finds nothing.

    Why is it bad:
        The run fails: "json body type should have exactly one item", "cannot fetch file with selector []".
        A form field of type file without a file is left out, which is a warning.

    Example:
        ```yaml
        body: {type: json, data: []}
        ```

    Use instead:
        ```yaml
        body: {type: json, data: [{key: '', type: text, value: '{"query": "{{#start.query#}}"}'}]}
        ```

    Dify:
        Every release with lists of items (0.12 and later; `Executor._init_body`; recorded at 0.15.3). A text
        in place of the list is one item.
    """
    for node in view.of("http-request"):
        body = node.raw.get("body")
        if not isinstance(body, dict):
            continue
        kind, data = body.get("type"), body.get("data")
        items = data if isinstance(data, list) else [data] if data else []
        if kind in _ONE_ITEM and len(items) != 1:
            message = f"a {kind} body has exactly one item, and this one has {len(items)}: the run fails"
            yield Found(node.at("body", "data"), message, severity=when_run(view, node))
            continue
        for index, item in enumerate(items):
            if isinstance(item, dict):
                yield from _item_faults(view, node, str(kind), ("body", "data", index), item)


def _item_faults(
    view: View, node: NodeView, kind: str, path: Path, item: Mapping[str, object]
) -> Iterator[Found]:
    file, value = item.get("file"), item.get("value")
    if kind == "binary" and not (isinstance(file, list) and len(file) > 1):
        message = "a binary body sends a file, and none is chosen: the run fails"
        yield Found(node.at(*path, "file"), message, severity=when_run(view, node))
    elif kind == "form-data" and item.get("type") == "file" and not file:
        message = f"no file is chosen for the field {shown(item.get('key'))}, so it is left out"
        yield Found(node.at(*path, "file"), message, severity="warning")
    elif kind == "json" and value in (None, ""):
        message = "the JSON body is empty, and the run fails; write {} at least"
        yield Found(node.at(*path, "value"), message, severity=when_run(view, node))


_PLACEHOLDER = re.compile(r"\{\{#[^{}]*#\}\}")


@rule("http-json", severity="error")
def http_json(view: View) -> Iterator[Found]:
    """The JSON body of a request is no JSON.

    What it does:
        Parses the body with something in place of each reference, as a number, a text, a word and a mapping;
        it tells if none of them makes it JSON.

    Why is it bad:
        Up to Dify 0.15 the run fails: "Failed to parse JSON". Newer releases repair the text, and what comes
        of that is a guess: a warning.

    Example:
        ```yaml
        body: {type: json, data: [{type: text, value: '{"a": "{{#start.a#}}" "b": 1}'}]}
        ```

    Use instead:
        ```yaml
        body: {type: json, data: [{type: text, value: '{"a": "{{#start.a#}}", "b": 1}'}]}
        ```

    Dify:
        Every release (`Executor._init_body`; recorded at 0.15.3).
    """
    for node in view.of("http-request"):
        body = node.raw.get("body")
        data = body.get("data") if isinstance(body, dict) and body.get("type") == "json" else None
        item = data[0] if isinstance(data, list) and len(data) == 1 else None
        text = item.get("value") if isinstance(item, dict) else None
        if not isinstance(text, str) or not text.strip():
            continue
        fault = _json_fault(text)
        if fault:
            severity = when_run(view, node) if view.holds(until="0.15") else "warning"
            yield Found(node.at("body", "data", 0, "value"), f"this is no JSON: {fault}", severity=severity)


def _json_fault(text: str) -> str:
    """Why a text is no JSON, whatever its references stand for; empty if it may be."""
    fault = ""
    for value in ("1", '"x"', "x", "{}"):
        try:
            json.loads(_PLACEHOLDER.sub(value, text), strict=False)
        except ValueError as err:
            fault = fault or str(err)
        except RecursionError:
            return ""
        else:
            return ""
    return fault


@rule("http-lines", severity="warning")
def http_lines(view: View) -> Iterator[Found]:
    """Headers or parameters are not lines of `name:value`.

    What it does:
        Finds `headers` and `params` that are JSON, and lines of them without a colon.

    Why is it bad:
        Dify reads one `name:value` per line. Of JSON it makes headers with names such as `{`, which servers
        refuse or pass over; a line without a colon becomes a name with an empty value.

    Example:
        ```yaml
        headers: '{"Content-Type": "application/json"}'
        ```

    Use instead:
        ```yaml
        headers: Content-Type:application/json
        ```

    Dify:
        Every release (`Executor._init_headers`, `_init_params`).
    """
    for node in view.of("http-request"):
        for key in ("headers", "params"):
            text = node.raw.get(key)
            if not isinstance(text, str) or not text.strip():
                continue
            if text.lstrip()[:1] in "{[" and not text.lstrip().startswith("{{#"):
                said = "this is JSON, and Dify reads one name:value per line" if _is_json(text) else ""
                if said:
                    yield Found(node.at(key), said)
                continue
            for line in text.splitlines():
                if line.strip() and ":" not in line and "{{#" not in line:
                    message = f"{shown(line.strip())} has no colon: it becomes a name with an empty value"
                    yield Found(node.at(key), message, text=line.strip())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "\n" in text
    return True


@rule("http-timeout", severity="warning")
def http_timeout(view: View) -> Iterator[Found]:
    """A timeout has no effect, or is longer than the server allows.

    What it does:
        Finds `max_connect_timeout`, `max_read_timeout` and `max_write_timeout` with a value, which the editor
        writes and nobody reads, where `connect`, `read` or `write` are missing.

    Why is it bad:
        The node waits as long as the server is set up to, not as the file says.

    Example:
        ```yaml
        timeout: {max_connect_timeout: 5, max_read_timeout: 30, max_write_timeout: 30}
        ```

    Use instead:
        ```yaml
        timeout: {connect: 5, read: 30, write: 30}
        ```

    Dify:
        Every release (`HttpRequestNodeTimeout`).
    """
    for node in view.of("http-request"):
        timeout = node.raw.get("timeout")
        if not isinstance(timeout, dict):
            continue
        for name in ("connect", "read", "write"):
            value = timeout.get(f"max_{name}_timeout")
            if value and timeout.get(name) in (None, "", 0):
                place = node.at("timeout", f"max_{name}_timeout")
                yield Found(place, f"this has no effect; write {name}: {shown(value)}")
