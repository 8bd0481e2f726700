"""What cards show: rows of every node type, and where the edges of a branch leave."""

from __future__ import annotations

import re

import pytest

from difyflow import _catalog, nodes
from difyflow.nodes import _look

TYPES = _catalog.names(nodes)


def examples(node_type):
    file = _catalog.module(nodes, node_type)
    return file.NODE(), getattr(file, "EXAMPLE", file.NODE())


@pytest.mark.parametrize("node_type", TYPES)
def test_a_card_has_a_row_for_every_way_out_but_the_plain_one(node_type):
    for data in examples(node_type):
        ways = {item.id for item in data.source_handles()} - {"source"}
        assert {row.handle for row in data.card_rows()} - {None} == ways


@pytest.mark.parametrize("node_type", TYPES)
def test_every_type_has_a_colour_and_an_icon(node_type):
    look = examples(node_type)[0].LOOK
    assert re.fullmatch("#[0-9A-F]{6}", look.colour)
    assert look.icon


def test_edges_leave_a_branch_in_the_order_of_its_rows():
    data = _catalog.module(nodes, "if-else").EXAMPLE
    heights = _look.handle_heights(data.card_rows())
    assert list(heights) == [item.id for item in data.source_handles()]
    assert list(heights.values()) == sorted(set(heights.values()))
    assert max(heights.values()) < _look.card_height(data.card_rows())


def test_a_card_without_rows_is_a_header():
    assert _look.card_height(()) == 54


def test_a_reference_in_a_setting_stays_one():
    from difyflow.terms.selector import Selector

    reference = Selector(("start", "x"))
    assert _look.plain(reference) is reference
    assert _look.plain({"a": ["语", 1]}) == '{"a": ["语", 1]}'
