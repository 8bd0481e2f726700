"""document-extractor."""

from difyflow.build.refs import OutputRef
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.terms.vartype import OutputVar, VarType


def test_text_is_a_list_for_a_list_of_files(read, outputs, refs) -> None:
    one = read("document-extractor", variable_selector=["start", "file"], is_array_file=False)
    many = read("document-extractor", variable_selector=["start", "files"], is_array_file=True)
    assert outputs(one) == {"text": "string"}
    assert outputs(many) == {"text": "array[string]"}
    assert refs(many) == {"variable_selector": "start.files"}


def test_a_reference_that_knows_its_type_says_whether_it_is_a_list() -> None:
    for kind, expected in ((VarType.ARRAY_FILE, True), (VarType.FILE, False)):
        given = OutputRef(("start", "x"), OutputVar("x", kind))
        assert DocumentExtractor(variable_selector=given).completed("0.5.0").is_array_file is expected
