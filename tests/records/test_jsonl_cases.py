"""Broken outputs in `jsonl_cases/`, each with the samples that must come out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from difyflow.records.jsonl import Sample, collect, collect_lines

FOLDER = Path(__file__).parent / "jsonl_cases"
Chat = list[list[str]]


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    samples: list[Chat]
    rejects: list[str]
    truncated: bool = False


def made() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("made_*.json")):
        for at, case in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            yield Case(f"{path.stem}-{at}", case["text"], case["samples"], case["rejects"])


def odd() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("odd_*.txt")):
        text = path.read_bytes().decode()
        for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
            name, rest = block.split("\n", 1)
            output, rest = rest.split("\n--- expected\n", 1)
            samples, rejects = rest.split("--- rejects", 1)
            reasons = re.findall(r"[\w-]+", rejects)
            yield Case(
                name,
                output,
                [json.loads(one) for one in samples.splitlines()],
                reasons,
                "(truncated)" in name,
            )


CASES = [*made(), *odd()]


def chats(samples: list[Sample]) -> list[Chat]:
    return [[[message.role, message.content] for message in sample.messages] for sample in samples]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exactly_the_known_samples_come_out(case):
    found = collect(case.text, truncated=case.truncated)

    assert chats(found.samples) == case.samples
    assert [reject.reason for reject in found.rejects] == case.rejects


# A closing tag alone does not reach back to clean lines that have gone out.
FORWARD = [case for case in CASES if not re.search("without the opening tag|made_thinking", case.name)]


@pytest.mark.parametrize("case", FORWARD, ids=lambda case: case.name)
def test_lines_give_what_the_whole_text_gives(case):
    lines = re.findall(r"[^\n]*\n|[^\n]+", case.text)
    found = list(collect_lines(lines, truncated=case.truncated))
    whole = collect(case.text, truncated=case.truncated)

    assert chats([one for one in found if isinstance(one, Sample)]) == chats(whole.samples)
    rejects = [one for one in found if not isinstance(one, Sample)]
    assert [(one.reason, one.line) for one in rejects] == [(one.reason, one.line) for one in whole.rejects]


def test_there_are_enough_cases_of_enough_kinds():
    broken = [case for case in CASES if case.text]
    assert len(broken) >= 300
    assert len(list(FOLDER.glob("made_*.json"))) >= 20


def test_half_of_the_cases_are_chinese_prose_with_quotes_and_colons_inside():
    def is_prose(case: Case) -> bool:
        contents = "".join(content for chat in case.samples for _, content in chat)
        has = [re.search(signs, contents) for signs in ("[\u4e00-\u9fff]{4}", '["“”]', "[:：]")]
        return all(has)

    assert sum(map(is_prose, CASES)) * 2 >= len(CASES)


def test_the_made_cases_are_what_the_maker_makes(misprints, tmp_path):
    misprints.write(tmp_path)

    for path in FOLDER.glob("made_*.json"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
