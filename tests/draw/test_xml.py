"""Text in markup."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET

from hypothesis import given as forall
from hypothesis import strategies as st

from difyflow.draw.xml import element, escape

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=50)


def holds(char):
    """True for what XML 1.0 can hold."""
    return char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"


@forall(ANY)
def test_any_text_survives_in_content_and_attributes_or_is_replaced(text):
    found = ET.fromstring(element("a", {"b": text}, text=text))
    allowed = "".join(char if holds(char) else "\ufffd" for char in text)
    # XML itself makes spaces of line ends in attributes, and one line end of two.
    assert found.get("b").split() == allowed.split()
    assert (found.text or "").split() == allowed.split()


@forall(ANY)
def test_nothing_that_html_takes_for_markup_is_left(text):
    assert not set("<>\"'") & set(escape(text))
    assert html.unescape(escape("<&amp;>")) == "<&amp;>"


def test_numbers_are_short():
    assert element("a", {"x": 1.0, "y": 0.333333, "z": 7}) == '<a x="1" y="0.33" z="7"/>'
