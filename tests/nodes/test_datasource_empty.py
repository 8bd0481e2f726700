"""datasource-empty."""


def test_it_is_a_placeholder(read, handles, outputs) -> None:
    node = read("datasource-empty")
    assert (handles(node), outputs(node)) == ([], {})
    assert node.ENVELOPE == "custom-data-source-empty"
