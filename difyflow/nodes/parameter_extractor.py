"""parameter-extractor: a model fills in parameters from a text (Dify 0.6.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from difyflow.nodes._base import NodeData, Template
from difyflow.nodes._look import BLUE, CanvasRow, Look
from difyflow.nodes._model import Memory as Memory
from difyflow.nodes._model import MemoryWindow as MemoryWindow
from difyflow.nodes._model import Model as Model
from difyflow.nodes._model import RolePrefix as RolePrefix
from difyflow.nodes._model import Vision as Vision
from difyflow.nodes._model import VisionConfigs as VisionConfigs
from difyflow.nodes._model import chat as chat
from difyflow.nodes._model import memory as memory
from difyflow.nodes._model import model_rows
from difyflow.nodes._model import vision as vision
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

_TYPES = {"select": VarType.STRING, "bool": VarType.BOOLEAN}


class Parameter(Record):
    """A parameter, and the output of the same name."""

    name: str = ""
    """Not `__reason` and not `__is_success`."""
    type: Annotated[str, Since(values={"boolean": "1.8.0", "array[boolean]": "1.8.0"})] = "string"
    """string, number, boolean (old: bool), select, array[...] of string, number, object, boolean."""
    description: str = ""
    """Required by the engine."""
    required: bool = False
    """Required by the engine. A missing required parameter makes `__is_success` 0."""
    options: Many[str] | None = None
    """For select."""

    def spelled(self) -> Spelled | None:
        """`parameter(...)`."""
        given = {"type": self.type, "required": self.required, "options": self.options or ()}
        return Spelled("parameter", (self.name, self.description), given)


class ParameterExtractor(NodeData):
    """Each parameter is an output."""

    SINCE: ClassVar[str] = "0.6.9"
    LOOK: ClassVar[Look] = Look(BLUE, "brackets")
    PROSE: ClassVar[tuple[str, ...]] = ("instruction",)

    type: str = "parameter-extractor"
    title: str = "Parameter Extractor"
    model: Model = Model()
    query: Selector | Literal[""] | None = Selector()
    """The text to read."""
    parameters: Many[Parameter] = ()
    instruction: Template | None = None
    """More about how to extract."""
    reasoning_mode: Annotated[str, Written(value="prompt")] = "function_call"
    """function_call, or prompt for models without it."""
    memory: Memory | None = None
    vision: Annotated[Vision, Written(since="0.1.3")] = Vision()
    variables: Many[Any] = ()
    """Unused."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The parameters, whether and why not they were found, and what it cost."""
        return (
            *(
                OutputVar(item.name, _TYPES.get(item.type) or VarType.of(item.type))
                for item in self.parameters
            ),
            OutputVar("__is_success", VarType.NUMBER),
            OutputVar("__reason", VarType.STRING),
            OutputVar("__usage", VarType.OBJECT),
        )

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its model."""
        return model_rows(self.model)

    def canvas_height(self) -> int:
        """With the row of its model."""
        return 98


def parameter(
    name: str, description: str, *, type: str = "string", required: bool = False, options: Iterable[str] = ()
) -> Parameter:
    """A parameter; see `Parameter` for types. With `options` it is a select."""
    if choices := tuple(options):
        return Parameter(
            name=name, description=description, type="select", required=required, options=choices
        )
    return Parameter(name=name, description=description, type=type, required=required)


EXAMPLE = ParameterExtractor(
    model=chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.1),
    query=Selector(("start", "letter")),
    parameters=(
        parameter("order", "Number of the order", required=True),
        parameter("items", "What was ordered", type="array[string]"),
        parameter("mood", "How the customer feels", options=("calm", "angry")),
    ),
    instruction=f"The letter is in {Selector(('start', 'language'))}.",
)

NODE = ParameterExtractor
