"""iteration-start."""

from difyflow.nodes.iteration_start import IterationStart


def test_it_is_a_round_button_without_a_title(outputs, handles) -> None:
    node = IterationStart(isInIteration=True).completed("0.6.0")
    assert node.dump() == {
        "type": "iteration-start",
        "title": "",
        "desc": "",
        "selected": False,
        "isInIteration": True,
    }
    assert node.canvas_size() == (44, 48)
    assert node.ENVELOPE == "custom-iteration-start"
    assert outputs(node) == {}
    assert handles(node) == ["source"]
