"""knowledge-index."""

from difyflow.nodes.knowledge_index import full_text_search, keyword_search, semantic_search


def test_it_refers_to_the_chunks_and_ends_the_pipeline(read, refs, handles, outputs) -> None:
    node = read(
        "knowledge-index", index_chunk_variable_selector=["chunker", "result"], chunk_structure="text_model"
    )
    assert refs(node) == {"index_chunk_variable_selector": "chunker.result"}
    assert handles(node) == []
    assert outputs(node) == {}
    assert node.canvas_size() == (244, 116)


def test_ways_to_search_have_difys_names() -> None:
    assert full_text_search(top_k=5).dump() == {"search_method": "full_text_search", "top_k": 5}
    assert keyword_search().search_method == "keyword_search"
    found = semantic_search(score_threshold=0.2)
    assert (found.score_threshold_enabled, found.score_threshold) == (True, 0.2)
