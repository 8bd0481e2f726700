"""document-extractor: turns files into text (Dify 0.11)."""

from __future__ import annotations

from typing import ClassVar

from difyflow.nodes._base import NodeData
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class DocumentExtractor(NodeData):
    """Reads txt, md, html, xml, csv, json, yaml, pdf, docx, xlsx, pptx, epub, eml and msg files."""

    SINCE: ClassVar[str] = "0.11.0"

    type: str = "document-extractor"
    title: str = "Doc Extractor"
    variable_selector: Selector = Selector()
    """A file or a list of files."""
    is_array_file: bool = False
    """The editor's note that the input is a list of files; it decides what the editor believes `text` is."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text`: one string, or a list of them for a list of files."""
        return (OutputVar("text", VarType.ARRAY_STRING if self.is_array_file else VarType.STRING),)

    def canvas_height(self) -> int:
        """With its input row."""
        return 92


NODE = DocumentExtractor
