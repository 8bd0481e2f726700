"""Rules about searching knowledge bases and writing to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.lint._consequence import when_run
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("retrieval-datasets", severity="warning")
def retrieval_datasets(view: View) -> Iterator[Found]:
    """A search names no knowledge base.

    What it does:
        Finds knowledge retrieval nodes with an empty list of `dataset_ids`.

    Why is it bad:
        It finds nothing, and the model answers without knowledge. The editor marks the node red and refuses
        to publish. Files to be shared rightly have an empty list: choose the knowledge bases after import.

    Example:
        ```yaml
        dataset_ids: []
        ```

    Use instead:
        ```yaml
        dataset_ids: [8a8e1a0e-7a36-4c64-9f3c-3d7f2f7a6f10]
        ```

    Dify:
        Every release (`KnowledgeRetrievalNode._run`; `default.ts`).
    """
    for node in view.of("knowledge-retrieval"):
        if node.raw.get("dataset_ids") == []:
            yield Found(
                node.at("dataset_ids"), "no knowledge base is chosen, so nothing is found; choose one"
            )


@rule("retrieval-settings", severity="error")
def retrieval_settings(view: View) -> Iterator[Found]:
    """A search lacks the settings of its way to search.

    What it does:
        Finds knowledge retrieval nodes of mode `multiple` without `multiple_retrieval_config`, of mode
        `single` without a model, with weighted scores and no weights, or with automatic metadata filtering
        and no model.

    Why is it bad:
        The run fails: "multiple_retrieval_config is required", "weights is required" (also where reranking is
        off). While no knowledge base is chosen, nothing is searched and nothing fails: then it is a warning.

    Example:
        ```yaml
        retrieval_mode: single
        single_retrieval_config: null
        ```

    Use instead:
        ```yaml
        retrieval_mode: multiple
        multiple_retrieval_config: {top_k: 4, reranking_enable: false}
        ```

    Dify:
        Every release (`KnowledgeRetrievalNode._fetch_dataset_retriever`); metadata filtering since 1.1.
    """
    for node in view.of("knowledge-retrieval"):
        for key, message in _setting_faults(node.raw):
            yield Found(node.at(*key), message, severity=_when_searching(view, node))


def _when_searching(view: View, node: NodeView) -> Severity | None:
    """Without a knowledge base nothing is searched, so nothing fails."""
    return "warning" if node.raw.get("dataset_ids") == [] else when_run(view, node)


def _setting_faults(raw: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    mode = raw.get("retrieval_mode")
    multiple, single = raw.get("multiple_retrieval_config"), raw.get("single_retrieval_config")
    if mode == "multiple" and not multiple:
        yield (
            ("multiple_retrieval_config",),
            "the way to search is `multiple`, and its settings are missing: add top_k",
        )
    if mode == "multiple" and isinstance(multiple, dict):
        yield from _rerank_faults(multiple)
    if mode == "single" and not (isinstance(single, dict) and single.get("model")):
        yield (
            ("single_retrieval_config",),
            "the way to search is `single`, and no model is given to choose; add it",
        )
    if raw.get("metadata_filtering_mode") == "automatic" and not raw.get("metadata_model_config"):
        yield ("metadata_model_config",), "metadata are to be filtered by a model, and none is given; add it"


def _rerank_faults(found: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    weights = found.get("weights")
    weighted = found.get("reranking_mode") == "weighted_score"
    complete = isinstance(weights, dict) and weights.get("vector_setting") and weights.get("keyword_setting")
    if weighted and not complete:
        said = "scores are to be weighted, and there are no weights; add vector_setting and keyword_setting"
        yield ("multiple_retrieval_config", "weights"), said


@rule("retrieval-rerank", severity="warning")
def retrieval_rerank(view: View) -> Iterator[Found]:
    """What is found shall be put in order, and no model is given for it.

    What it does:
        Finds reranking by a model that is on, without provider or model; a `top_k` outside of 1 to 10; a
        `score_threshold` outside of 0 to 1.

    Why is it bad:
        Passages come in the order in which they were found, or the search fails, by release. The editor marks
        the node red and refuses to publish.

    Example:
        ```yaml
        multiple_retrieval_config: {top_k: 4, reranking_enable: true, reranking_mode: reranking_model,
                                    reranking_model: {provider: '', model: ''}}
        ```

    Use instead:
        ```yaml
        multiple_retrieval_config: {top_k: 4, reranking_enable: false}
        ```

    Dify:
        Every release (`checkoutRerankModelConfiguredInRetrievalSettings`; `TOP_K_MAX_VALUE`).
    """
    for node in view.of("knowledge-retrieval"):
        found = node.raw.get("multiple_retrieval_config")
        if not isinstance(found, dict) or node.raw.get("retrieval_mode") != "multiple":
            continue
        model = found.get("reranking_model")
        by_model = (
            found.get("reranking_mode") in ("reranking_model", None) and found.get("reranking_enable") is True
        )
        if by_model and not (isinstance(model, dict) and model.get("provider") and model.get("model")):
            place = node.at("multiple_retrieval_config", "reranking_model")
            yield Found(place, "reranking is on, and no model is given for it; give one, or switch it off")
        top_k = found.get("top_k")
        if isinstance(top_k, int) and not isinstance(top_k, bool) and not 1 <= top_k <= 10:
            message = f"top_k is {top_k}, and the editor takes 1 to 10"
            yield Found(node.at("multiple_retrieval_config", "top_k"), message)
        threshold = found.get("score_threshold")
        if isinstance(threshold, int | float) and not isinstance(threshold, bool) and not 0 <= threshold <= 1:
            message = f"score_threshold is {shown(threshold)}, and scores lie between 0 and 1"
            yield Found(node.at("multiple_retrieval_config", "score_threshold"), message)


@rule("knowledge-index", severity="error")
def knowledge_index(view: View) -> Iterator[Found]:
    """A knowledge base node does not say how to index.

    What it does:
        Looks at knowledge-index nodes: a known `chunk_structure`, chunks chosen, a known technique, and for
        `high_quality` an embedding model.

    Why is it bad:
        The pipeline cannot be imported or run: "DSL is not valid, please check the Knowledge Index node". A
        missing embedding model, which is chosen after import, is a warning.

    Example:
        ```yaml
        data: {type: knowledge-index, title: Store, chunk_structure: '', index_chunk_variable_selector: []}
        ```

    Use instead:
        ```yaml
        data: {type: knowledge-index, title: Store, chunk_structure: text_model,
               index_chunk_variable_selector: [chunker, result], indexing_technique: economy}
        ```

    Dify:
        1.9 and later (`RagPipelineDslService`; `KnowledgeIndexNodeData`).
    """
    structures, techniques = ("text_model", "hierarchical_model", "qa_model"), ("high_quality", "economy")
    for node in view.of("knowledge-index"):
        structure, technique = node.raw.get("chunk_structure"), node.raw.get("indexing_technique")
        if structure not in structures:
            message = f"{shown(structure)} is no structure of chunks; it is one of: {', '.join(structures)}"
            yield Found(node.at("chunk_structure"), message)
        chunks = node.raw.get("index_chunk_variable_selector")
        if not isinstance(chunks, list) or len(chunks) < 2:
            message = "no chunks are chosen, so nothing is indexed; choose the output of a chunker"
            yield Found(node.at("index_chunk_variable_selector"), message)
        if technique is not None and technique not in techniques:
            message = f"{shown(technique)} is no way to index; it is one of: {', '.join(techniques)}"
            yield Found(node.at("indexing_technique"), message)
        elif technique == "high_quality" and not node.raw.get("embedding_model"):
            message = "`high_quality` needs an embedding model, and none is given"
            yield Found(node.at("embedding_model"), message, severity="warning")
