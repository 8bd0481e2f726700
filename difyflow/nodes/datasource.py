"""datasource: where documents come from in a RAG pipeline (Dify 1.9)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from difyflow.nodes._base import NodeData
from difyflow.nodes._plugin import Input, InputOrPlain
from difyflow.nodes._plugin import constant as constant
from difyflow.nodes._plugin import mixed as mixed
from difyflow.nodes._plugin import parameters as parameters
from difyflow.nodes._plugin import variable as variable
from difyflow.nodes._record import Many
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Datasource(NodeData):
    """Its inputs are `rag.<its id>.<name>`, see `rag_pipeline_variables`."""

    SINCE: ClassVar[str] = "1.9.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    ENTRY: ClassVar[bool] = True

    type: str = "datasource"
    title: str = "Data Source"
    plugin_id: str = ""
    plugin_unique_identifier: str | None = None
    provider_name: str = ""
    provider_type: str = ""
    """local_file, online_document, website_crawl, online_drive."""
    datasource_name: str = ""
    datasource_label: str = ""
    datasource_parameters: dict[str, Input] = Field(default_factory=dict)
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
