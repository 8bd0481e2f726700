"""What `check` says about lines, as a stranger's files have them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from difyflow.corpus.check import Tally, check, rules, service_names
from difyflow.corpus.samples import read_lines
from difyflow.errors import UsageError


def line(*messages: Any, **more: Any) -> Any:
    turns = [{"role": role, "content": content} for role, content in messages]
    return (json.dumps({"messages": turns, **more}, ensure_ascii=False) + "\n").encode()


GOOD = line(("system", "你是专家"), ("user", "怎么装?"), ("assistant", "装在天花板上。"))


def ids(*lines: Any, service: str = "siliconflow", enough: Any = True) -> Any:
    """The ids of findings about these lines, which stand in a file of enough good ones."""
    filled = [*lines, *([GOOD] * 10 if enough else [])]
    return [found.id for found in check(filled, service=service)]


@pytest.mark.parametrize("service", service_names())
def test_a_good_sample_has_no_finding(service: str) -> None:
    assert ids(GOOD, service=service) == []
    assert ids(line(("user", "a"), ("assistant", 'he said: "b"')), service=service) == []


def test_a_line_in_another_encoding_is_told_how_to_read_it() -> None:
    chinese = next(check([GOOD.decode().encode("gbk")], service="siliconflow"))
    assert chinese.message.endswith("it reads as GB18030 (GBK): corpus collect --encoding gb18030")
    for text, encoding in (("où est l'été?", "latin-1"), ("日本語のテスト", "shift_jis")):
        found = next(
            check([line(("user", text), ("assistant", "b")).decode().encode(encoding)], service="openai")
        )
        assert (found.id, "GB18030" in found.message) == ("not-utf-8", False)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_file_is_told_once(encoding: str) -> None:
    lines = list(read_lines(io.BytesIO((GOOD * 3).decode().encode(encoding))))
    assert [(one.line, one.id) for one in check(lines, service="siliconflow")] == [(0, "not-utf-8")]


def test_a_number_without_an_end_is_told_in_plain_words() -> None:
    raw = b'{"messages": [], "n": ' + b"9" * 6000 + b"}\n"
    assert (
        next(check([raw], service="siliconflow")).message == "holds a number with more digits than are read"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\n", "blank-line"),
        (b"   \r\n", "blank-line"),
        (b"{not json}\n", "not-json"),
        (b"\xd0\xc2\xb3\xc9\n", "not-utf-8"),
        (b"\x00{\n", "nul-byte"),
        (b"```jsonl\n", "code-fence"),
        (GOOD.rstrip() + b",\n", "trailing-comma"),
        (b"{'messages': []}\n", "single-quotes"),
        (GOOD.rstrip() + b" " + GOOD, "several-objects"),
        (b'{\n', "pretty-printed"),
        (b'  "messages": [\n', "pretty-printed"),
        (b'      "role": "user",\n', "pretty-printed"),
        (b"[" * 5000 + b"\n", "too-deep"),
        (b"[" * 300 + b"]" * 300 + b"\n", "too-deep"),
        (b'[{"role": "user"}]\n', "not-an-object"),
        (b'"text"\n', "not-an-object"),
        (b'{"messages": [{"role": "user", "content": NaN}]}\n', "not-a-number"),
        (b'{"prompt": "x"}\n', "no-messages"),
        (b'{"message": [{"role": "user", "content": "a"}]}\n', "message-key"),
        (b'{"messages": {}}\n', "messages-not-a-list"),
        (b'{"messages": []}\n', "empty-messages"),
        (b'{"messages": ["a"]}\n', "message-not-an-object"),
        (b'{"messages": [{"content": "a"}]}\n', "no-role"),
        (b'{"messages": [{"role": "user"}]}\n', "no-content"),
        (b'{"messages": [{"role": ["user"], "content": "a"}]}\n', "unknown-role"),
        (line(("bot", "a")), "unknown-role"),
        (line(("User", "a"), ("assistant", "b")), "role-spelling"),
        (line(("user", 1), ("assistant", "b")), "content-not-text"),
        (line(("user", "a"), ("assistant", " \u3000\n")), "empty-content"),
        (line(("user", "a"), ("system", "s"), ("assistant", "b")), "system-not-first"),
        (line(("system", "a"), ("system", "s"), ("user", "a"), ("assistant", "b")), "system-not-first"),
        (line(("assistant", "a"), ("user", "b"), ("assistant", "b")), "first-not-user"),
        (line(("system", "a")), "first-not-user"),
        (line(("user", "a"), ("user", "b"), ("assistant", "b")), "not-alternating"),
        (line(("user", "a")), "last-not-assistant"),
        (line(("user", "a"), ("assistant", "b"), id=1), "extra-keys"),
        (line(("user", "a\u2028b"), ("assistant", "b")), "line-separator"),
        (b"\xef\xbb\xbf" + GOOD, "bom"),
        (b'{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "b"}]}\n',
         "lone-surrogate"),
    ],
)  # fmt: skip
def test_a_bad_line_has_a_finding_with_its_name(raw: bytes, expected: Any) -> None:
    found = [one for one in check([raw, *[GOOD] * 10], service="siliconflow") if one.line]
    assert [(one.id, one.line) for one in found if one.id == expected] == [(expected, 1)], found
    assert rules("siliconflow")[expected] == next(one.severity for one in found if one.id == expected)


ANSWER = b', {"role": "assistant", "content": "b"}]}'


@pytest.mark.parametrize(
    "start",
    [
        b'{"messages": [{"role": "user", "role": "user", "content": "a"}',
        b'{"messages": [{"role" :"user", "role": "user", "content": "a"}',
        b'{"messages": [{"r\\u006fle": "x", "role": "user", "content": "a"}',
        b'{"messages": 1, "messages": [{"role": "user", "content": "a"}',
        b'{"messages": [{"role": "user", "content": "\\u0022\\u0022\\u0022\\u0022", "role": "user"}',
    ],
)
def test_a_key_that_is_given_twice_is_seen_however_it_is_written(start: Any) -> None:
    assert "duplicate-key" in ids(start + ANSWER)


def test_quotes_and_backslashes_in_the_text_are_no_fault() -> None:
    for text in ('"', '\\"', "\\", 'a\\\\"b', '{"role": "user"}', '":', "\u0022", "\t\x00\x1f"):
        assert ids(line(("user", text), ("assistant", f"x{text}"))) == []


def test_a_windows_file_is_one_remark() -> None:
    windows = [GOOD.replace(b"\n", b"\r\n")] * 20
    found = list(check(windows, service="siliconflow"))
    assert [(one.id, one.severity, one.fixable) for one in found] == [("carriage-return", "info", True)]


def test_utf_16_is_one_finding_and_not_one_a_line() -> None:
    lines = list(read_lines(io.BytesIO((GOOD * 30).decode().encode("utf-16"))))
    found = list(check(lines, service="openai"))
    assert [(one.id, one.line) for one in found] == [("not-utf-8", 0)]


def test_the_whole_file_is_counted() -> None:
    tally = Tally()
    found = list(check([GOOD] * 3 + [b"x\n"], service="siliconflow", tally=tally))
    assert [(one.id, one.line) for one in found] == [("not-json", 4), ("few-samples", 0)]
    assert (tally.lines, tally.samples, tally.size) == (4, 3, 3 * len(GOOD) + 2)
    assert ids(enough=False) == ["no-samples"]


def test_too_few_samples_are_an_error_where_the_service_says_so() -> None:
    (found,) = check([GOOD] * 9, service="openai")
    assert (found.id, found.severity) == ("few-samples", "error")


def test_an_unknown_service_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="llamafactory, openai, siliconflow"):
        check([], service="nebius-2")


def test_a_line_of_any_length_is_cut_and_named() -> None:
    long = b'{"messages": "' + b"x" * 5_000_000 + b'"}\n'
    lines = read_lines(io.BytesIO(GOOD + long + GOOD), longest=1_000_000)
    found = [one for one in check(lines, service="siliconflow") if one.line]
    assert [(one.id, one.line) for one in found] == [("line-too-long", 2)]
    assert f"{len(long):,} bytes" in found[0].message
