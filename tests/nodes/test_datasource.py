"""datasource."""

from difyflow.nodes.datasource import Datasource, parameters
from difyflow.terms.selector import Selector


def test_a_local_file_is_put_out(read, outputs) -> None:
    local = read("datasource", provider_type="local_file")
    assert outputs(local) == {"datasource_type": "string", "file": "file"}
    assert not local.open_outputs()
    website = read("datasource", provider_type="website_crawl")
    assert outputs(website) == {"datasource_type": "string"}
    assert website.open_outputs()


def test_references_name_the_inputs_of_the_pipeline_by_node(read, refs) -> None:
    node = read(
        "datasource",
        datasource_parameters={
            "url": {"type": "mixed", "value": "{{#rag.1752491761974.url#}}"},
            "limit": {"type": "variable", "value": ["rag", "1752491761974", "limit"]},
            "depth": {"type": "constant", "value": 1},
        },
    )
    assert refs(node) == {
        "datasource_parameters.url.value": "rag.1752491761974.url",
        "datasource_parameters.limit.value": "rag.1752491761974.limit",
    }


def test_parameters_choose_their_kind_by_the_value() -> None:
    made = Datasource(
        datasource_parameters=parameters(url="x", limit=Selector(("rag", "n", "limit")), depth=1)
    )
    assert [item.type for item in made.datasource_parameters.values()] == ["mixed", "variable", "constant"]
