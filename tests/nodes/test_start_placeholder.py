"""start-placeholder."""


def test_it_is_no_entry(read, outputs) -> None:
    node = read("start-placeholder", title="x", desc="")
    assert outputs(node) == {}
    assert not node.ENTRY
