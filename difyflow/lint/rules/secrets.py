"""Rules about what must not stand in a file, and what another server cannot use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from difyflow.dsl.edit import Path
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.terms.secrets import find_secrets, is_secret_name, looks_real, place_of, shapes_in


@rule("secret-in-file", severity="warning")
def secret_in_file(view: View) -> Iterator[Found]:
    """A key, a token or a password stands in the file.

    What it does:
        Searches headers, keys of requests, URLs, bodies, code, prompts and all other texts for well-known
        shapes of keys (OpenAI, AWS, GitHub, Slack, Dify, ...), passwords in URLs, and values under a name
        such as `api_key` or `Authorization`. Placeholders (`sk-xxx`, `YOUR_KEY`) and references are none.

    Why is it bad:
        Everybody who gets the file gets the key, and so does the history of the repository. A key that has
        been shared must be withdrawn, not only removed.

    Example:
        ```yaml
        headers: 'Authorization: Bearer <the real key>'
        ```

    Use instead:
        ```yaml
        headers: 'Authorization: Bearer {{#env.API_KEY#}}'
        ```

    Dify:
        Every release with environment variables (0.6.15): a `secret` variable is left out of exports.
    """
    texts = list(_texts(view.data))
    shapes = shapes_in("\n".join([text for _, text in texts]))
    for path, text in texts:
        if path[:2] == ("workflow", "environment_variables"):
            continue
        for span in find_secrets(text, place=place_of(path), shapes=shapes):
            words = text[span.start : span.end]
            message = (
                f"this looks like {span.what}: {_masked(words)}; withdraw it, and use {{{{#env.NAME#}}}}"
            )
            yield Found(path, message, text=words, start=span.start)
    for node in view.of("http-request"):
        yield from _request_key(node)


def _request_key(node: NodeView) -> Iterator[Found]:
    """A key of a request that has no well-known shape."""
    found = node.raw.get("authorization")
    config = found.get("config") if isinstance(found, dict) and found.get("type") == "api-key" else None
    key = config.get("api_key") if isinstance(config, dict) else None
    if isinstance(key, str) and "{{#" not in key and looks_real(key) and not find_secrets(key):
        message = f"the key of the request stands in the file: {_masked(key)}; use {{{{#env.NAME#}}}} instead"
        yield Found(node.at("authorization", "config", "api_key"), message)


@rule("secret-variable", severity="warning", fix="unsafe")
def secret_variable(view: View) -> Iterator[Found]:
    """A secret variable has its value in the file, or a variable with a secret's name is none.

    What it does:
        Finds environment variables of type `secret` with a value, and variables of type `string` whose name
        promises a secret (`API_KEY`, `db_password`) and whose value looks like one.

    Why is it bad:
        Dify leaves the value out of an export unless it is asked for it; here it was. Whoever has the file
        has the secret.

    Example:
        ```yaml
        environment_variables: [{name: API_KEY, value_type: secret, value: <the real key>}]
        ```

    Use instead:
        ```yaml
        environment_variables: [{name: API_KEY, value_type: secret, value: ''}]
        ```

    Fix safety:
        Unsafe: the value becomes empty, so that an import over the app empties it there, too.

    Dify:
        0.6.15 and later (export with `include_secret`).
    """
    found = view.workflow.get("environment_variables")
    for index, item in enumerate(found if isinstance(found, list) else []):
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, str) or not value.strip():
            continue
        place: Path = ("workflow", "environment_variables", index, "value")
        fix = Fix("Empty the value", ((place, ""),), safe=False)
        name = str(item.get("name"))
        if item.get("value_type") == "secret":
            if _is_placeholder(value):
                continue
            message = f"the value of the secret {name!r} stands in the file; empty it, and set it in Dify"
            yield Found(place, message, fix=fix)
        elif find_secrets(value) or (is_secret_name(name) and looks_real(value)):
            message = f"{name!r} is text and looks like a secret: make it a `secret` and empty its value"
            yield Found(place, message, fix=fix)


def _is_placeholder(value: str) -> bool:
    return not looks_real(value) and not find_secrets(value) and bool(_PLACEHOLDER.search(value))


_PLACEHOLDER = re.compile(
    r"xxx|your|example|placeholder|\*\*\*|HIDDEN|changeme|replace|<[^>]*>", re.IGNORECASE
)


def _masked(words: str) -> str:
    """The first characters of a secret, so that its owner knows it."""
    return f"{words[:4]}… ({len(words)} characters)"


_COSMETIC = frozenset(
    (
        "edges",
        "position",
        "positionAbsolute",
        "viewport",
        "paramSchemas",
        "schemas",
        "output_schema",
        "dataset_ids",
    )
)
"""Where an author writes nothing; the largest part of most files."""
_SHORTEST = 16


def _texts(value: object) -> Iterator[tuple[Path, str]]:
    """Every text that may hold a secret, with its place."""
    stack: list[tuple[Path, object]] = [((), value)]
    while stack:
        here, item = stack.pop()
        inside: Iterable[tuple[Any, object]] = ()
        if isinstance(item, dict):
            inside = item.items()
        elif isinstance(item, list):
            inside = enumerate(item)
        for key, inner in inside:
            kind = type(inner)
            if isinstance(inner, str):
                if len(inner) >= _SHORTEST:
                    yield (*here, key), inner
            elif (kind is dict or kind is list) and key not in _COSMETIC:
                stack.append(((*here, key), inner))


# --- private ids ----------------------------------------------------------------------------------------

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ENCRYPTED = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


@rule("private-dataset", severity="info")
def private_dataset(view: View) -> Iterator[Found]:
    """A knowledge base is named by an id of its own workspace.

    What it does:
        Finds `dataset_ids` in knowledge retrieval nodes.

    Why is it bad:
        Another workspace has no such knowledge base: since Dify 1.2 an import drops an id that it cannot
        decrypt, without a word, and the search finds nothing. For information: the app works at home.

    Example:
        ```yaml
        dataset_ids: [8a8e1a0e-7a36-4c64-9f3c-3d7f2f7a6f10]
        ```

    Use instead:
        ```yaml
        dataset_ids: []
        ```

    Dify:
        Every release (`decrypt_dataset_id`).
    """
    for node, index, dataset in _datasets(view):
        if _UUID.fullmatch(dataset) or _ENCRYPTED.fullmatch(dataset):
            message = (
                "this knowledge base exists in its own workspace only; elsewhere choose one after the import"
            )
            yield Found(node.at("dataset_ids", index), message)


@rule("retrieval-foreign-dataset", severity="error")
def retrieval_foreign_dataset(view: View) -> Iterator[Found]:
    """What is named as a knowledge base is no id.

    What it does:
        Finds `dataset_ids` that are neither a UUID nor the encrypted form of exports: placeholders and names.

    Why is it bad:
        Up to Dify 1.1 the search fails, and so does publishing. Since 1.2 an import drops the id without a
        word, and the search finds nothing: that is a warning.

    Example:
        ```yaml
        dataset_ids: [YOUR_DATASET_ID_HERE]
        ```

    Use instead:
        ```yaml
        dataset_ids: []
        ```

    Dify:
        Every release (`decrypt_dataset_id`; recorded at 0.15.3: "invalid input syntax for type uuid").
    """
    for node, index, dataset in _datasets(view):
        if not _UUID.fullmatch(dataset) and not _ENCRYPTED.fullmatch(dataset):
            fails = view.holds(until="1.1") and view.is_reached(node)
            what = "the search fails" if fails else "an import drops it"
            message = f"{dataset[:40]!r} is no id of a knowledge base: {what}; choose one after the import"
            yield Found(node.at("dataset_ids", index), message, severity=None if fails else "warning")


def _datasets(view: View) -> Iterator[tuple[NodeView, int, str]]:
    for node in view.of("knowledge-retrieval"):
        found = node.raw.get("dataset_ids")
        for index, dataset in enumerate(found if isinstance(found, list) else []):
            if isinstance(dataset, str):
                yield node, index, dataset


@rule("private-credential", severity="info", fix="safe")
def private_credential(view: View) -> Iterator[Found]:
    """A tool names a credential of its own workspace.

    What it does:
        Finds `credential_id` in tool nodes and in the tools of agents.

    Why is it bad:
        Another workspace has no such credential, and the tool fails there. Dify leaves the id out of exports
        unless it is asked for secrets.

    Example:
        ```yaml
        credential_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7
        ```

    Use instead:
        ```yaml
        credential_id: null
        ```

    Fix safety:
        Safe: without an id Dify takes the default credential.

    Dify:
        1.7 and later (`_drop_credential_id`).
    """
    for node in view.of("tool"):
        if node.raw.get("credential_id"):
            yield _credential(node.at("credential_id"))
    for node in view.of("agent"):
        given = node.raw.get("agent_parameters")
        item = given.get("tools") if isinstance(given, dict) else None
        tools = item.get("value") if isinstance(item, dict) else None
        for index, tool in enumerate(tools if isinstance(tools, list) else []):
            if isinstance(tool, dict) and tool.get("credential_id"):
                yield _credential(node.at("agent_parameters", "tools", "value", index, "credential_id"))


def _credential(place: Path) -> Found:
    message = "this credential exists in its own workspace only; leave it out to use the default one"
    return Found(place, message, fix=Fix("Leave the credential out", ((place, None),)))


@rule("private-tool", severity="info")
def private_tool(view: View) -> Iterator[Found]:
    """A tool is one of its own workspace.

    What it does:
        Finds tool nodes whose provider is an API, an MCP server or another workflow: those have an id.

    Why is it bad:
        The id differs on every server: after an import the tool must be chosen anew. It is for information,
        since the app works where it was made.

    Example:
        ```yaml
        provider_type: workflow
        provider_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7
        ```

    Use instead:
        Choose the tool in the editor after the import.

    Dify:
        Every release (recorded at 1.12.1: "workflow provider <id> not found"; Dify issues 10911, 20247).
    """
    for node in view.of("tool"):
        provider = node.raw.get("provider_id")
        if node.raw.get("provider_type") in ("api", "workflow", "mcp") and isinstance(provider, str):
            message = "this tool exists in its own workspace only; choose it anew after an import elsewhere"
            yield Found(node.at("provider_id"), message)


@rule("private-member", severity="info", since="1.13.0")
def private_member(view: View) -> Iterator[Found]:
    """A form goes to a member of one workspace.

    What it does:
        Finds e-mail recipients of human input nodes that are named by the id of a member.

    Why is it bad:
        Another workspace has no such member, so nobody gets the form there.

    Example:
        ```yaml
        recipients: {whole_workspace: false,
                     items: [{type: member, user_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7}]}
        ```

    Use instead:
        ```yaml
        recipients: {whole_workspace: false, items: [{type: external, email: editor@example.com}]}
        ```

    Dify:
        1.13 and later.
    """
    for node in view.of("human-input"):
        methods = node.raw.get("delivery_methods")
        for index, method in enumerate(methods if isinstance(methods, list) else []):
            config = method.get("config") if isinstance(method, dict) else None
            recipients = config.get("recipients") if isinstance(config, dict) else None
            items = recipients.get("items") if isinstance(recipients, dict) else None
            for number, item in enumerate(items if isinstance(items, list) else []):
                if isinstance(item, dict) and item.get("user_id"):
                    path = ("delivery_methods", index, "config", "recipients", "items", number, "user_id")
                    yield Found(
                        node.at(*path), "this member exists in its own workspace only; name an e-mail address"
                    )


@rule("private-upload", severity="info")
def private_upload(view: View) -> Iterator[Found]:
    """A default file is one that was uploaded to one server.

    What it does:
        Finds `upload_file_id` anywhere in the defaults of start inputs.

    Why is it bad:
        Another server has no such file: a run that falls back on the default fails there.

    Example:
        ```yaml
        default: {transfer_method: local_file, upload_file_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7}
        ```

    Use instead:
        ```yaml
        default: {transfer_method: remote_url, url: https://example.com/sample.pdf}
        ```

    Dify:
        0.11 and later (newer exports leave such defaults out).
    """
    for node in view.of("start"):
        found = node.raw.get("variables")
        for index, item in enumerate(found if isinstance(found, list) else []):
            default = item.get("default") if isinstance(item, dict) else None
            files = default if isinstance(default, list) else [default]
            if any(isinstance(file, dict) and file.get("upload_file_id") for file in files):
                message = "this default file exists on its own server only; give a URL, or no default"
                yield Found(node.at("variables", index, "default"), message)
