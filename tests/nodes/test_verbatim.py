"""Whatever a file holds, it comes back: examples with parts of them replaced by anything."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difyflow import _catalog, nodes
from difyflow.nodes._base import class_for
from difyflow.nodes._record import READING

TYPES = _catalog.names(nodes)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from(["", "variable", "constant", "mixed", "2", "a", "{{#a.b#}}", "model-selector"]),
    st.text(max_size=5),
)
keys = st.sampled_from(["type", "value", "id", "schema", "x", "tool_name", "variable_selector", "selected"])
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def exact(value: Any) -> str:
    """Tells 1 from 1.0 and from true."""
    return json.dumps(plain(value), sort_keys=True)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every mapping and list in here with each of its keys and indexes."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inside for found in [(value, key), *places(item)]]


@pytest.mark.parametrize("node_type", TYPES)
@settings(max_examples=settings.default.max_examples // 3)  # for each of some thirty types
@given(data=st.data())
def test_a_node_comes_back_as_it_was(node_type: str, data: st.DataObject) -> None:
    example = _catalog.module(nodes, node_type).EXAMPLE
    found = copy.deepcopy(plain(example.with_ids("n").completed("0.6.0").dump()))
    for _ in range(data.draw(st.integers(1, 3))):
        owner, key = data.draw(st.sampled_from(places(found)))
        owner[key] = data.draw(anything)
    if data.draw(st.booleans()):
        found[data.draw(keys)] = data.draw(anything)
    cls = class_for(example.ENVELOPE, found)
    node = cls.model_validate(found, context=READING)
    assert exact(node.dump()) == exact(found)
    assert cls.model_validate(plain(node.dump()), context=READING) == node
    assert exact(node.changed().dump()) == exact(found)
    # Other rooms ask this of any node, also of a broken one.
    for ask in ("problems", "all_outputs", "inner_variables", "source_handles", "references", "canvas_size"):
        getattr(node, ask)()
