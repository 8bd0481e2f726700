"""knowledge-retrieval."""

from difyflow.nodes.knowledge_retrieval import KnowledgeRetrieval, best, metadata, only, reranked, weighted
from difyflow.terms.selector import Selector


def test_the_result_is_a_list_of_passages(read, outputs) -> None:
    node = read("knowledge-retrieval", dataset_ids=["x"])
    assert outputs(node) == {"result": "array[object]"}
    children = node.output_variables()[0].children
    assert children is not None
    assert {item.name for item in children} == {"content", "title", "url", "icon", "metadata", "files"}
    assert node.canvas_size() == (244, 92)


def test_references_are_query_attachments_and_metadata_values(refs) -> None:
    node = KnowledgeRetrieval(
        query_variable_selector=Selector(("sys", "query")),
        query_attachment_selector=Selector(("sys", "files")),
        metadata_filtering_conditions=only(
            metadata("lang", "is", Selector(("start", "lang"))), metadata("tag", "in", ["a", "b"])
        ),
    )
    assert refs(node) == {
        "query_variable_selector": "sys.query",
        "query_attachment_selector": "sys.files",
        "metadata_filtering_conditions.conditions.0.value": "start.lang",
    }


def test_a_query_may_be_null_or_empty_text(read, refs) -> None:
    for value in (None, "", []):
        node = read("knowledge-retrieval", query_variable_selector=value)
        assert node.problems() == ()
        assert node.dump()["query_variable_selector"] == value
        assert refs(node) == {}


def test_what_is_absent_is_not_what_the_editor_writes(read) -> None:
    node = read("knowledge-retrieval", multiple_retrieval_config={"top_k": 2})
    assert node.multiple_retrieval_config.reranking_enable is True
    written = KnowledgeRetrieval().completed("0.5.0").dump()
    assert written["multiple_retrieval_config"] == {"top_k": 4, "reranking_enable": False}
    assert written["query_attachment_selector"] == []
    assert "query_attachment_selector" not in KnowledgeRetrieval().completed("0.3.1").dump()


def test_settings_have_the_names_that_dify_reads() -> None:
    assert best(3, score_threshold=0.5).dump() == {
        "top_k": 3,
        "score_threshold": 0.5,
        "reranking_enable": False,
    }
    by_model = reranked("p", "m").dump()
    assert by_model["reranking_mode"] == "reranking_model"
    assert by_model["reranking_model"] == {"provider": "p", "model": "m"}
    by_weight = weighted("p", "m", vector=0.6, keyword=0.4).dump()
    assert by_weight["reranking_mode"] == "weighted_score"
    assert by_weight["weights"] == {
        "vector_setting": {"vector_weight": 0.6, "embedding_provider_name": "p", "embedding_model_name": "m"},
        "keyword_setting": {"keyword_weight": 0.4},
    }
