"""loop-start."""

from difyflow.nodes.loop_start import LoopStart


def test_it_is_a_round_button_without_a_title(outputs, handles) -> None:
    node = LoopStart(isInLoop=True).completed("0.6.0")
    assert node.dump() == {"type": "loop-start", "title": "", "desc": "", "selected": False, "isInLoop": True}
    assert node.canvas_size() == (44, 48)
    assert node.ENVELOPE == "custom-loop-start"
    assert outputs(node) == {}
    assert handles(node) == ["source"]
