"""datasource-empty: what the editor shows in a RAG pipeline until a data source is chosen (Dify 1.9).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import VIOLET, Look


class DatasourceEmpty(NodeData):
    """Only a placeholder: no engine runs it."""

    SINCE: ClassVar[str] = "1.9.0"
    ENVELOPE: ClassVar[str] = "custom-data-source-empty"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    TERMINAL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(VIOLET, "database")

    type: str = "datasource-empty"
    title: str = "Empty Data Source"


EXAMPLE = DatasourceEmpty()

NODE = DatasourceEmpty
