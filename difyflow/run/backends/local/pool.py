"""Fills the engine's variable pool, which the engine leaves to its host: inputs, sys, env, conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphon.file.models import File
from graphon.runtime.variable_pool import VariablePool
from graphon.variables.factory import TypeMismatchError, build_segment_with_type, segment_to_variable
from graphon.variables.segments import ArrayFileSegment, FileSegment
from graphon.variables.types import SegmentType
from graphon.variables.variables import SecretVariable, Variable

from difyflow.errors import InputError, UsageError
from difyflow.run.backends.local.files import RunFiles
from difyflow.run.backends.local.flow import Flow
from difyflow.terms.form import LocalFile, RemoteFile, UploadedFile

_FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation with a chatflow between two turns.

    Attributes:
        variables: the conversation variables by name, as they stand.
        turns: (query, answer) of the turns so far, for nodes with memory.
    """

    id: str
    variables: Mapping[str, object] = field(default_factory=dict)
    turns: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, object]:
        """As a JSON object.

        Raises:
            UsageError: a variable holds what JSON cannot, such as a file.
        """
        data: dict[str, object] = {
            "id": self.id,
            "variables": dict(self.variables),
            "turns": [list(turn) for turn in self.turns],
        }
        try:
            json.dumps(data)
        except (TypeError, ValueError) as err:
            raise UsageError(
                f"the conversation cannot be kept in a file: {err}", code="no-conversation"
            ) from err
        return data

    @staticmethod
    def from_json(data: Mapping[str, object]) -> Conversation:
        """From such an object.

        Raises:
            UsageError: it is none.
        """
        named, variables, turns = data.get("id"), data.get("variables"), data.get("turns")
        pairs = [tuple(turn) for turn in turns if isinstance(turn, list)] if isinstance(turns, list) else []
        fits = all(len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in pairs)
        whole = isinstance(turns, list) and len(pairs) == len(turns) and fits
        if not isinstance(named, str) or not named or not isinstance(variables, Mapping) or not whole:
            raise UsageError("holds no conversation", code="no-conversation")
        said = tuple((str(query), str(answer)) for query, answer in pairs)
        return Conversation(id=named, variables=dict(variables), turns=said)


def declared_variable(entry: Mapping[str, object], root: str, value: object = None) -> Variable:
    """An environment (`env`) or conversation (`conversation`) variable with its declared type.

    Args:
        entry: as in the DSL file.
        root: first part of its selector.
        value: what it holds instead of the value in the file; None = that value.

    Raises:
        ValueError: type and value do not fit, or the type does not exist.
    """
    name, kind = str(entry.get("name") or ""), str(entry.get("value_type") or "")
    held = entry.get("value") if value is None else value
    selector = [root, name]
    if kind == "secret":
        return SecretVariable(name=name, value=str(held or ""), selector=selector)
    try:
        segment = build_segment_with_type(SegmentType(kind), held)
    except TypeMismatchError as err:
        raise ValueError(str(err)) from err
    return segment_to_variable(segment=segment, selector=selector, name=name)


def build_pool(
    flow: Flow,
    start: Mapping[str, object],
    system: Mapping[str, object],
    *,
    environment: Mapping[str, str],
    conversation: Mapping[str, object],
) -> VariablePool:
    """The pool of one run.

    Args:
        flow: names the start node and declares the variables.
        start: engine values by variable of the start node (see `start_values`).
        system: values of `sys.*` by name, without the prefix.
        environment: other values for environment variables, by name.
        conversation: other values for conversation variables, by name.
    """
    pool = VariablePool()
    for name, value in start.items():
        pool.add((flow.start_id, name), _segment(value))
    for name, value in system.items():
        pool.add(("sys", name), _segment(value))
    for entry in flow.environment:
        variable = declared_variable(entry, "env", environment.get(str(entry.get("name"))))
        pool.add(variable.selector, variable)
    for entry in flow.conversation if flow.is_chat else ():
        variable = declared_variable(entry, "conversation", conversation.get(str(entry.get("name"))))
        pool.add(variable.selector, variable)
    return pool


def _segment(value: object) -> Any:  # noqa: ANN401  # a segment, or what the pool makes one of
    if isinstance(value, File):
        return FileSegment(value=value)
    if isinstance(value, _FileList):
        return ArrayFileSegment(value=list(value))
    return value


class _FileList(list[File]):
    """A list of files, also when it is empty: a bare `[]` would become `array[any]`."""


def start_values(flow: Flow, inputs: Mapping[str, object], files: RunFiles) -> dict[str, object]:
    """A value for every variable that the start node declares, as Dify 1.12.1 makes it of the inputs.

    What the caller leaves out gets the declared default, else None; unknown inputs are ignored.

    Raises:
        InputError: a number that is none, or something that is no file for a file.
    """
    variables = flow.start.data.get("variables")
    declared = variables if isinstance(variables, Sequence) and not isinstance(variables, str) else []
    problems: list[str] = []
    values: dict[str, object] = {}
    for variable in declared:
        if isinstance(variable, Mapping) and variable.get("variable"):
            name = str(variable["variable"])
            given = inputs.get(name)
            given = variable.get("default") if given is None else given
            try:
                values[name] = _value(str(variable.get("type")), given, files)
            except ValueError as err:
                problems.append(f"{name}: {err}")
    if problems:
        raise InputError("the start node does not take these inputs:", problems=problems)
    return values


def system_files(given: object, files: RunFiles) -> object:
    """The value of `sys.files`: a list of files, also when there is none."""
    return _value("file-list", [] if given is None else given, files)


def _value(kind: str, given: object, files: RunFiles) -> object:
    match kind:
        case "number":
            return _number(given)
        case "checkbox":
            return given if given is None or isinstance(given, bool) else str(given).lower() in _TRUE
        case "file":
            return None if not given else _file(given, files)
        case "file-list" if given is None:
            return None
        case "file-list":
            items = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
            return _FileList(_file(item, files) for item in items)
        case _:
            return given.replace("\0", "") if isinstance(given, str) else given


_TRUE = ("true", "1", "yes", "on")


def _number(given: object) -> int | float | None:
    if given is None or isinstance(given, int | float):
        return given
    text = str(given).strip()
    if not text:
        return None
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        raise ValueError(f"not a number: {text!r}") from None


def _file(given: object, files: RunFiles) -> File:
    if isinstance(given, LocalFile | RemoteFile | UploadedFile):
        try:
            return files.add(given)
        except OSError as err:
            raise ValueError(f"cannot be read: {err}") from err
    raise ValueError(f"not a file: {given!r}")
