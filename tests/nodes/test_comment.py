"""comment."""


def test_it_takes_no_edges(read, handles, outputs) -> None:
    assert (handles(read("comment")), outputs(read("comment"))) == ([], {})
