"""code: runs a Python or JavaScript function `main` (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from difyflow.nodes._base import DefaultValue as DefaultValue
from difyflow.nodes._base import NodeData, Source
from difyflow.nodes._base import RetryConfig as RetryConfig
from difyflow.nodes._failure import defaults as defaults
from difyflow.nodes._failure import retry as retry
from difyflow.nodes._look import BLUE, Look
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.nodes._variable import InputVariable as InputVariable
from difyflow.nodes._variable import inputs as inputs
from difyflow.nodes._variable import spelled_inputs
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

OUTPUT_TYPES = (
    "string",
    "number",
    "object",
    "boolean",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[boolean]",
)
"""What a code node may declare; boolean and array[boolean] since Dify 1.8."""


class CodeOutput(Record):
    """A key of the dictionary that `main` returns."""

    type: Annotated[str, Since(values={"boolean": "1.8.0", "array[boolean]": "1.8.0"})] = "string"
    children: Annotated[Any, Written()] = None


class Code(NodeData):
    """`main` gets the variables by name and returns a dictionary that holds every declared output.

    A returned string may have 80,000 characters (400,000 since Dify 1.9.2), a list of strings 30 items.
    """

    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "code")
    PROGRAM: ClassVar[tuple[str, ...]] = ("code",)

    type: str = "code"
    title: str = "Code"
    variables: Many[InputVariable] = ()
    """The arguments of `main`; see `inputs`."""
    code_language: str = "python3"
    """python3 or javascript."""
    code: Source = ""
    outputs: dict[str, CodeOutput] = Field(default_factory=dict)
    dependencies: Any = None
    """Ignored by Dify today."""

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`inputs(...)` and `returns(...)`."""
        found = {**super().spelled_fields()}
        if names := spelled_inputs(self.variables):
            found["variables"] = names
        if self.outputs:
            found["outputs"] = Spelled("returns", (), {key: item.type for key, item in self.outputs.items()})
        return found

    def source_suffix(self) -> str:
        """`js` or `py`."""
        return "js" if self.code_language == "javascript" else "py"

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The declared outputs."""
        return tuple(OutputVar(name, VarType.of(item.type)) for name, item in self.outputs.items())


def returns(**types: str) -> dict[str, CodeOutput]:
    """`returns(result="string")`: the outputs by name.

    Raises:
        ValueError: a type that is none of `OUTPUT_TYPES`.
    """
    for name, kind in types.items():
        if kind not in OUTPUT_TYPES:
            raise ValueError(f"{name} cannot be {kind!r}; a code node returns {', '.join(OUTPUT_TYPES)}")
    return {name: CodeOutput(type=kind) for name, kind in types.items()}


EXAMPLE = Code(
    title="Join",
    variables=inputs(sections=Selector(("extract", "text"))),
    code='def main(sections):\n    return {"result": "".join(sections), "count": len(sections)}\n',
    outputs=returns(result="string", count="number"),
)

NODE = Code
