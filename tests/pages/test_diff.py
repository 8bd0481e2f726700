"""The page of a diff: stands alone, marks what changed, tells no secret."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

import difyflow
import documents
import graphs as given
from difyflow.diff import compare
from difyflow.diff.formats._how import How
from difyflow.dsl import Graph, Node
from difyflow.nodes.llm import LLM
from difyflow.pages.diff import page_of

VOID = {"meta", "link", "br"}


class Tags(HTMLParser):
    """Every tag of a page with its attributes; fails if tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: Any, attrs: Any) -> None:
        assert tag in {"rect", "path", "circle", "text", "tspan", "g", "title"}, (
            f"<{tag}/> is not closed in HTML"
        )
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: Any) -> None:
        assert self.open.pop() == tag


def tags(text: str) -> Any:
    return Tags(text).found


def marks(text: str) -> Any:
    return [
        attrs["class"].split()[1] for tag, attrs in tags(text) if attrs.get("class", "").startswith("mark ")
    ]


@pytest.fixture(scope="module")
def app(root: Any) -> Any:
    return difyflow.load(root / "workflows/fine_tune_corpus").data()


@pytest.mark.long
@documents.SOME
@forall(given.graphs(most=6), given.graphs(most=6), given.TITLES)
def test_a_page_holds_one_script_and_loads_nothing(one: Any, other: Any, name: str) -> None:
    text = page_of(compare(given.app(one, name), given.app(other, name)))
    found = tags(text)
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
    assert re.findall(r"<(script|style)>", text) == ["style", "script"]


@pytest.mark.parametrize("title", given.HOSTILE)
def test_a_hostile_title_stays_a_text(title: Any) -> None:
    one = given.app(Graph(nodes=(Node(id="a", data=LLM(title="x")),)))
    other = given.app(Graph(nodes=(Node(id="a", data=LLM(title=title)),)), title)
    text = page_of(compare(one, other), How(names=(title, title)))
    assert text.count("</script>") == 1
    assert "<img" not in text


def test_nodes_are_coloured_by_what_happened_to_them(app: Any) -> None:
    other = copy.deepcopy(app)
    nodes = other["workflow"]["graph"]["nodes"]
    nodes[0]["data"]["title"] = "Changed"
    gone = nodes.pop(3)
    nodes.append(copy.deepcopy(gone) | {"id": "new", "data": {"type": "llm", "title": "New"}})
    assert marks(page_of(compare(app, other))) == ["changed", "removed", "changed", "added"]


def test_a_node_and_what_changed_in_it_share_a_number(app: Any) -> None:
    other = copy.deepcopy(app)
    other["workflow"]["graph"]["nodes"][0]["data"]["title"] = "Changed"
    found = tags(page_of(compare(app, other)))
    numbers = [(tag, attrs["data-entry"]) for tag, attrs in found if "data-entry" in attrs]
    assert numbers == [("rect", "0"), ("rect", "0"), ("article", "0")]


def test_a_renamed_node_is_marked_on_both_sides(app: Any) -> None:
    text = page_of(compare(app, documents.with_new_ids(app)))
    count = len(app["workflow"]["graph"]["nodes"])
    assert marks(text) == ["renamed"] * 2 * count


def test_a_text_is_shown_word_by_word() -> None:
    one = given.app(Graph(nodes=(Node(id="a", data=LLM(title="a quick brown fox jumps over it " * 4)),)))
    other = given.app(Graph(nodes=(Node(id="a", data=LLM(title="a quick red fox jumps over it " * 4)),)))
    text = page_of(compare(one, other))
    assert "<del>brown</del><ins>red</ins>" in text


def test_no_secret_gets_into_the_page() -> None:
    def of(value: Any) -> Any:
        variables = [{"name": "key", "value": value, "value_type": "secret"}]
        return {"app": {"name": "x", "mode": "workflow"}, "workflow": {"environment_variables": variables}}

    text = page_of(compare(of("hunter2"), of("hunter3")))
    assert "hunter" not in text
    assert "changed (sha256 " in text


@pytest.mark.long
@documents.SOME
@forall(st.data(), documents.documents())
def test_every_document_that_can_be_read_has_a_page(data: Any, one: Any) -> None:
    other = data.draw(documents.edited(one))
    try:
        apps = [difyflow.App.model_validate(item) for item in (one, other)]
    except ValueError:
        return
    tags(page_of(compare(*apps)))
