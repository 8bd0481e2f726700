"""Plain text and its relatives."""

from __future__ import annotations

import pytest

from difyflow.run.backends.local.documents import extract


@pytest.mark.parametrize("name", ["a.html", "A.HTM"])
def test_html_keeps_its_tags_and_says_so(name: str) -> None:
    found = extract(b"<p>hello</p>", name=name)
    assert found.text == "<p>hello</p>"
    assert "tags" in found.notes[0]


def test_yaml_is_given_as_written_and_the_difference_to_a_server_is_told() -> None:
    text = "# a comment\nport: 012\n"
    found = extract(text.encode(), name="a.yml")
    assert found.text == text
    assert "comments" in found.notes[0]


def test_parts_follow_the_headings_of_markdown_and_of_chinese_books() -> None:
    text = "序\n# 甲 #\n文\r\n## 乙\r\n文\n第三章 消防\n文\n第四天我们去\n#标签\n"
    found = extract(text.encode(), name="a.md")
    assert [part.heading for part in found.parts] == [None, "甲", "乙", "第三章 消防"]
    assert found.text[found.parts[2].start :].startswith("## 乙")


def test_comments_in_code_are_no_headings() -> None:
    assert [part.heading for part in extract(b"# x\ny = 1\n", name="a.py").parts] == [None]
    fenced = "# 题\n```sh\n# comment\n```\n文\n~~~\n# open to the end\n"
    assert [part.heading for part in extract(fenced.encode(), name="a.md").parts] == ["题"]
