"""document-extractor: turns files into text (Dify 0.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Self

from difyflow.nodes._base import FILES, NodeData, type_of
from difyflow.nodes._look import GREEN, CanvasRow, Look, row
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class DocumentExtractor(NodeData):
    """Reads txt, md, html, xml, csv, json, yaml, pdf, docx, xlsx, pptx, epub, eml and msg files."""

    SINCE: ClassVar[str] = "0.11.0"
    LOOK: ClassVar[Look] = Look(GREEN, "page")

    type: str = "document-extractor"
    title: str = "Doc Extractor"
    variable_selector: Annotated[Selector, FILES] = Selector()
    """A file or a list of files."""
    is_array_file: bool = False
    """The editor's note that the input is a list of files; it decides what the editor believes `text` is."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text`: one string, or a list of them for a list of files."""
        return (OutputVar("text", VarType.ARRAY_STRING if self.is_array_file else VarType.STRING),)

    def with_types(self, kind_of: Callable[[Selector], VarType | None]) -> Self:
        """Whether the input is a list."""
        kind = kind_of(self.variable_selector)
        if kind not in (VarType.FILE, VarType.ARRAY_FILE):
            return self
        return self.model_copy(update={"is_array_file": kind is VarType.ARRAY_FILE})

    def completed(self, version: str) -> Self:
        """As `Record.completed`; a reference that knows its type says whether it is a list."""
        if (
            "is_array_file" in self.model_fields_set
            or type_of(self.variable_selector) is not VarType.ARRAY_FILE
        ):
            return super().completed(version)
        return super(DocumentExtractor, self.model_copy(update={"is_array_file": True})).completed(version)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its input."""
        return (row(self.variable_selector or "", "input"),)

    def canvas_height(self) -> int:
        """With its input row."""
        return 92


EXAMPLE = DocumentExtractor(variable_selector=Selector(("start", "documents")), is_array_file=True)

NODE = DocumentExtractor
