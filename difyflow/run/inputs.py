"""Inputs of a run: read from the command line or a file, and checked before anything is sent.

The rules are those of Dify's start node (dsl.md 6, api.md 1.4 and 3; Dify 0.15 to 1.16), with one difference:
an empty value does not satisfy `required`. Dify takes it and calls the model with nothing.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difyflow.errors import InputError, UsageError
from difyflow.terms.form import (
    FILE_TYPES,
    FileInput,
    FormField,
    LocalFile,
    RemoteFile,
    UploadedFile,
    UploadLimits,
    file_class,
)

MB = 1024 * 1024
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


@dataclass(frozen=True, slots=True)
class Given:
    """Values of one input as they came from the command line: text, in the order of the options."""

    values: tuple[str, ...]


def parse_pairs(pairs: Iterable[str]) -> dict[str, Given]:
    """`NAME=VALUE` options, repeated for lists; `@path` is resolved later, when the field's type is known.

    Raises:
        UsageError: an option without `=` or without a name.
    """
    found: dict[str, Given] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise UsageError(
                f"--input {pair!r} is not NAME=VALUE",
                hint="for example --input trigger='你是消防系统专家' --input attachments=@a.pdf",
            )
        found[name] = Given((*found[name].values, value)) if name in found else Given((value,))
    return found


def check(
    form: Sequence[FormField],
    given: Mapping[str, object],
    *,
    limits: UploadLimits | None = None,
    max_file_mb: float | None = None,
    folder: Path | None = None,
) -> dict[str, object]:
    """Checks inputs against the form, and gives them in the types that a backend takes.

    Args:
        form: fields of the start node or of a server's `/parameters`.
        given: values by name: `Given` from options, else JSON values. A file is `LocalFile`, `RemoteFile`,
            `UploadedFile`, or text: a path or an http(s) URL.
        limits: of the target; default: Dify's.
        max_file_mb: a limit of the user's own for documents, in place of the target's.
        folder: where relative paths from a file begin; default: the working folder.

    Returns:
        Only what was given; a backend fills in defaults. Files are `FileInput`.

    Raises:
        InputError: every fault in one error, a line per field.
    """
    limits = limits or UploadLimits()
    if max_file_mb is not None:
        limits = replace(limits, document=int(max_file_mb * MB))
    checker = _Checker(limits, folder or Path())
    by_name = {field.variable: field for field in form}
    checked: dict[str, object] = {}
    for name in given.keys() - by_name.keys():
        near = difflib.get_close_matches(name, by_name, n=1)
        checker.fault(name, f"no such input{f'; did you mean {near[0]!r}?' if near else ''}")
    for name, field in by_name.items():
        value = checker.value(field, given[name]) if name in given else None
        if value is not None:
            checked[name] = value
        elif field.required and field.default in (None, "") and not checker.faulty(name):
            checker.fault(name, "is required and missing")
    if checker.faults:
        raise InputError(
            "the inputs do not fit the start node:",
            problems=[f"{name}: {text}" for name, text in sorted(checker.faults)],
            hint="it takes: " + ("; ".join(describe(field) for field in form) or "no inputs"),
        )
    return checked


def describe(field: FormField) -> str:
    """One field in words: `trigger (text-input, required, at most 48 characters)`."""
    parts = [field.type]
    if field.required:
        parts.append("required")
    if field.options and field.type == "select":
        parts.append("one of " + ", ".join(field.options))
    if field.max_length and field.type in ("text-input", "paragraph"):
        parts.append(f"at most {field.max_length} characters")
    if field.type == "file-list" and field.max_length:
        parts.append(f"at most {field.max_length} files")
    if field.type in FILE_TYPES and field.allowed_file_types:
        parts.append("/".join(field.allowed_file_types))
    return f"{field.variable} ({', '.join(parts)})"


class _Checker:
    """Gathers faults while it reads the values of one set of inputs."""

    def __init__(self, limits: UploadLimits, folder: Path) -> None:
        self.faults: list[tuple[str, str]] = []
        self._limits = limits
        self._folder = folder

    def fault(self, name: str, text: str) -> None:
        self.faults.append((name, text))

    def faulty(self, name: str) -> bool:
        return any(name == other for other, _ in self.faults)

    def value(self, field: FormField, raw: object) -> object:
        """The value in its type, or None if it is absent or faulty."""
        if field.type in FILE_TYPES:
            return self._files(field, raw)
        if isinstance(raw, Given):
            if len(raw.values) > 1:
                self.fault(field.variable, f"given {len(raw.values)} times, and {field.type} takes one value")
                return None
            raw = self._from_option(field, raw.values[0])
        match field.type:
            case "number":
                return self._number(field, raw)
            case "checkbox":
                return self._checkbox(field, raw)
            case "json_object":
                return self._json_object(field, raw)
            case _:
                return self._text(field, raw)

    def _from_option(self, field: FormField, text: str) -> object:
        """`@path` reads the value from a text file; `@@` is a literal `@`."""
        if text.startswith("@@"):
            return text[1:]
        if not text.startswith("@"):
            return text
        path = self._folder / text[1:]
        try:
            return path.read_bytes().decode("utf-8-sig")
        except OSError as err:
            self.fault(field.variable, f"{path}: cannot be read: {err.strerror or err}")
        except UnicodeDecodeError as err:
            self.fault(field.variable, f"{path}: not UTF-8 at byte {err.start}; save it as UTF-8")
        return None

    def _text(self, field: FormField, raw: object) -> str | None:
        if raw is None:
            return None
        if not isinstance(raw, str):
            self.fault(field.variable, f"{_shown(raw)} is not text")
            return None
        text = raw.replace("\0", "")
        if not text and field.required:
            self.fault(field.variable, "is required and empty")
            return None
        if field.type == "select" and field.options and text not in field.options:
            self.fault(field.variable, f"{_shown(text)} is not one of: {', '.join(field.options)}")
            return None
        if field.type != "select" and field.max_length and len(text) > field.max_length:
            self.fault(field.variable, f"{len(text)} characters, at most {field.max_length} are allowed")
            return None
        return text

    def _number(self, field: FormField, raw: object) -> object:
        if isinstance(raw, str):
            text = raw.strip()
            if not text:
                return None
            try:
                return int(text)
            except ValueError:
                pass
            try:
                number = float(text)
            except ValueError:
                self.fault(field.variable, f"{_shown(raw)} is not a number")
                return None
            if number != number or number in (float("inf"), float("-inf")):
                self.fault(field.variable, f"{_shown(raw)} is not a finite number")
                return None
            return number
        if raw is None or (isinstance(raw, int | float) and not isinstance(raw, bool)):
            return raw
        self.fault(field.variable, f"{_shown(raw)} is not a number")
        return None

    def _checkbox(self, field: FormField, raw: object) -> bool | None:
        if raw is None or isinstance(raw, bool):
            return raw
        text = str(raw).strip().lower()
        if text in _TRUE + _FALSE:
            return text in _TRUE
        self.fault(field.variable, f"{_shown(raw)} is neither true nor false")
        return None

    def _json_object(self, field: FormField, raw: object) -> object:
        value = raw
        if isinstance(raw, str):
            try:
                value = json.loads(raw)
            except (ValueError, RecursionError) as err:
                self.fault(field.variable, f"not JSON: {err}")
                return None
        if value is None or isinstance(value, dict):
            return value
        self.fault(field.variable, f"{_shown(value)} is not a JSON object")
        return None

    def _files(self, field: FormField, raw: object) -> object:
        items = list(raw.values) if isinstance(raw, Given) else raw
        if items is None:
            return None
        if not isinstance(items, list | tuple):
            items = [items]
        if field.type == "file" and len(items) > 1:
            self.fault(field.variable, f"{len(items)} files, and it takes one")
            return None
        if field.type == "file-list" and field.max_length and len(items) > field.max_length:
            self.fault(field.variable, f"{len(items)} files, at most {field.max_length} are allowed")
            return None
        files = [self._file(field, item, option=isinstance(raw, Given)) for item in items]
        good = [item for item in files if item is not None]
        if len(good) < len(files):
            return None
        if not good:
            if field.required:
                self.fault(field.variable, "is required and has no file")
            return None
        return good[0] if field.type == "file" else good

    def _file(self, field: FormField, item: object, *, option: bool) -> FileInput | None:
        file = self._as_file(field, item, option=option)
        if isinstance(file, LocalFile):
            fault = self._local_fault(file.path) or self._type_fault(field, file.path.name, "local_file")
            shown = str(file.path)
        elif isinstance(file, RemoteFile):
            name = file.url.split("?")[0].rpartition("/")[2]
            fault, shown = self._type_fault(field, name, "remote_url"), file.url
        elif isinstance(file, UploadedFile) and file.name:
            fault, shown = self._type_fault(field, file.name, "local_file"), file.name
        else:
            return file
        if fault:
            self.fault(field.variable, f"{shown}: {fault}")
            return None
        return file

    def _as_file(self, field: FormField, item: object, *, option: bool) -> FileInput | None:
        if isinstance(item, LocalFile | RemoteFile | UploadedFile):
            return item
        if isinstance(item, dict):
            return self._as_mapped_file(field, item)
        if not isinstance(item, str) or not item:
            self.fault(field.variable, f"{_shown(item)} is not a file; give a path or a URL")
            return None
        text = item.removeprefix("@")
        if text.startswith(("http://", "https://")):
            return RemoteFile(text)
        if option and not item.startswith("@"):
            self.fault(field.variable, f"{_shown(item)}: a file is written @{item}")
            return None
        return LocalFile(self._folder / text)

    def _as_mapped_file(self, field: FormField, item: dict[str, object]) -> FileInput | None:
        """A file object in Dify's own shape (api.md 3.2)."""
        for key, make in (("url", RemoteFile), ("upload_file_id", UploadedFile)):
            value = item.get(key)
            if isinstance(value, str) and value:
                return make(value)
        self.fault(field.variable, f"{_shown(item)} has neither url nor upload_file_id")
        return None

    def _local_fault(self, path: Path) -> str | None:
        try:
            if path.is_dir():
                return "is a folder; name its files one by one"
            size = path.stat().st_size
            with path.open("rb") as file:
                file.read(1)
        except OSError as err:
            return f"cannot be read: {err.strerror or err}"
        if size == 0:
            return "is empty"
        limit = self._limits.of(file_class(path.name))
        if size > limit:
            return f"{size / MB:.1f} MB, at most {limit / MB:g} MB are allowed (--max-file-size)"
        return None

    def _type_fault(self, field: FormField, name: str, method: str) -> str | None:
        methods = field.allowed_file_upload_methods
        if methods and method not in methods:
            return f"{method} is not allowed here, only {', '.join(methods)}"
        allowed = field.allowed_file_types
        kind = file_class(name)
        extension = f".{name.rpartition('.')[2]}" if "." in name else ""
        custom = [item.lower() for item in field.allowed_file_extensions]
        if not allowed or kind in allowed or ("custom" in allowed and extension.lower() in custom):
            return None
        wanted = [item for item in allowed if item != "custom"] + (custom if "custom" in allowed else [])
        return f"a file of type {extension or 'without extension'} is not one of: {', '.join(wanted)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
