"""Mending findings in the text."""

from __future__ import annotations

import pytest

from difyflow.lint import Fix, Found, fix, lint
from difyflow.lint.rule import Rule

TEXT = """\
# ours
app: {name: a, mode: workflow}   # by hand
kind: workflow  # wrong
version: 0.1
workflow:
  graph:
    nodes:
    - {id: s, type: start, position: {x: 0, y: 0}, data: {type: start, title: S, variables: []}}  # first
    edges: []
"""


def test_only_what_is_mended_changes_in_the_text() -> None:
    made = fix(TEXT)
    wanted = TEXT.replace("kind: workflow ", "kind: app ").replace("version: 0.1\n", "version: '0.1'\n")
    assert made.text == wanted.replace("type: start, position", "type: custom, position")
    assert {item.rule for item in made.done} == {"doc-kind", "doc-version-type", "node-envelope"}
    assert not {item.rule for item in made.left} & {item.rule for item in made.done}


def test_a_second_time_nothing_is_left_to_mend() -> None:
    once = fix(TEXT)
    assert fix(once.text).text == once.text
    assert fix(once.text).done == ()


def test_unsafe_fixes_need_to_be_asked_for() -> None:
    text = TEXT.replace("version: 0.1", "version: latest")
    assert "latest" in fix(text).text
    assert "version: 0.1.0\n" in fix(text, unsafe=True).text


def test_line_ends_and_byte_order_mark_stay() -> None:
    source = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    made = fix(source)
    data = made.text.encode(made.encoding)
    assert data.startswith(b"\xef\xbb\xbf# ours\r\n")
    assert data.count(b"\r\n") == data.count(b"\n") == TEXT.count("\n")


def test_a_fix_that_the_text_does_not_take_is_told_and_the_others_are_made() -> None:
    text = TEXT.replace("version: 0.1\n", "version: &v 0.1\nrag_pipeline_variables: *v\n")
    made = fix(text)
    assert "kind: app " in made.text
    assert [item.rule for item, _ in made.refused] == ["doc-version-type"] or "'0.1'" in made.text


@pytest.mark.parametrize("safe", [True, False])
def test_two_fixes_of_one_place_are_made_one_after_the_other(safe: bool) -> None:
    def rule(name: str, before: str, after: str) -> Rule:
        def found(view):  # type: ignore[no-untyped-def]  # as short as can be
            if view.app.get("name") == before:
                yield Found(("app", "name"), name, fix=Fix(name, ((("app", "name"), after),), safe))

        return Rule(name, "error", found, fix="safe")

    only = [rule("one", "a", "b"), rule("two", "a", "c"), rule("three", "b", "d")]
    made = fix(TEXT, unsafe=True, only=only)
    assert "name: d," in made.text
    assert [item.rule for item in made.done] == ["one", "three"]


def test_findings_after_a_fix_are_those_of_the_new_text() -> None:
    made = fix(TEXT)
    assert list(made.left) == lint(made.text)
