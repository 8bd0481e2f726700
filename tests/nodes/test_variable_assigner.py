"""variable-assigner, the aggregator's old name."""

from difyflow.nodes.variable_aggregator import VariableAggregator


def test_it_is_an_aggregator(read, outputs, refs) -> None:
    node = read("variable-assigner", output_type="string", variables=[["a", "text"]])
    assert isinstance(node, VariableAggregator)
    assert outputs(node) == {"output": "string"}
    assert refs(node) == {"variables.0": "a.text"}
