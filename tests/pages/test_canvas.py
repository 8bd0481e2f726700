"""The page of an app: stands alone, and nothing of the app gets out of its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given as forall

import difyflow
import graphs as given
from difyflow.dsl import Graph, Node
from difyflow.errors import ReadError
from difyflow.nodes.llm import LLM
from difyflow.pages.canvas import canvas


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str) -> Any:
    return Tags(text).found


@pytest.mark.long
@forall(given.graphs(), given.TITLES)
def test_a_page_holds_one_script_and_loads_nothing(graph: Any, name: str) -> None:
    found = tags(canvas(given.app(graph, name)))
    assert [tag for tag, _ in found].count("script") == 1
    assert not {tag for tag, _ in found} & {
        "img",
        "iframe",
        "link",
        "object",
        "embed",
        "form",
        "a",
        "image",
        "use",
    }
    for _, attributes in found:
        assert not [key for key in attributes if key.startswith("on") or key in ("src", "href", "style")]


@pytest.mark.long
@forall(given.graphs(), given.TITLES)
def test_script_and_style_do_not_depend_on_the_app(graph: Any, name: str) -> None:
    def own(text: str) -> Any:
        return re.findall(r"<(script|style)>(.*?)</\1>", text, re.S)

    assert own(canvas(given.app(graph, name))) == own(canvas(given.app(Graph(), "")))


@pytest.mark.parametrize("title", given.HOSTILE)
def test_a_hostile_title_stays_a_text(title: Any) -> None:
    page = canvas(given.app(Graph(nodes=(Node(id="a", data=LLM(title=title)),)), title))
    assert "alert(1)</script>" not in page
    assert page.count("</script>") == 1


def test_it_says_what_it_shows(root: Any) -> None:
    page = canvas(difyflow.load(root / "workflows/fine_tune_corpus"))
    assert "<b>Fine-tune 语料构造器</b><span>workflow · 0.1.5</span>" in page
    assert page.startswith("<!doctype html>")
    assert "文档提取器" in page


def test_nothing_in_it_names_another_place(root: Any) -> None:
    page = canvas(difyflow.load(root / "workflows/fine_tune_corpus"))
    assert set(re.findall(r"https?://[^\"'<> ]+", page)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.long
def test_every_app_of_the_corpus_has_a_page(corpus_dir: Any) -> None:
    for file in sorted((corpus_dir / "dsl").glob("*.yml")):
        try:
            app = difyflow.read(file.read_bytes())
        except ReadError:
            continue
        assert [tag for tag, _ in tags(canvas(app))].count("script") == 1, file.name
