"""YAML text to `App`: everything that Dify itself would import is read, and nothing of it is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difyflow.dsl import _yaml
from difyflow.errors import ReadError

if TYPE_CHECKING:  # who looks at the plain data alone does not wait for the model
    from difyflow.dsl.app import App

MAX_BYTES = _yaml.MAX_BYTES
_BODIES = ("app", "rag_pipeline", "snippet")


@dataclass(frozen=True, slots=True)
class Document:
    """A DSL file: its model and where each value stands in the text."""

    app: App
    source: _yaml.Composed
    name: str


def read(source: str | bytes, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> App:
    """Reads a DSL document.

    Args:
        source: YAML text, or its UTF-8 bytes.
        name: file name for messages.
        max_bytes: size above which nothing is parsed.

    Raises:
        ReadError: not YAML, or not shaped as a DSL document: file, line, what, how to mend.
    """
    return read_document(source, name=name, max_bytes=max_bytes).app


def read_document(source: str | bytes, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> Document:
    """As `read`, with the marks of every value."""
    from difyflow.dsl.app import App
    from difyflow.nodes._record import READING

    shown = name or "<text>"
    composed, data = read_source(source, name=shown, max_bytes=max_bytes)
    _check(data, composed, shown)
    app = App.model_validate(_with_text_keys(data, shown), context=READING)
    return Document(app, composed, shown)


def _with_text_keys(data: dict[Any, Any], name: str) -> dict[str, Any]:
    """The document with its own keys as text: Dify passes over a key such as `5:`, and we keep what it holds.

    Raises:
        ReadError: two keys are one as text.
    """
    made = {key if isinstance(key, str) else _as_text(key): value for key, value in data.items()}
    if len(made) < len(data):
        twice = next(key for key in data if not isinstance(key, str) and _as_text(key) in data)
        raise ReadError(
            f"the key {twice!r} stands there as text too", path=name, code="key-type", hint="leave one out"
        )
    return made


def _as_text(key: object) -> str:
    """A key as JSON writes it: `true`, `null`, `5`."""
    return json.dumps(key) if key is None or isinstance(key, bool | int | float) else str(key)


def read_source(
    source: str | bytes, *, name: str, max_bytes: int = MAX_BYTES
) -> tuple[_yaml.Composed, dict[Any, Any]]:
    """The plain data of a document with its marks, for those who judge what Dify's importer would refuse.

    Raises:
        ReadError: not YAML, or no mapping.
    """
    composed = _yaml.compose(source, name=name, max_bytes=max_bytes)
    data = composed.data
    if not isinstance(data, dict):
        raise ReadError(
            f"this is a YAML {_kind(data)}, and a DSL document is a mapping",
            path=name,
            line=1,
            hint="a Dify export begins with the key `app:` (or `rag_pipeline:`)",
        )
    return composed, data


def read_file(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Reads a DSL file; see `read`.

    Raises:
        ReadError: as `read`, or the file cannot be opened or is larger than `max_bytes`.
    """
    return read_document(read_bytes(path, max_bytes=max_bytes), name=str(path), max_bytes=max_bytes)


def read_values(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, object]:
    """Reads a JSON or YAML file that holds a mapping, such as the inputs of a run.

    Raises:
        ReadError: it cannot be opened, is broken, or holds something else.
    """
    data = _yaml.load(read_bytes(path, max_bytes=max_bytes), name=str(path), max_bytes=max_bytes)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ReadError(f"a mapping of names to values is needed, this is a {_kind(data)}", path=str(path))
    return data


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a file.

    Raises:
        ReadError: it cannot be opened, or is larger than `max_bytes`.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise ReadError(
                f"the file has {size:,} bytes, more than the limit of {max_bytes:,}",
                path=str(path),
                code="too-large",
                hint="is it a DSL file? If so, raise the limit with --max-size",
            )
        return path.read_bytes()
    except OSError as err:
        code = None if path.exists() else "not-found"
        raise ReadError(f"cannot be read: {err.strerror or err}", path=str(path), code=code) from err


def _check(data: dict[object, object], composed: _yaml.Composed, name: str) -> None:
    """Refuses what Dify's importer refuses before it looks into the body."""
    version = data.get("version")
    if version is not None and not isinstance(version, str):
        mark = composed.mark(("version",))
        raise ReadError(
            f"version: {version!r} is a {_kind(version)}; Dify takes text only and refuses the import",
            path=name,
            line=mark.line if mark else None,
            code="version-type",
            hint=f"put it in quotes: version: '{version}'",
        )
    if not any(data.get(key) for key in _BODIES):
        raise ReadError(
            "no `app:` in this document" if "app" not in data else "`app:` is empty",
            path=name,
            line=1,
            code="app-missing",
            hint="a Dify export has the keys app, kind, version and workflow (or model_config); "
            f"this one has: {', '.join(str(key) for key in list(data)[:8]) or 'none'}",
        )
    for key in _BODIES:
        if data.get(key) and not isinstance(data[key], dict):
            mark = composed.mark((key,))
            raise ReadError(
                f"`{key}:` is a {_kind(data[key])}, and Dify wants a mapping",
                path=name,
                line=mark.line if mark else None,
                code="app-shape",
                hint="see the first lines of any Dify export",
            )


def _kind(value: object) -> str:
    names = {list: "list", dict: "mapping", str: "text", bool: "truth value", int: "number", float: "number"}
    return "document without content" if value is None else names.get(type(value), type(value).__name__)
