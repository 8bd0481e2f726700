"""knowledge-retrieval: finds passages in knowledge bases (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal, Self

from difyflow.nodes._base import TEXT, NodeData, TextKind, with_made_ids
from difyflow.nodes._look import GREEN, CanvasRow, Look, row
from difyflow.nodes._model import Model as Model
from difyflow.nodes._model import Vision as Vision
from difyflow.nodes._model import VisionConfigs as VisionConfigs
from difyflow.nodes._model import chat as chat
from difyflow.nodes._moves import Path, Release, Step, provider_steps
from difyflow.nodes._record import NEVER, PLUGIN_NAME, Many, Number, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class RerankingModel(Record):
    """A model that puts what was found in order."""

    provider: Annotated[str, PLUGIN_NAME] = ""
    model: str = ""

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The provider's name."""
        yield from provider_steps(self.provider, release, (*path, "provider"))
        yield from super().steps_to(release, path)


class VectorSetting(Record):
    """The part of semantic search in a weighted score."""

    vector_weight: Number = 0.7
    embedding_provider_name: Annotated[str, PLUGIN_NAME] = ""
    embedding_model_name: str = ""

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The provider's name."""
        yield from provider_steps(self.embedding_provider_name, release, (*path, "embedding_provider_name"))
        yield from super().steps_to(release, path)


class KeywordSetting(Record):
    """The part of keyword search in a weighted score."""

    keyword_weight: Number = 0.3


class Weights(Record):
    """How a weighted score is made."""

    weight_type: str | None = None
    """semantic_first, keyword_first, customized; in newer files."""
    vector_setting: VectorSetting | None = None
    keyword_setting: KeywordSetting | None = None


class MultipleRetrieval(Record):
    """Search in all the knowledge bases at once."""

    top_k: int = 4
    """Most passages, at most 10 in the editor."""
    score_threshold: Number | None = None
    """Between 0 and 1; null = none."""
    reranking_enable: Annotated[bool, Written(value=False)] = True
    reranking_mode: str | None = None
    """reranking_model, weighted_score."""
    reranking_model: RerankingModel | None = None
    weights: Weights | None = None

    def spelled(self) -> Spelled | None:
        """`best(...)`, `reranked(...)`, `weighted(...)`."""
        given: dict[str, object] = {"top_k": self.top_k, "score_threshold": self.score_threshold}
        if not self.reranking_enable:
            return Spelled("best", (), given)
        if self.reranking_mode == "reranking_model" and self.reranking_model is not None:
            model = self.reranking_model
            return Spelled("reranked", (model.provider, model.model), given)
        vector = self.weights.vector_setting if self.weights else None
        keyword = self.weights.keyword_setting if self.weights else None
        if self.reranking_mode != "weighted_score" or vector is None or keyword is None:
            return None
        given = {"vector": vector.vector_weight, "keyword": keyword.keyword_weight, **given}
        return Spelled("weighted", (vector.embedding_provider_name, vector.embedding_model_name), given)


class SingleRetrieval(Record):
    """A model picks one knowledge base."""

    model: Model | None = None


class MetadataCondition(Record):
    """A condition on the metadata of documents."""

    id: str | None = None
    name: str = ""
    """Name of the metadata field."""
    comparison_operator: str | None = None
    """As in if-else; for times also before and after."""
    value: Annotated[str | Number | Many[str] | None, TextKind("template")] = None
    metadata_id: str | None = None

    def spelled(self) -> Spelled | None:
        """`metadata(...)`."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return Spelled("metadata", (self.name, self.comparison_operator), {"value": value})


class MetadataConditions(Record):
    """Which documents are searched."""

    logical_operator: str = "and"
    conditions: Many[MetadataCondition] = ()

    def spelled(self) -> Spelled | None:
        """`only(...)`."""
        return Spelled("only", self.conditions, {"logical_operator": self.logical_operator})


class KnowledgeRetrieval(NodeData):
    """Ids of knowledge bases hold for one workspace; an import drops those that it cannot decrypt."""

    LOOK: ClassVar[Look] = Look(GREEN, "book")

    type: str = "knowledge-retrieval"
    title: str = "Knowledge Retrieval"
    query_variable_selector: Annotated[Selector | Literal[""] | None, TEXT] = Selector()
    """What to search for."""
    query_attachment_selector: Annotated[
        Selector | Literal[""] | None, Written(since="0.5.0", value=Selector()), Since("1.11.0")
    ] = None
    """Images to search for (Dify 1.11)."""
    dataset_ids: Many[str] = ()
    """Encrypted in exports since Dify 1.2."""
    retrieval_mode: str = "multiple"
    """multiple; single is legacy."""
    multiple_retrieval_config: Annotated[
        MultipleRetrieval | None, Written(value=MultipleRetrieval(top_k=4))
    ] = None
    single_retrieval_config: SingleRetrieval | None = None
    """For `single`."""
    metadata_filtering_mode: Annotated[str, NEVER, Since("1.1.0")] = "disabled"
    """disabled, automatic, manual (Dify 1.1)."""
    metadata_filtering_conditions: MetadataConditions | None = None
    """For `manual`."""
    metadata_model_config: Model | None = None
    """For `automatic`."""
    vision: Vision | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`result`: the passages."""
        passage = (
            OutputVar("content", VarType.STRING),
            OutputVar("title", VarType.STRING),
            OutputVar("url", VarType.STRING),
            OutputVar("icon", VarType.STRING),
            OutputVar("metadata", VarType.OBJECT),
            OutputVar("files", VarType.ARRAY_FILE),
        )
        return (OutputVar("result", VarType.ARRAY_OBJECT, passage),)

    def with_ids(self, node_id: str) -> Self:
        """Metadata conditions get UUIDs."""
        found = self.metadata_filtering_conditions
        if found is None:
            return self
        named = found.model_copy(update={"conditions": with_made_ids(found.conditions, node_id)})
        return self.model_copy(update={"metadata_filtering_conditions": named})

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per knowledge base."""
        return tuple(row(item, "knowledge") for item in self.dataset_ids)

    def canvas_height(self) -> int:
        """A row per knowledge base."""
        return 66 + 26 * len(self.dataset_ids) if self.dataset_ids else 54


def best(top_k: int = 4, *, score_threshold: Number | None = None) -> MultipleRetrieval:
    """The `top_k` passages by the search's own score, without reranking."""
    return MultipleRetrieval(top_k=top_k, score_threshold=score_threshold, reranking_enable=False)


def reranked(
    provider: str, model: str, *, top_k: int = 4, score_threshold: Number | None = None
) -> MultipleRetrieval:
    """The `top_k` passages in the order of a reranking model."""
    return MultipleRetrieval(
        top_k=top_k,
        score_threshold=score_threshold,
        reranking_enable=True,
        reranking_mode="reranking_model",
        reranking_model=RerankingModel(provider=provider, model=model),
    )


def weighted(
    provider: str,
    model: str,
    *,
    vector: Number = 0.7,
    keyword: Number = 0.3,
    top_k: int = 4,
    score_threshold: Number | None = None,
) -> MultipleRetrieval:
    """The `top_k` passages by a weighted sum of semantic (with this embedding model) and keyword score."""
    embedding = VectorSetting(
        vector_weight=vector, embedding_provider_name=provider, embedding_model_name=model
    )
    return MultipleRetrieval(
        top_k=top_k,
        score_threshold=score_threshold,
        reranking_enable=True,
        reranking_mode="weighted_score",
        weights=Weights(vector_setting=embedding, keyword_setting=KeywordSetting(keyword_weight=keyword)),
    )


def metadata(
    name: str, operator: str, value: str | Number | Selector | Iterable[str] | None = None
) -> MetadataCondition:
    """A condition on metadata: `metadata("language", "is", start.language)`; see `MetadataCondition`."""
    if isinstance(value, Selector):
        value = str(value)
    elif value is not None and not isinstance(value, str | int | float):
        value = tuple(value)
    return MetadataCondition(name=name, comparison_operator=operator, value=value)


def only(
    *conditions: MetadataCondition, logical_operator: Literal["and", "or"] = "and"
) -> MetadataConditions:
    """Which documents are searched; goes with `metadata_filtering_mode="manual"`."""
    return MetadataConditions(conditions=conditions, logical_operator=logical_operator)


EXAMPLE = KnowledgeRetrieval(
    query_variable_selector=Selector(("sys", "query")),
    dataset_ids=("70c17aae-fb0b-4e4d-9ae0-24def4b85670",),
    multiple_retrieval_config=reranked(
        "langgenius/siliconflow/siliconflow", "BAAI/bge-reranker-v2-m3", top_k=6
    ),
    metadata_filtering_mode="manual",
    metadata_filtering_conditions=only(metadata("language", "is", Selector(("start", "language")))),
)

NODE = KnowledgeRetrieval
