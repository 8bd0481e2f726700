"""loop-end."""


def test_nothing_follows(read, handles, outputs) -> None:
    node = read("loop-end")
    assert handles(node) == []
    assert outputs(node) == {}
    assert node.ENVELOPE == "custom-simple"
