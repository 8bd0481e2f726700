"""What a Dify answers when a file is imported: its status and, if it refuses, its own words.

The order of the checks and most of the words are those of `AppDslService` (dsl.md 2.3, 3, 8.1 to 8.3) as
servers of 0.15.3, 1.12.1 and a 1.15 in development answered; where no answer is recorded, the words are ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from difyflow import nodes
from difyflow._catalog import names
from difyflow.dsl import _yaml
from difyflow.dsl.releases import NO_VERSION, RELEASES, Releases, Status, compare, parse
from difyflow.errors import ReadError
from difyflow.nodes._base import class_for
from difyflow.nodes._record import READING, numbers

_EDITOR_ONLY = frozenset({"note", "comment", "datasource-empty", "start-placeholder"})
_GRAPH_MODES = ("workflow", "advanced-chat")
_EASY_MODES = ("chat", "agent-chat", "completion")
_MAX_VARIABLE_BYTES = 200 * 1024
_MAX_DESCRIPTION = 255
_MAX_NAME = 255
_FILE_TYPES = frozenset({"image", "document", "audio", "video", "custom"})
_UPLOAD_METHODS = frozenset({"local_file", "remote_url", "tool_file", "datasource_file"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one group of releases answers.

    Attributes:
        releases: who answers.
        status: the first answer.
        error: why the import failed, at once or when confirmed.
        confirmed: for `pending`, what the confirmation brings: completed or failed.
    """

    releases: Releases
    status: Status
    error: str = ""
    confirmed: Status | None = None


class _Refused(Exception):  # not an error: an answer
    """The import fails with these words."""


def answers(source: str | bytes, *, name: str) -> tuple[Answer, ...]:
    """The answers of all releases whose importer we know, the oldest first.

    Args:
        source: the file as it is; it need not be readable.
        name: its name, for messages.
    """
    try:
        data = _yaml.compose(source, name=name).data
        fault = ""
    except ReadError as err:
        data = None
        fault = err.message.removeprefix("not valid YAML: ")
    known = (item for item in RELEASES if item.known)
    return tuple(
        Answer(item, "failed", f"Invalid YAML format: {fault}") if fault else answer(data, item)
        for item in known
    )


def answer(data: object, releases: Releases) -> Answer:
    """What these releases answer to a file with this plain data."""
    try:
        return _import(data, releases)
    except _Refused as err:
        return Answer(releases, "failed", str(err))


def _import(data: object, releases: Releases) -> Answer:
    if not isinstance(data, dict):
        raise _Refused("Invalid YAML format: content must be a mapping")
    version = data.get("version") or NO_VERSION
    if not isinstance(version, str):
        raise _Refused(f"Invalid version type, expected str, got <class '{type(version).__name__}'>")
    status = compare(version, releases.dsl)
    if not data.get("app"):
        raise _Refused("Missing app data in YAML content")
    if status == "pending":
        try:
            _create(data, releases)
        except _Refused as err:
            return Answer(releases, status, str(err), "failed")
        return Answer(releases, status, "", "completed")
    if numbers(releases.first) >= (1, 0, 0):
        dependencies = data.get("dependencies") or []
        _check_dependencies(dependencies)
        if not dependencies and parse(version) is None and numbers(releases.dsl) > (0, 1, 5):
            raise _Refused(f"Invalid version: {version!r}")
    _create(data, releases)
    return Answer(releases, status)


def _check_dependencies(dependencies: object) -> None:
    if not isinstance(dependencies, list):
        raise _Refused("the dependencies are no list")
    keys = (
        {"repo", "version", "package", "github_plugin_unique_identifier"},
        {"marketplace_plugin_unique_identifier"},
        {"plugin_unique_identifier"},
    )
    for item in dependencies:
        value = item.get("value") if isinstance(item, dict) else None
        fits = isinstance(value, dict) and any(wanted <= value.keys() for wanted in keys)
        if not fits or item.get("type") not in ("github", "marketplace", "package"):
            raise _Refused("validation errors for PluginDependency")


def _create(data: Mapping[str, object], releases: Releases) -> None:
    """Makes the app in thought.

    Raises:
        _Refused: it cannot be made.
    """
    app = data.get("app")
    if not isinstance(app, dict):
        raise _Refused(f"'{type(app).__name__}' object has no attribute 'get'")
    mode = app.get("mode")
    if not mode:
        raise _Refused("loss app mode")
    dsl = numbers(releases.dsl)
    if mode not in _modes(releases):
        raise _Refused(f"{mode!r} is not a valid AppMode")
    if len(str(app.get("name", ""))) > _MAX_NAME:
        # The database says it: HTTP 500 up to 1.12.1.
        raise _Refused(f"value too long for type character varying({_MAX_NAME})")
    if mode in _GRAPH_MODES:
        workflow = data.get("workflow")
        if not workflow or not isinstance(workflow, dict):
            raise _Refused("Missing workflow data for workflow/advanced chat app")
        _check_variables(workflow, dsl)
        _check_features(workflow.get("features", {}), str(mode))
        _check_graph(workflow.get("graph", {}), dsl)
    elif mode in _EASY_MODES:
        config = data.get("model_config")
        if not config or not isinstance(config, dict):
            raise _Refused("Missing model_config for chat/agent-chat/completion app")
    elif mode == "agent" and dsl >= (0, 7, 0):
        _check_agent(data)
    else:
        raise _Refused("Invalid app mode")


def _modes(releases: Releases) -> frozenset[str]:
    known = {*_GRAPH_MODES, *_EASY_MODES, "channel"}
    if numbers(releases.first) >= (1, 8, 0):
        known.add("rag-pipeline")
    if numbers(releases.dsl) >= (0, 6, 0):
        known.add("agent")
    return frozenset(known)


def _check_agent(data: Mapping[str, object]) -> None:
    agent, packages = data.get("agent"), data.get("agent_packages")
    reference = agent.get("package_ref") if isinstance(agent, dict) else None
    if not isinstance(packages, dict) or reference not in packages:
        raise _Refused(f"there is no agent package {reference!r}")


# --- variables --------------------------------------------------------------------------------------------

_SIMPLE = {"string": str, "secret": str, "object": dict}
_LISTS = ("array[string]", "array[number]", "array[object]")


def _check_variables(workflow: Mapping[str, object], dsl: tuple[int, ...]) -> None:
    for key in ("environment_variables", "conversation_variables"):
        found = workflow.get(key, [])
        if not isinstance(found, list):
            raise _Refused(f"'{type(found).__name__}' object is not iterable")
        for item in found:
            if not isinstance(item, dict):
                raise _Refused(f"'{type(item).__name__}' object has no attribute 'get'")
            _check_variable(item, dsl)
            description = item.get("description", "")
            if key.startswith("conv") and dsl >= (0, 6, 0) and len(str(description)) > _MAX_DESCRIPTION:
                raise _Refused(f"a description has more than {_MAX_DESCRIPTION} characters")
        if dsl <= (0, 1, 5) and any(not item.get("id") for item in found):
            # 0.15.3 makes an id that it cannot write down.
            raise _Refused("Object of type function is not JSON serializable")


def _check_variable(item: Mapping[str, object], dsl: tuple[int, ...]) -> None:
    kind, value = item.get("value_type"), item.get("value")
    if not item.get("name"):
        raise _Refused("missing name")
    if kind is None:
        raise _Refused("missing value type")
    if value is None:
        raise _Refused("missing value")
    if not isinstance(kind, str) or not _fits(kind, value, dsl):
        raise _Refused(_why(kind, value, dsl))
    if sys.getsizeof(value) > _MAX_VARIABLE_BYTES:
        raise _Refused(f"variable size {sys.getsizeof(value)} exceeds limit {_MAX_VARIABLE_BYTES}")


def _fits(kind: str, value: object, dsl: tuple[int, ...]) -> bool:
    if kind in _SIMPLE:
        return isinstance(value, _SIMPLE[kind])
    if kind == "number":
        return isinstance(value, int | float)
    if kind in _LISTS or (kind == "array[boolean]" and dsl >= (0, 4, 0)):
        return isinstance(value, list)
    if kind == "boolean":
        return dsl >= (0, 4, 0) and isinstance(value, bool)
    if kind in ("integer", "float"):
        return dsl >= (0, 3, 1) and isinstance(value, int if kind == "integer" else float)
    return False


def _why(kind: object, value: object, dsl: tuple[int, ...]) -> str:
    if kind == "number":
        return f"invalid number value {value}"
    if kind == "object":
        return f"invalid object value {value}"
    if kind in ("string", "secret"):
        return f"1 validation error for {str(kind).capitalize()}Variable: value must be a text"
    if kind == "boolean" and dsl >= (0, 4, 0):
        return f"invalid boolean value {value}"
    return f"not supported value type {kind}"


# --- features ---------------------------------------------------------------------------------------------


def _check_features(features: object, mode: str) -> None:
    if not isinstance(features, dict):
        raise _Refused(f"'{type(features).__name__}' object has no attribute 'get'")
    upload = features.get("file_upload")
    if upload:
        _check_upload(upload)
    chat = ("suggested_questions_after_answer", "speech_to_text", "retriever_resource")
    for key in ("text_to_speech", *(chat if mode == "advanced-chat" else ())):
        _check_switch(features, key)
    if mode == "advanced-chat":
        _check_opening(features)
    moderation = _check_switch(features, "sensitive_word_avoidance")
    if moderation.get("enabled") and not moderation.get("type"):
        raise _Refused("sensitive_word_avoidance.type is required")


def _check_upload(upload: object) -> None:
    if not isinstance(upload, dict):
        raise _Refused(
            "1 validation error for FileUploadConfig\n"
            "  Input should be a valid dictionary or instance of FileUploadConfig"
        )
    for key, known in (
        ("allowed_file_types", _FILE_TYPES),
        ("allowed_file_upload_methods", _UPLOAD_METHODS),
    ):
        values = upload.get(key, [])
        if not isinstance(values, list) or not all(value in known for value in values):
            raise _Refused(f"validation errors for FileUploadConfig\n{key}")


def _check_switch(features: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = features.get(key)
    if not value:
        return {}
    if not isinstance(value, dict):
        raise _Refused(f"{key} must be of dict type")
    if not isinstance(value.get("enabled") or False, bool):
        raise _Refused(f"enabled in {key} must be of boolean type")
    return value


def _check_opening(features: Mapping[str, object]) -> None:
    if not isinstance(features.get("opening_statement") or "", str):
        raise _Refused("opening_statement must be of string type")
    questions = features.get("suggested_questions") or []
    if not isinstance(questions, list):
        raise _Refused("suggested_questions must be of list type")
    if not all(isinstance(question, str) for question in questions):
        raise _Refused("Elements in suggested_questions list must be of string type")


# --- graph ------------------------------------------------------------------------------------------------


def _check_graph(graph: object, dsl: tuple[int, ...]) -> None:
    """Looks at the graph as `sync_draft_workflow` does since Dify 1.10; before it is stored unread."""
    if dsl < (0, 5, 0):
        return
    if not isinstance(graph, dict):
        raise _Refused(f"'{type(graph).__name__}' object has no attribute 'get'")
    found = graph.get("nodes", [])
    if found and not isinstance(found, list):
        raise _Refused("the nodes are no list")
    types = set(_types(found or [], dsl))
    if "start" in types and any(kind.startswith("trigger-") for kind in types):
        raise _Refused("Start node and trigger nodes cannot coexist in the same workflow")
    for node in found or []:
        _check_node(node, dsl)
    if "nodes" not in graph:
        raise _Refused("nodes not found in workflow graph")
    for node in found or []:
        for step, inside in (("data", node), ("type", node.get("data"))):
            if step not in inside:
                raise _Refused(f"'{step}'")


def _types(found: list[object], dsl: tuple[int, ...]) -> Iterator[str]:
    known = {item for item in names(nodes) if item not in _EDITOR_ONLY}
    for node in found:
        data = node.get("data", {}) if isinstance(node, dict) else None
        if not isinstance(data, dict):
            raise _Refused(f"'{type(data).__name__}' object has no attribute 'get'")
        kind = data.get("type")
        if kind and dsl[:2] == (0, 5) and not (isinstance(kind, str) and kind in known):
            raise _Refused(f"{kind!r} is not a valid NodeType")
        if kind:
            yield str(kind)


def _check_node(node: Mapping[str, object], dsl: tuple[int, ...]) -> None:
    data = node.get("data")
    if isinstance(data, dict) and all(isinstance(key, str) for key in data):
        made = class_for(node.get("type"), data).model_validate(data, context=READING)
        for fault in made.import_faults(dsl):
            raise _Refused(fault)
