"""What plugins bring into node data: parameters with values, and the editor's copies of their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ValidationInfo, field_validator

from difyflow.nodes._base import Reference, Refers, references_in_text, references_in_value
from difyflow.nodes._record import Many, Number, Record, Spelled
from difyflow.terms.selector import Selector


def selector_if(wanted: bool, value: object) -> object:
    """A list of strings as a selector where a variable is wanted; anything else as it is."""
    if wanted and isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return Selector.parse(value)
    return value


class Input(Refers):
    """The value of a parameter; `mixed`, `variable` and `constant` below make one."""

    CONSTANT_TEXT_REFERS: ClassVar[bool] = False
    """True where references in constant text are resolved too (agent)."""

    type: str = "mixed"
    """mixed: text with references; variable: one reference, of any type; constant: a value as it is."""
    value: Any = None
    """Text, a selector, or any JSON value, by `type`; a null is dropped when the node runs."""

    @field_validator("value", mode="after")
    @classmethod
    def _read_selectors(cls, value: object, info: ValidationInfo) -> object:
        return selector_if(info.data.get("type") == "variable", value)

    def spelled(self) -> Spelled | None:
        """`mixed(...)`, `variable(...)`, `constant(...)`."""
        return Spelled(self.type, (self.value,)) if self.type in ("mixed", "variable", "constant") else None

    def references_at(self, path: tuple[str | int, ...]) -> Iterator[Reference]:
        """Those in mixed text, and the variable."""
        refers = self.type == "mixed" or (self.type == "constant" and self.CONSTANT_TEXT_REFERS)
        if isinstance(self.value, str) and refers:
            yield from references_in_text(self.value, (*path, "value"))
        elif not isinstance(self.value, str):
            yield from references_in_value(self.value, (*path, "value"))


def _read_input(value: object, info: ValidationInfo) -> object:
    if isinstance(value, dict) and value.get("type") in ("mixed", "variable", "constant"):
        return Input.model_validate(value, context=info.context)
    return value


InputOrPlain = Annotated[Any, AfterValidator(_read_input)]
"""`{type, value}` in newer files, the bare value in older ones."""


def mixed(text: str) -> Input:
    """Text, in which references are resolved."""
    return Input(type="mixed", value=text)


def variable(reference: Selector) -> Input:
    """A variable as it is, e.g. a file."""
    return Input(type="variable", value=reference)


def constant(value: object) -> Input:
    """A value as it is: a number, a boolean, text without references, a list, a mapping."""
    return Input(type="constant", value=value)


def parameters(**values: object) -> dict[str, Input]:
    """Parameters by name: text is `mixed`, a reference `variable`, anything else `constant`."""
    return {name: _input(value) for name, value in values.items()}


def settings(**values: object) -> dict[str, Input]:
    """What the editor asks for as settings: as `parameters`, but text without a reference is `constant`."""
    return {
        name: constant(value) if isinstance(value, str) and "{{#" not in value else _input(value)
        for name, value in values.items()
    }


def _input(value: object) -> Input:
    match value:
        case Input():
            return value
        case Selector():
            return variable(value)
        case str():
            return mixed(value)
        case _:
            return constant(value)


def spelled_inputs(function: str, values: Mapping[str, object]) -> Spelled | None:
    """`parameters(...)` or `settings(...)`: by bare values where these functions give the same input."""
    make = {"parameters": parameters, "settings": settings}[function]
    found: dict[str, object] = {}
    for name, item in values.items():
        if not isinstance(item, Input):
            return None
        plain = item.value if isinstance(item.value, str | Selector | bool | int | float) else item
        found[name] = plain if name.isidentifier() and make(**{name: plain}) == {name: item} else item
    return Spelled(function, (), found) if found else None


class I18n(Record):
    """A text in the editor's languages."""

    en_US: str | None = None
    zh_Hans: str | None = None
    pt_BR: str | None = None
    ja_JP: str | None = None

    def spelled(self) -> Spelled | None:
        """`i18n(...)`."""
        return Spelled("i18n", (self.en_US,), {"zh": self.zh_Hans, "pt": self.pt_BR, "ja": self.ja_JP})


def i18n(text: str, *, zh: str | None = None, pt: str | None = None, ja: str | None = None) -> I18n:
    """A text in English and, where it differs, in Chinese, Portuguese and Japanese."""
    return I18n(
        en_US=text,
        zh_Hans=text if zh is None else zh,
        pt_BR=text if pt is None else pt,
        ja_JP=text if ja is None else ja,
    )


class ParameterOption(Record):
    """One choice of a select parameter."""

    value: str = ""
    label: I18n | None = None
    icon: str | None = None

    def spelled(self) -> Spelled | None:
        """`option(...)`."""
        label = self.label
        if label is None:
            return None
        given = {"label": label.en_US, "zh": label.zh_Hans, "pt": label.pt_BR, "ja": label.ja_JP}
        return Spelled("option", (self.value,), {**given, "icon": self.icon})


def option(
    value: str,
    *,
    label: str | None = None,
    zh: str | None = None,
    pt: str | None = None,
    ja: str | None = None,
    icon: str | None = None,
) -> ParameterOption:
    """A choice with its label; where none is given, the label is the value itself."""
    words = i18n(value if label is None else label, zh=zh, pt=pt, ja=ja)
    made = ParameterOption(value=value, label=words)
    return made if icon is None else made.changed(icon=icon)


class ParameterSchema(Record):
    """The editor's copy of a parameter's declaration by its plugin; Dify's engine does not read it."""

    name: str = ""
    type: str = "string"
    """string, number, boolean, select, secret-input, file, files, model-selector, app-selector, ..."""
    form: str | None = None
    """llm: a model may fill it in; form: a setting."""
    label: I18n | None = None
    human_description: I18n | None = None
    llm_description: str | None = None
    placeholder: I18n | None = None
    required: bool = False
    default: Any = None
    min: Number | None = None
    max: Number | None = None
    precision: int | None = None
    options: Many[ParameterOption] | None = None
    scope: str | None = None
    template: Any = None
    auto_generate: Any = None
