"""The page of a corpus: what it says, and that a corpus's text stays text."""

from __future__ import annotations

import json
import re
from typing import Any

from difyflow.corpus.findings import Finding
from difyflow.corpus.samples import Turn, to_line
from difyflow.corpus.stats import Price, stats
from difyflow.pages.corpus import Shown, report

EVIL = "</script><script>alert(1)</script><!--\u2028\ud800"


def line(question: Any, answer: Any) -> Any:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return to_line({"messages": turns})


COUNTED = stats(
    [line("问题", "答案")] * 3,
    price=Price(per_million=1e6, epochs=2, currency="CNY"),
    documents={"<d>.md": "一些文字。" * 100},
)


def page(*shown: Any, **options: Any) -> Any:
    return report(COUNTED, shown, title="<x>.jsonl", **options)


def data_of(text: str) -> Any:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


def test_samples_stand_on_it_as_data_with_their_findings() -> None:
    found = Finding(7, "same-answer", "warning", "is answered like line 3")
    shown = Shown(
        7, (Turn("user", "a"), Turn("assistant", "b")), (Turn("assistant", "c"),), (found,), ("d.pdf",)
    )
    text = page(shown)
    assert data_of(text) == [
        {
            "line": 7,
            "from": "d.pdf",
            "turns": [["user", "a"], ["assistant", "b"], ["rejected", "c"]],
            "found": [["warning", "same-answer", "is answered like line 3"]],
        }
    ]
    assert '<option value="same-answer">same-answer (1)</option>' in text


def test_no_text_of_a_corpus_becomes_markup_or_script() -> None:
    shown = Shown(1, (Turn("user", EVIL), Turn("assistant", "b")), findings=(Finding(1, "x", "info", EVIL),))
    text = page(shown, whole=[Finding(0, "y", "warning", EVIL)])
    assert text.count("<script") == 2  # the data and the page's own
    assert "<!--" not in text.replace("<!doctype", "")
    assert data_of(text)[0]["turns"][0][1].startswith("</script>")
    assert "&lt;d&gt;.md" in text
    text.encode()


def test_it_says_counts_cost_and_what_is_not_shown() -> None:
    text = page(Shown(1, (Turn("user", "a"), Turn("assistant", "b"))), left_out=9)
    for said in (
        f"about {2 * sum(COUNTED.tokens):.2f} CNY",
        "2 epochs",
        "1 of 10 samples are on this page",
        "estimate",
    ):
        assert said in text, said


def test_a_message_without_content_shows_its_tool_calls() -> None:
    shown = Shown(1, (Turn("user", "a"), Turn("assistant", None, {"tool_calls": [{"id": "1"}]})))
    assert data_of(page(shown))[0]["turns"][1] == ["assistant", '{"tool_calls": [{"id": "1"}]}']


def test_elements_without_content_are_closed() -> None:
    text = page(Shown(1, (Turn("user", "a"), Turn("assistant", "b"))))
    assert not re.search(r"<(div|li|ul|output|select|button)\b[^>]*/>", text)
