"""Garbage of any size: no error, and work in proportion to the size."""

from __future__ import annotations

import tracemalloc

import pytest

from difyflow.records.jsonl import collect, collect_lines

LINE = '{"messages": [{"role": "user", "content": "一?"}, {"role": "assistant", "content": "壹。"}]}'
UNITS = {
    "heads of samples": '{"messages":[{',
    "quotes": '"',
    "backslashes": "\\",
    "braces": "{",
    "brackets": "[",
    "blanks": " ",
    "empty lines": " \n",
    "nested objects": '{"a":',
    "nested lists and objects": '{"a":[{"a":[',
    "objects that never end": '{"a":1,',
    "behind each other": '}{"messages":',
    "curly strings that never end": '{"messages": “',
    "single strings that never end": "{'messages': ['",
    "messages that never end": '{"role":"user","content":"',
    "samples cut at a content": '{"messages":[{"role":"user","content":"a\n',
    "block comments": "{/*",
    "line comments": "{//",
    "escaped objects": '{\\"messages\\":[',
    "escaped and plain objects": "{\\\"a\\\": {'messages': [}",
    "html": "{&quot;messages&quot;:[",
    "thinking": "<think>",
    "thinking lines": "<think>\n",
    "ends of thinking": "</think>\n",
    "loose messages": '{"role":"user","content":"x"}x',
    "rests of strings": '"}]}\n',
    "clean lines": LINE + "\n",
    "clean, one line": LINE,
    "broken lines": LINE.replace('"}]', "}]") + "\n",
    "unescaped quotes": LINE.replace("壹", '"壹"') + "\n",
}
OPEN = '{"messages":[{"role":"user","content":"'
INSIDE = {"quotes": '"', "ends": '"}', "backslashes": "\\", "escaped quotes": '\\"', "blanks": '"    '}


def assert_linear(work, build, length: int) -> None:
    """Four times the text is about four times the work; a quadratic one would take sixteen times."""
    small, large = (work(collect, build(times * length)) for times in (1, 4))
    assert large < 6 * small + 100


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_repeated_garbage_takes_linear_work(work, unit):
    assert_linear(work, lambda length: unit * (length // len(unit)), 4_000)


@pytest.mark.parametrize("unit", INSIDE.values(), ids=INSIDE)
def test_an_open_string_full_of_garbage_takes_linear_work(work, unit):
    assert_linear(work, lambda length: OPEN + unit * (length // len(unit)), 5_000)


@pytest.mark.long
def test_a_line_of_200_megabytes_is_read_once():
    text = OPEN + "长" * 200_000_000 + '"}, {"role":"assistant","content":"短"}]}'

    (sample,) = collect(text).samples
    assert len(sample.messages[0].content) == 200_000_000


def test_a_sample_behind_garbage_is_found():
    for name, unit in UNITS.items():
        if "thinking" not in name:
            found = collect(unit * 500 + "\n完\n\n" + LINE + "\n")
            assert found.samples and found.samples[-1].messages[-1].content == "壹。", name


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
def test_deep_nesting_is_no_error(depth):
    deep = "[" * depth + "]" * depth
    text = LINE.replace("]}", f'], "deep": {deep}}}')
    found = collect(f"{text}\n{LINE}")

    assert found.samples[-1].messages[-1].content == "壹。"
    assert len(found.samples) + len(found.rejects) == 2
    assert list(collect_lines([text, LINE]))[-1] == found.samples[-1]


def test_a_number_without_end_is_no_error():
    assert len(collect(LINE.replace("]}", f'], "n": {"9" * 10_000}}}')).samples) <= 1


def test_clean_lines_are_read_in_constant_memory():
    count = 4_000
    tracemalloc.start()
    for _ in collect_lines(LINE + "\n" for _ in range(count)):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < count * len(LINE) / 3
