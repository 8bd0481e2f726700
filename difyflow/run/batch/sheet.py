"""How columns become inputs; see `checking` for whole files of rows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from difyflow.errors import InputError, UsageError
from difyflow.run.inputs import Given, check
from difyflow.terms.form import FILE_TYPES, FormField, LocalFile, RemoteFile, UploadedFile, UploadLimits

_UPLOAD = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PIECE = "piece"
QUERY = "query"
"""Name of the column that holds the message to a chatflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How rows become inputs.

    Attributes:
        form: the inputs of the workflow.
        limits: for files.
        renamed: input by column; a column mapped to "" is left out.
        constants: inputs that are the same for all rows.
        query: message to a chatflow, the same for all rows.
        chat: the app is a chatflow: each row needs a message.
        uploader: `user` that uploaded the files whose ids stand in rows; empty = it is not known.
        uploads_are_bound: no other `user` may use them.
    """

    form: tuple[FormField, ...]
    limits: UploadLimits = field(default_factory=UploadLimits)
    max_file_mb: float | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Given] = field(default_factory=dict)
    query: str = ""
    chat: bool = False
    uploader: str = ""
    uploads_are_bound: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A row that is ready to be run: typed inputs, the message of a chatflow, and a digest of both.

    Attributes:
        user: whose run it must be for the sake of its files; empty = anybody's.
    """

    inputs: dict[str, object]
    query: str
    digest: str
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What goes into the runs of a batch, each repeat once.

    Attributes:
        characters: of text inputs and messages.
        files: here, those that are used twice twice; those that a server fetches or has are not counted.
        bytes: of these files.
    """

    characters: int = 0
    files: int = 0
    bytes: int = 0

    def __add__(self, other: Volume) -> Volume:
        return Volume(
            characters=self.characters + other.characters,
            files=self.files + other.files,
            bytes=self.bytes + other.bytes,
        )


class Sheet:
    """Checks rows by a plan; one for a whole batch, from one thread or many."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_name = {one.variable: one for one in plan.form}
        self._files: dict[tuple[str, int, int], str] = {}
        self.volume = Volume()
        """Of the rows that `check_all` found to fit so far."""
        self.left_out: tuple[str, ...] = ()
        """Columns that are no input, once the columns were checked."""
        self.pieces: Path | None = None
        """Folder of the pieces of documents that cells name, see `piece_cell`; None = there are none."""

    @property
    def is_chat(self) -> bool:
        """True if the app is a chatflow."""
        return self._plan.chat

    def check_columns(self, columns: Iterable[str], source: str, *, line: int = 0) -> None:
        """Makes sure that the required inputs have a column or a constant.

        Args:
            columns: their names, in order.
            source: name of the rows, for messages.
            line: that names the columns, for messages; 0 if there is none.

        Raises:
            UsageError: an input without a column, given twice, or a mapping that names nothing.
            InputError: what is the same for all rows does not fit.
        """
        columns, plan = list(columns), self._plan
        fault = next(self._misfits(columns), "")
        if fault:
            raise self._misfit(fault, source, columns, line)
        fields = tuple(one for one in plan.form if one.variable in plan.constants)
        check(fields, plan.constants, limits=plan.limits, max_file_mb=plan.max_file_mb)
        self.left_out = tuple(
            column for column in columns if column not in self._plan.renamed and not self._input_of(column)
        )

    def _misfits(self, columns: Sequence[str]) -> Iterator[str]:
        """What is wrong with the columns."""
        plan = self._plan
        yield from self._named_wrongly(columns)
        givers: dict[str, list[str]] = {name: ["--input"] for name in plan.constants}
        for number, column in enumerate(columns, 1):
            if name := self._input_of(column):
                givers.setdefault(name, []).append(f"column {number} ({column})")
        for name, by in sorted(givers.items()):
            if len(by) > 1:
                yield f"the input {name!r} is given twice: by {' and '.join(by)}"
        for one in plan.form:
            if one.required and one.default in (None, "") and one.variable not in givers:
                yield f"no column for the input {one.variable!r}, which is required"
        if plan.chat and not plan.query and QUERY not in givers:
            yield f"a chatflow needs a message: a column {QUERY!r} or --query"

    def _named_wrongly(self, columns: Sequence[str]) -> Iterator[str]:
        plan = self._plan
        for column, name in plan.renamed.items():
            if column not in columns:
                yield f"--map {column}={name}: there is no column {column!r}"
            if name and name not in self._by_name and not self._is_query(name):
                yield f"--map {column}={name}: there is no input {name!r}"
        for name in plan.constants:
            if name not in self._by_name:
                yield f"--input {name}: there is no input {name!r}"

    def checked(self, values: Mapping[str, object], folder: Path) -> Checked:
        """The inputs of one row.

        Args:
            values: cells by column.
            folder: where relative paths begin.

        Raises:
            InputError: they do not fit; a line per field.
        """
        plan = self._plan
        given: dict[str, object] = {}
        query = plan.query
        for column, value in values.items():
            name = self._input_of(column)
            if not name or value is None or value == "":
                continue
            if name in self._by_name:
                given[name] = self._cell(self._by_name[name], value, folder)
            else:
                query = str(value)
        inputs = check(
            plan.form, {**plan.constants, **given}, limits=plan.limits, max_file_mb=plan.max_file_mb
        )
        if plan.chat and not query:
            raise InputError("the row has no message", problems=[f"{QUERY}: is required and empty"])
        return Checked(inputs, query, self._digest(inputs, query), self._owner(inputs))

    def _owner(self, inputs: Mapping[str, object]) -> str:
        """Who uploaded the files of a row, if some were uploaded before."""
        plan = self._plan
        for name, value in inputs.items():
            if any(isinstance(one, UploadedFile) for one in (value if isinstance(value, list) else [value])):
                if plan.uploads_are_bound and not plan.uploader:
                    problem = "this server lets only the user of an upload use it: name him with --user"
                    raise InputError("whose upload it is is not known", problems=[f"{name}: {problem}"])
                return plan.uploader
        return ""

    def file_input(self) -> str:
        """The input that takes files, if there is one only.

        Raises:
            UsageError: there is none, or there are several.
        """
        found = [one.variable for one in self._plan.form if one.type in FILE_TYPES]
        if len(found) == 1:
            return found[0]
        raise UsageError(
            f"the workflow has {len(found) or 'no'} inputs for files: say which one takes them",
            code="which-input",
            hint=f"--each INPUT=GLOB; inputs: {', '.join(one.variable for one in self._plan.form) or 'none'}",
        )

    def check_takes_files(self, variable: str) -> None:
        """Makes sure that an input is for files.

        Raises:
            UsageError: there is none of this name, or it is for something else.
        """
        found = self._by_name.get(variable)
        if found is None or found.type not in FILE_TYPES:
            files = [one.variable for one in self._plan.form if one.type in FILE_TYPES]
            raise UsageError(
                f"the input {variable!r} takes no files" if found else f"there is no input {variable!r}",
                code="no-file-input",
                hint=f"inputs for files: {', '.join(files) or 'none'}",
            )

    def column_of(self, variable: str, columns: Iterable[str]) -> str | None:
        """The column that is for an input; None if there is none."""
        return next((column for column in columns if self._input_of(column) == variable), None)

    def _input_of(self, column: str) -> str:
        """The input that a column is for; empty if it is for none."""
        name = self._plan.renamed.get(column, column)
        return name if name in self._by_name or self._is_query(name) else ""

    def _is_query(self, name: str) -> bool:
        return self._plan.chat and name == QUERY

    def _cell(self, field_: FormField, value: object, folder: Path) -> object:
        if field_.type not in FILE_TYPES:
            return value
        return [self._placed(item, folder) for item in file_items(value)]

    def _placed(self, item: object, folder: Path) -> object:
        """A path made absolute, so that a batch can be resumed from anywhere; an upload's id as such."""
        if isinstance(item, dict) and self.pieces is not None and list(item) == [_PIECE]:
            return str(self.pieces / Path(str(item[_PIECE])).name)
        if not isinstance(item, str) or not item or item.startswith(("http://", "https://")):
            return item
        path = (folder / item.removeprefix("@")).absolute()
        if _UPLOAD.fullmatch(item) and not path.exists():
            return {"upload_file_id": item}
        return str(path)

    def _digest(self, inputs: Mapping[str, object], query: str) -> str:
        """16 hex digits over the inputs, the contents of local files among them."""
        text = json.dumps([inputs, query], sort_keys=True, default=self._file_digest)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _file_digest(self, value: object) -> object:
        match value:
            case LocalFile(path):
                return {"name": path.name, "sha256": self._content_digest(path)}
            case RemoteFile(url):
                return {"url": url}
            case UploadedFile(upload_file_id):
                return {"upload": upload_file_id}
        raise TypeError(f"no JSON: {value!r}")

    def _content_digest(self, path: Path) -> str:
        try:
            at = path.stat()
            known = (str(path), at.st_size, at.st_mtime_ns)
            if known not in self._files:
                if len(self._files) > 256:  # constants and neighbours; a batch may have a million files
                    self._files.clear()
                with path.open("rb") as file:
                    self._files[known] = hashlib.file_digest(file, "sha256").hexdigest()
            return self._files[known]
        except OSError as err:
            problem = f"{path}: cannot be read: {err.strerror or err}"
            raise InputError("a file cannot be read", problems=[problem]) from err

    def _misfit(self, message: str, source: str, columns: Sequence[str], line: int) -> UsageError:
        inputs = ", ".join(one.variable for one in self._plan.form) or "none"
        return UsageError(
            message,
            path=source,
            line=line or None,
            code="bad-columns",
            hint=f"columns: {', '.join(columns)}; inputs: {inputs}. A column is for the input of its name, "
            "or with --map COLUMN=INPUT; --map COLUMN= leaves it out; --input NAME=VALUE is for all rows",
        )


def file_items(value: object) -> Sequence[object]:
    """What a cell of a file input holds: a path, a URL or an upload's id, or several: JSON, or one a line."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            items = json.loads(value)
        except ValueError:
            return [value]
        return items if isinstance(items, list) else [value]
    if isinstance(value, str):
        return [part.strip() for part in value.splitlines() if part.strip()]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def piece_cell(name: str) -> dict[str, str]:
    """A cell that names a piece by its file in the folder of pieces, wherever that folder is moved to."""
    return {_PIECE: name}
