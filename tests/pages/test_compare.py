"""The page of a comparison and the blind one: stand alone, and nothing in an answer gets out of its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from difyflow.pages.compare import Cell, Column, Item, blind, comparison

HOSTILE = [
    "</pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x00\u2028&lt;",
    "<!--",
    "{{x}}",
]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def item(text: str, **more: Any) -> Any:
    cells = [Cell(text=text, about=text), Cell(text=text, bad=True), Cell(text="", won=True, odd=True)]
    return Item(key="k1", question=text, system=text, cells=cells, **more)


def pages(text: str) -> Any:
    columns = [Column(name=f"{text}{n}", model=text, figures=["1", text]) for n in range(3)]
    return (
        comparison(text, ["answers", text], columns, [item(text, reference=text)], [text]),
        blind(text, [item(text)]),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_stays_a_text(text: str) -> None:
    for page in pages(text):
        found = Tags(page).found
        assert [tag for tag, _ in found].count("script") == 1
        assert not {tag for tag, _ in found} & {"img", "iframe", "link", "a", "form", "object"}
        for _, attributes in found:
            assert not [key for key in attributes if key.startswith("on") or key in ("src", "href", "style")]


def test_answers_stand_side_by_side_under_their_models() -> None:
    columns = [
        Column(name="base", model="Qwen/A", figures=["1"]),
        Column(name="ckpt1", model="ckpt1", figures=["2"]),
    ]
    cells = [Cell(text="First.", about="similarity 0.5"), Cell(text="Second.", won=True)]
    items = [Item(key="k", question="Why?", reference="Because", cells=cells)]
    page = comparison("Models", ["answers"], columns, items, ["What it says."])
    text = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    order = [
        "Models",
        "What it says.",
        "Qwen/A",
        "Why?",
        "reference",
        "Because",
        "First.",
        "similarity 0.5",
        "Second.",
    ]
    places = [text.index(word) for word in order[1:]]
    assert places == sorted(places)
    assert 'class="cell won"' in text


def test_a_blind_page_names_letters_and_no_model() -> None:
    cells = [Cell(text="one"), Cell(text="two")]
    page = blind("Which?", [Item(key="abc", question="Why?", cells=cells)])
    assert [
        attributes["value"] for tag, attributes in Tags(page).found if attributes.get("type") == "radio"
    ] == [
        "A",
        "B",
        "tie",
    ]
    assert "A is better" in page


def test_no_question_is_no_fault() -> None:
    assert "0 judged" in blind("x", [])
    assert "<table>" in comparison("x", [], [], [], [])
