"""start: where a workflow or chatflow begins, with its input form (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, CanvasRow, Look, row
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.terms.form import FormField
from difyflow.terms.vartype import OutputVar, VarType

_TYPES = {
    "text-input": VarType.STRING,
    "paragraph": VarType.STRING,
    "select": VarType.STRING,
    "external_data_tool": VarType.STRING,
    "number": VarType.NUMBER,
    "checkbox": VarType.BOOLEAN,
    "file": VarType.FILE,
    "file-list": VarType.ARRAY_FILE,
    "json_object": VarType.OBJECT,
}

_FUNCTIONS = {
    "text-input": "text",
    "paragraph": "paragraph",
    "select": "select",
    "number": "number",
    "checkbox": "checkbox",
    "json_object": "json_object",
    "file": "file",
    "file-list": "files",
}


_RELEASES = {"file": "0.11.0", "file-list": "0.11.0", "checkbox": "1.8.0", "json_object": "1.11.0"}


class StartVariable(Record):
    """One input (dsl.md 6). Dify checks values when run, see `run/inputs.py`."""

    variable: str = ""
    """Name: `^\\w+$`, no leading digit, at most 30 characters in the editor."""
    label: str = ""
    type: Annotated[str, Since(values=_RELEASES)] = "text-input"
    """text-input, paragraph, select, number, checkbox (1.8), file, file-list (0.10), json_object (1.11)."""
    required: Annotated[bool, Written(value=True)] = False
    max_length: int | None = None
    """Characters for text, number of files for file-list."""
    options: Many[str] = ()
    """For select; the editor writes an empty list for every type."""
    default: Any = None
    hide: bool | None = None
    placeholder: str | None = None
    hint: str | None = None
    unit: str | None = None
    description: str | None = None
    allowed_file_types: Many[str] | None = None
    """Of image, document, audio, video, custom."""
    allowed_file_extensions: Many[str] | None = None
    """With the dot; used with `custom`."""
    allowed_file_upload_methods: Many[str] | None = None
    """Of local_file, remote_url."""
    json_schema: Any = None
    """Draft 7; a mapping, since graphon also JSON text."""

    def spelled(self) -> Spelled | None:
        """`text(...)`, `paragraph(...)`, `files(...)`: by its type."""
        function = _FUNCTIONS.get(self.type)
        if function is None:
            return None
        given = {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name in self.model_fields_set and name not in ("variable", "label", "type")
        }
        args: tuple[object, ...] = (self.variable, self.label)
        if function == "select":
            args = (*args, given.pop("options", ()))
        if "allowed_file_types" in given and function in ("file", "files"):
            given = {"types": given.pop("allowed_file_types"), **given}
        return Spelled(function, args, given)

    def form_field(self) -> FormField:
        """The same as the run room knows it."""
        schema = self.json_schema if isinstance(self.json_schema, dict) else None
        return FormField(
            variable=self.variable,
            type=self.type,
            label=self.label,
            required=self.required,
            max_length=self.max_length,
            options=self.options,
            default=self.default,
            allowed_file_types=self.allowed_file_types or (),
            allowed_file_extensions=self.allowed_file_extensions or (),
            allowed_file_upload_methods=self.allowed_file_upload_methods or (),
            json_schema=schema,
        )


class Start(NodeData):
    """The only entry of a chatflow, and of a workflow without triggers; no edge leads in."""

    ENTRY: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "home")

    type: str = "start"
    title: str = "Start"
    variables: Many[StartVariable] = ()

    def output_variables(self) -> tuple[OutputVar, ...]:
        """One per input. `sys.*` has a root of its own; old files also write `[<start id>, 'sys.query']`."""
        return tuple(OutputVar(item.variable, _TYPES.get(item.type, VarType.ANY)) for item in self.variables)

    def form(self) -> tuple[FormField, ...]:
        """The inputs as the run room knows them."""
        return tuple(item.form_field() for item in self.variables)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per input; `*` marks what is required."""
        return tuple(
            row(f"{item.variable} *" if item.required else item.variable, item.type)
            for item in self.variables
        )

    def canvas_height(self) -> int:
        """A row per input."""
        return 64 + 26 * len(self.variables) if self.variables else 54


def text(variable: str, label: str, *, max_length: int | None = 48, **more: Any) -> StartVariable:  # noqa: ANN401
    """A one-line text of at most `max_length` characters; `more`: other fields of `StartVariable`."""
    return _variable("text-input", variable, label, max_length=max_length, **more)


def paragraph(variable: str, label: str, **more: Any) -> StartVariable:  # noqa: ANN401
    """A text of several lines; `more`: other fields of `StartVariable`."""
    return _variable("paragraph", variable, label, **more)


def select(variable: str, label: str, options: Iterable[str], **more: Any) -> StartVariable:  # noqa: ANN401
    """One of several texts; `more`: other fields of `StartVariable`."""
    return _variable("select", variable, label, options=tuple(options), **more)


def number(variable: str, label: str, **more: Any) -> StartVariable:  # noqa: ANN401
    """A number; `more`: other fields of `StartVariable`."""
    return _variable("number", variable, label, **more)


def checkbox(variable: str, label: str, **more: Any) -> StartVariable:  # noqa: ANN401
    """True or false (Dify 1.8); `more`: other fields of `StartVariable`."""
    return _variable("checkbox", variable, label, **more)


def json_object(variable: str, label: str, **more: Any) -> StartVariable:  # noqa: ANN401
    """A JSON object (Dify 1.11); `more`: other fields of `StartVariable`."""
    return _variable("json_object", variable, label, **more)


def file(variable: str, label: str, *, types: Iterable[str] = ("image",), **more: Any) -> StartVariable:  # noqa: ANN401
    """One file of these types: image, document, audio, video, custom (with `allowed_file_extensions`)."""
    return _variable("file", variable, label, **{**_upload(types), **more})


def files(
    variable: str,
    label: str,
    *,
    types: Iterable[str] = ("image",),
    max_length: int = 5,
    **more: Any,  # noqa: ANN401
) -> StartVariable:
    """At most `max_length` files of these types; see `file`."""
    return _variable("file-list", variable, label, max_length=max_length, **{**_upload(types), **more})


def _upload(types: Iterable[str]) -> dict[str, Any]:
    return {
        "allowed_file_types": tuple(types),
        "allowed_file_extensions": (),
        "allowed_file_upload_methods": ("local_file", "remote_url"),
    }


def _variable(kind: str, variable: str, label: str, **more: Any) -> StartVariable:  # noqa: ANN401
    return StartVariable(type=kind, variable=variable, label=label, **more)


EXAMPLE = Start(
    variables=(
        text("language", "Language"),
        select("length", "Length", ("short", "long"), required=False),
        number("pages", "Pages", required=False),
        files("documents", "Documents", types=("document",)),
    )
)

NODE = Start
