"""note."""

import json

from difyflow.nodes.note import Note, lexical


def test_its_text_comes_back_as_it_was() -> None:
    for text in ("", "one line", "two\nlines", "three\n\nlines", 'with "quotes" and 引号'):
        assert Note(text=lexical(text)).plain_text() == text


def _list(kind: str, *items: object) -> dict[str, object]:
    return {
        "type": "list",
        "listType": kind,
        "children": [{"type": "listitem", "children": i} for i in items],
    }


def test_every_item_of_a_list_has_its_line_and_its_mark() -> None:
    def said(text: str) -> list[dict[str, str]]:
        return [{"type": "text", "text": text}]

    inner = [_list("number", said("x"), said("y"))]
    blocks = [
        {"type": "paragraph", "children": said("todo")},
        _list("bullet", said("one"), inner, said("two")),
    ]
    text = json.dumps({"root": {"children": blocks}})
    assert Note(text=text).plain_text() == "todo\n• one\n  1. x\n  2. y\n• two"


def test_what_is_no_lexical_state_has_no_plain_text() -> None:
    assert Note(text="just text").plain_text() is None
    assert Note(text='{"root": 5}').plain_text() is None


def test_it_takes_no_edges_and_is_as_large_as_it_says(handles) -> None:
    assert handles(Note()) == []
    assert Note(width=300, height=120.5).canvas_size() == (300, 120.5)
