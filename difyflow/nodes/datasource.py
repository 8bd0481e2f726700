"""datasource: where documents come from in a RAG pipeline (Dify 1.9).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from difyflow.nodes._base import NodeData, Reference
from difyflow.nodes._look import VIOLET, CanvasRow, Look, row
from difyflow.nodes._plugin import Input as Input
from difyflow.nodes._plugin import InputOrPlain
from difyflow.nodes._plugin import parameters as inputs
from difyflow.nodes._record import Many
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

# Dify's pipelines have a pattern of their own, since node ids stand inside: `{{#rag.1752491761974.url#}}`
# (its RAG pipeline service, Dify 1.9).
_PLACEHOLDER = re.compile(r"\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z0-9_]{1,30}){1,10})#\}\}")


class DatasourceInput(Input):
    """A parameter of a data source; its text may name `rag.<node id>.<name>`."""

    def references_at(self, path: tuple[str | int, ...]) -> Iterator[Reference]:
        """Those in mixed text, and the variable."""
        if self.type != "mixed" or not isinstance(self.value, str):
            yield from super().references_at(path)
            return
        for match in _PLACEHOLDER.finditer(self.value):
            selector = Selector(match.group(1).split("."))
            yield Reference((*path, "value"), selector, match.start(), match.end())


class Datasource(NodeData):
    """Its inputs are `rag.<its id>.<name>`, see `rag_pipeline_variables`."""

    SINCE: ClassVar[str] = "1.9.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    ENTRY: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(VIOLET, "database")

    type: str = "datasource"
    title: str = "Data Source"
    plugin_id: str = ""
    plugin_unique_identifier: str | None = None
    provider_name: str = ""
    provider_type: str = ""
    """local_file, online_document, website_crawl, online_drive."""
    datasource_name: str = ""
    datasource_label: str = ""
    datasource_parameters: dict[str, DatasourceInput] = Field(default_factory=dict)
    datasource_configurations: dict[str, InputOrPlain] = Field(default_factory=dict)
    fileExtensions: Many[str] | None = None
    """For local files, without the dot."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`datasource_type`, and `file` for local files."""
        kind = OutputVar("datasource_type", VarType.STRING)
        return (kind, OutputVar("file", VarType.FILE)) if self.provider_type == "local_file" else (kind,)

    def open_outputs(self) -> bool:
        """Other sources put out what their plugin declares; a file does not say what."""
        return self.provider_type != "local_file"

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Where from."""
        return (row(self.datasource_label or self.datasource_name, self.provider_type),)


def parameters(**values: object) -> dict[str, DatasourceInput]:
    """Parameters by name: text is `mixed`, a reference `variable`, anything else `constant`."""
    return {
        name: DatasourceInput(type=item.type, value=item.value) for name, item in inputs(**values).items()
    }


EXAMPLE = Datasource(
    title="Website",
    plugin_id="langgenius/firecrawl_datasource",
    provider_name="firecrawl",
    provider_type="website_crawl",
    datasource_name="crawl",
    datasource_label="Firecrawl",
    datasource_parameters=parameters(
        url=str(Selector(("rag", "datasource", "url"))), limit=Selector(("rag", "datasource", "limit"))
    ),
)

NODE = Datasource
