"""knowledge-index: writes chunks into the knowledge base, at the end of a RAG pipeline (Dify 1.9).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import ORANGE, CanvasRow, Look, row
from difyflow.nodes._record import Number, Record, Since, Written
from difyflow.nodes.knowledge_retrieval import KeywordSetting, VectorSetting
from difyflow.terms.selector import Selector


class IndexRerankingModel(Record):
    """A model that puts what was found in order."""

    reranking_provider_name: str = ""
    reranking_model_name: str = ""


class IndexWeights(Record):
    """How a weighted score is made."""

    weight_type: str | None = None
    vector_setting: VectorSetting | None = None
    keyword_setting: KeywordSetting | None = None


class RetrievalModel(Record):
    """How the knowledge base is searched later."""

    search_method: str | None = None
    """semantic_search, full_text_search, hybrid_search, keyword_search."""
    top_k: int = 3
    score_threshold_enabled: bool = False
    score_threshold: Number | None = 0.5
    reranking_enable: bool | None = None
    reranking_mode: str | None = None
    """reranking_model, weighted_score."""
    reranking_model: IndexRerankingModel | None = None
    weights: IndexWeights | None = None
    vector_setting: VectorSetting | None = None


class SummaryIndexSetting(Record):
    """Summaries of the chunks (Dify 1.12)."""

    enable: bool = False
    model_name: str | None = None
    model_provider_name: str | None = None
    summary_prompt: str | None = None


class KnowledgeIndex(NodeData):
    """A pipeline needs exactly one; overwriting a pipeline must keep its `chunk_structure`."""

    SINCE: ClassVar[str] = "1.9.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    TERMINAL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(ORANGE, "book")

    type: str = "knowledge-index"
    title: str = "Knowledge Base"
    chunk_structure: str | None = None
    """text_model, hierarchical_model, qa_model; required."""
    index_chunk_variable_selector: Selector | Literal[""] | None = Selector()
    """The chunks, as a chunker put them out."""
    indexing_technique: str | None = None
    """high_quality, economy."""
    embedding_model: str | None = None
    """For `high_quality`."""
    embedding_model_provider: str | None = None
    keyword_number: int = 10
    """Keywords per chunk, for `economy`."""
    retrieval_model: Annotated[RetrievalModel | None, Written(value=RetrievalModel())] = None
    summary_index_setting: Annotated[SummaryIndexSetting | None, Since("1.12.0")] = None

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """How the chunks are made and kept."""
        return (
            row("chunk structure", self.chunk_structure or ""),
            row("index", self.indexing_technique or ""),
        )

    def canvas_height(self) -> int:
        """With its rows."""
        return 116


def semantic_search(*, top_k: int = 3, score_threshold: Number | None = None) -> RetrievalModel:
    """Search by meaning."""
    return _search("semantic_search", top_k, score_threshold)


def full_text_search(*, top_k: int = 3, score_threshold: Number | None = None) -> RetrievalModel:
    """Search by words."""
    return _search("full_text_search", top_k, score_threshold)


def keyword_search(*, top_k: int = 3) -> RetrievalModel:
    """Search by keywords, for `economy`."""
    return _search("keyword_search", top_k, None)


def _search(method: str, top_k: int, score_threshold: Number | None) -> RetrievalModel:
    made = RetrievalModel(search_method=method, top_k=top_k)
    if score_threshold is None:
        return made
    return made.changed(score_threshold_enabled=True, score_threshold=score_threshold)


EXAMPLE = KnowledgeIndex(
    chunk_structure="text_model",
    index_chunk_variable_selector=Selector(("chunker", "result")),
    indexing_technique="high_quality",
    embedding_model="text-embedding-3-large",
    embedding_model_provider="langgenius/openai/openai",
    retrieval_model=semantic_search(top_k=5, score_threshold=0.4),
)

NODE = KnowledgeIndex
