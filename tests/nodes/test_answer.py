"""answer."""


def test_it_puts_out_its_own_text(read, outputs, refs, handles) -> None:
    node = read("answer", answer="Hi {{#start.name#}}, {{#llm.text#}}", variables=[])
    assert outputs(node) == {"answer": "string"}
    assert refs(node) == {"answer": "start.name, llm.text"}
    assert handles(node) == ["source"]
