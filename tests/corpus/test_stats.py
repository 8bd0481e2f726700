"""Numbers about a corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from difyflow.corpus.languages import language
from difyflow.corpus.provenance import KEY, Sources, demo_lines
from difyflow.corpus.samples import line_digest
from difyflow.corpus.stats import Price, stats
from difyflow.corpus.tokens import Counter, estimate, from_file
from difyflow.errors import UsageError


def test_samples_turns_lengths_and_duplicates_are_counted(
    asked: Callable[..., bytes], line: Callable[..., bytes]
) -> None:
    two = line(("user", "ab"), ("assistant", "cd"), ("user", "e"), ("assistant", "f"))
    lines = [asked("问题一?", "答案一。"), asked("问题一?", "答案一"), two, two, b"{bad\n"]
    found = stats(lines)
    assert (found.lines, found.samples, found.unread) == (5, 4, 1)
    assert found.pairs == {1: 2, 2: 2}
    assert (found.exact, found.normalised, found.near) == (1, 1, None)
    assert list(found.lengths["question"]) == [4, 4, 3, 3]
    assert list(found.lengths["answer"]) == [4, 3, 3, 3]
    assert (found.systems, found.trigger) == (1, "你是消防系统专家")
    assert found.languages["zh"] == 2
    assert json.loads(json.dumps(found.to_json()))["tokens"]["exact"] is False


def test_tokens_are_counted_as_told_and_cost_what_the_user_says(asked: Callable[..., bytes]) -> None:
    found = stats([asked("abc", "defg", system="x")] * 2, tokens=Counter(len, "by letters", exact=True),
                  price=Price(per_million=1000, epochs=3, currency="CNY"))  # fmt: skip
    assert list(found.tokens) == [8 + 15, 8 + 15]  # five around each message
    assert (found.learned, found.tokens_how, found.tokens_exact) == (8, "by letters", True)
    assert found.cost == pytest.approx(46 * 3 / 1000)


def test_coverage_says_which_part_of_a_document_gave_samples(asked: Callable[..., bytes]) -> None:
    document = "".join(f"第{number}节规定了编号为{number * 37}的若干事项与细则。" * 4 for number in range(30))
    lines = [asked("问?", "第2节规定了编号为74的若干事项与细则。"), asked("问?", "完全另外的一句话而已。")]
    found = stats(lines, documents={"d.md": document})
    (covered,) = found.coverage
    assert (covered.samples, found.elsewhere) == (1, 1)
    assert sum(part.samples for part in covered.parts) == 1
    assert next(part for part in covered.parts if part.samples).start < len(document) / 5
    assert covered.parts[-1].end == len(document)


def test_an_answer_of_a_few_characters_is_found_in_its_document_too(asked: Callable[..., bytes]) -> None:
    (covered,) = stats(
        [asked("谁?", "子游。")], documents={"d": "甲" * 300 + "。子游问孝。" + "乙" * 300}
    ).coverage
    assert [part.samples for part in covered.parts] == [0, 1, 0]


def test_documents_come_from_the_provenance(asked: Callable[..., bytes]) -> None:
    one, other = asked("a?", "b"), asked("c?", "d")
    sources = Sources([{KEY: line_digest(one), "documents": ["甲", "乙"]}])
    assert stats([one, other], sources=sources).documents == {"甲": 1, "乙": 1, "(unknown)": 1}


def test_nothing_is_counted_in_an_empty_file() -> None:
    found = stats([])
    assert (found.lines, found.samples, found.to_json()["cost"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("你好,世界", "zh"),
        ("使用 Python 和 Docker 部署 Dify 工作流的方法", "zh"),
        ("火災報知器を設置してください", "ja"),
        ("화재 경보기를 설치하세요", "ko"),
        ("The device must be on the wall of the room.", "en"),
        ("How do I use a fire extinguisher?", "en"),
        ("Como posso usar o extintor em casa?", "pt"),
        ("Das Gerät ist an der Wand und nicht im Flur.", "de"),
        ("Прибор устанавливается на потолке", "ru"),
        ("123 ... !?", ""),
        ("", ""),
        ("zxcv qwer", "latin"),
    ],
)
def test_languages_are_told_apart(text: str, code: Any) -> None:
    assert language(text) == code


def test_an_estimate_is_near_what_vocabularies_of_today_give() -> None:
    count = estimate().count
    assert 8 <= count("The quick brown fox jumps over the lazy dog.") <= 13
    assert 9 <= count("火灾报警器应安装在天花板的中央位置。") <= 16
    assert count("") == 0


@pytest.mark.local
def test_a_tokenizer_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    for name in ("bad.json", "missing.json", "."):
        with pytest.raises(UsageError):
            from_file(tmp_path / name)


@pytest.mark.local
def test_tokens_are_counted_with_the_file_that_is_named(tmp_path: Path) -> None:
    import tokenizers

    model = tokenizers.models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    counter = from_file(path)
    assert (counter.count("a b  a c"), counter.exact) == (4, True)
    assert counter.count("\ud800") == 1


def test_samples_of_the_demo_responder_are_counted() -> None:
    lines = [b'{"line_sha256": "x", "model": "demo"}\n', b'{"line_sha256": "y", "model": "a, demo"}\n',
             b'{"line_sha256": "z", "model": "demo-2"}\n', b"{demo\n", b"[]\n"]  # fmt: skip
    assert demo_lines(lines) == 2
