"""question-classifier: a model says which of several classes a text belongs to (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from difyflow.nodes._base import Handle, NodeData, Template
from difyflow.nodes._look import GREEN, CanvasRow, Look
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
from difyflow.nodes._moves import GONE, Move, Path, Release, Step
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class QuestionClass(Record):
    """A class; its `id` is the handle that edges leave at."""

    id: str = ""
    """`1`, `2`, then timestamps in the editor."""
    name: Template = ""
    """What belongs to it, in words for the model."""
    label: Annotated[str | None, Since("1.14.1")] = None
    """A short name for the canvas (Dify 1.14.1)."""

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """Without label, before there were labels."""
        if self.label is not None and release < (1, 13, 0):
            yield Move((*path, "label"), GONE, "classes have labels, for display only, since Dify 1.14.1")
        yield from super().steps_to(release, path)


class QuestionClassifier(NodeData):
    """If the model names no class that exists, the first one is taken."""

    LOOK: ClassVar[Look] = Look(GREEN, "signs")
    PROSE: ClassVar[tuple[str, ...]] = ("instruction",)

    type: str = "question-classifier"
    title: str = "Question Classifier"
    query_variable_selector: Selector | Literal[""] | None = Selector()
    """The text to classify."""
    model: Model = Model()
    classes: Annotated[
        Many[QuestionClass], Written(value=(QuestionClass(id="1", name=""), QuestionClass(id="2", name="")))
    ] = ()
    instruction: Template | None = None
    """More about how to classify."""
    instructions: str | None = None
    """Left over from older editors; ignored."""
    topics: Many[Any] | None = None
    """Left over from older editors; ignored."""
    memory: Memory | None = None
    vision: Annotated[Vision, Written(since="0.1.3")] = Vision()

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`classes(...)`."""
        names = {item.id: item.name for item in self.classes}
        if not names or len(names) < len(self.classes):
            return super().spelled_fields()
        if list(names) == [str(index) for index in range(1, len(names) + 1)]:
            found = Spelled("classes", tuple(names.values()))
        elif all(map(str.isidentifier, names)):
            found = Spelled("classes", (), names)
        else:
            found = Spelled("classes", (names,))
        return {**super().spelled_fields(), "classes": found}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The class, and what it cost."""
        return (
            OutputVar("class_name", VarType.STRING),
            OutputVar("class_label", VarType.STRING),
            OutputVar("usage", VarType.OBJECT),
            OutputVar("class_id", VarType.STRING, run_time_only=True),
        )

    def source_handles(self) -> tuple[Handle, ...]:
        """One per class."""
        return tuple(Handle(item.id, item.label or item.name) for item in self.classes)

    def with_ids(self, node_id: str) -> Self:  # noqa: ARG002  # the ids need only be unique in the node
        """Classes without an id become `1`, `2`, ..."""
        classes = tuple(
            item if item.id else item.model_copy(update={"id": str(index)})
            for index, item in enumerate(self.classes, start=1)
        )
        return self.model_copy(update={"classes": classes}) if classes else self

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its model, and a row per class."""
        ways = (
            CanvasRow("text", item.label or item.name, f"CLASS {number}", handle=item.id)
            for number, item in enumerate(self.classes, start=1)
        )
        return (*model_rows(self.model), *ways)

    def canvas_height(self) -> int:
        """A row per class."""
        return 94 + 38 * len(self.classes)


def classes(*names: str | Mapping[str, str], **by_id: str) -> tuple[QuestionClass, ...]:
    """`classes(refund="Wants money back", other="Anything else")`: the classes by id.

    `node.on("refund")` is then the way out. Classes given by name only get the ids `1`, `2`, ...; ids that
    are no names of Python stand in a mapping: `classes({"1711529038361": "Wants money back"})`.
    """
    found: list[QuestionClass] = []
    for index, item in enumerate(names, start=1):
        pairs = {str(index): item} if isinstance(item, str) else item
        found += [QuestionClass(id=key, name=name) for key, name in pairs.items()]
    return (*found, *(QuestionClass(id=key, name=name) for key, name in by_id.items()))


EXAMPLE = QuestionClassifier(
    query_variable_selector=Selector(("sys", "query")),
    model=chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.1),
    classes=classes(refund="The customer wants money back", other="Anything else"),
    instruction=f"The customer speaks {Selector(('start', 'language'))}.",
)

NODE = QuestionClassifier
