"""The second look at a corpus: what every service takes and what yet teaches wrong things.

All findings are warnings or remarks, for a person to look at: none is certain.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from difyflow.corpus import _near
from difyflow.corpus._digests import Digests
from difyflow.corpus._normal import normal
from difyflow.corpus.dedupe import compared
from difyflow.corpus.findings import Finding, Severity
from difyflow.corpus.grounding import Grounding
from difyflow.corpus.languages import language
from difyflow.corpus.provenance import Sources
from difyflow.corpus.samples import Sample, read_samples

RULES: Mapping[str, Severity] = {
    "duplicate-sample": "warning",
    "same-question": "warning",
    "near-question": "warning",
    "same-answer": "warning",
    "refusal": "warning",
    "boilerplate": "warning",
    "not-in-source": "warning",
    "number-not-in-source": "warning",
    "source-missing": "info",
    "other-system": "warning",
    "no-common-system": "warning",
    "language-mix": "warning",
    "other-language": "info",
    "short-answer": "warning",
    "short-question": "warning",
    "long-sample": "warning",
    "rule-skipped": "info",
}
"""The rules of the second look."""

_REFUSAL = re.compile(
    r"(?:很|非常)?抱歉,?.{0,6}(?:无法|不能|没有)"
    r"|我?(?:无法|不能)(?:回答|提供|确定|满足|处理)(?:这个|该|您的|你的|此)"
    r"|(?:文中|文档中?|文本中?|上文|原文|资料中?|上下文)(?:并?没有|未)(?:提及|提到|说明|给出|涉及|提供)"
    r"|(?:无法|不能)(?:从|根据).{0,10}(?:得知|得出|确定|判断|回答)"
    r"|\bI(?:'m| am) (?:sorry|unable|not able)\b|\bI (?:cannot|can't|can not|don't know)\b"
    r"|\b(?:the )?(?:text|document|context) does(?: not|n't) (?:mention|say|provide|contain)\b",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"作为(?:一个|一名|一款)?(?:AI|人工智能|语言模型|大模型|大语言模型|智能助手)"
    r"|我是(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型|由.{1,12}(?:开发|训练))"
    r"|希望(?:这|以上|我的).{0,8}(?:对您|对你|能帮|有所?帮助)|如(?:有|果您?还?有)(?:任何|其他|更多).{0,4}(?:问题|疑问)"
    r"|(?:根据|基于)[您你]?所?(?:提供|给出|上传)的?(?:文本|文档|内容|资料|材料|上下文|信息)"
    r"|^以下是(?:根据|基于|为您|为你)|以下是.{0,12}(?:JSONL?|样本|对话)|^好的[,!]|(?:请注意|需要注意的是)[,].{0,6}仅供参考"
    r"|\bas an AI\b|\bas a (?:large )?language model\b|\bI hope this helps\b|\bfeel free to ask\b"
    r"|^(?:Sure|Certainly|Of course)[,!]"
    r"|\b(?:according to|based on) the (?:provided|given|above) (?:text|document|context)\b",
    re.IGNORECASE,
)

_NEAR_QUESTION = 0.55
"""Share of common pairs of characters by which two questions are nearly the same. A question of a dozen
characters with one other word (怎么, 如何) has about that."""

_QUESTION_SHINGLE = 2
_NUMBER = re.compile(r"\d+|[一二三四五六七八九十百千]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as too short or too long, in characters without spaces and punctuation."""

    question: int = 2
    answer: int = 4
    sample: int = 20_000
    """All messages together, counted as they stand."""


def deep(
    lines: Callable[[], Iterable[bytes]],
    *,
    sources: Sources | None = None,
    documents: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Iterator[Finding]:
    """Looks a second time.

    Args:
        lines: gives the physical lines, as often as it is called (twice).
        sources: the documents of each line, from its provenance.
        documents: text by name; with them answers are looked up in their source.
        limits: lengths.

    Yields:
        Findings in the order of the lines; those about the whole file (`line` 0) first. Lines that are no
        samples are left to `check`.
    """
    systems, spoken = _counted(lines())
    yield from _skipped(sources, documents)
    common = _common_system(systems)
    if common is None:
        yield Finding(
            0,
            "no-common-system",
            RULES["no-common-system"],
            f"{len(systems)} different system texts, none in more than half of the samples; the trigger "
            "phrase must be the same in training and in use",
        )
    looks: list[_Look] = [
        _Text(limits or Limits()),
        _Language(spoken.most_common(1)[0][0] if spoken else ""),
    ]
    if common is not None:
        looks.append(_System(common))
    if documents:
        looks.append(_Source(Grounding(documents), sources or Sources()))
    with ExitStack() as stack:
        looks.append(_Repeats(stack))
        for sample in read_samples(lines()):
            if isinstance(sample, Sample):
                for look in looks:
                    for id_, message in look.at(sample):
                        yield Finding(sample.line, id_, RULES[id_], message)


_Said = Iterator[tuple[str, str]]


class _Look(Protocol):
    """One thing that is looked for."""

    def at(self, sample: Sample) -> _Said:
        """Id and message of each finding in a sample."""
        ...


def _counted(lines: Iterable[bytes]) -> tuple[Counter[str], Counter[str]]:
    """System texts and languages of the answers, with how often they come."""
    systems, spoken = Counter[str](), Counter[str]()
    for sample in read_samples(lines):
        if isinstance(sample, Sample):
            if len(systems) < 10_000 or sample.system in systems:
                systems[sample.system] += 1
            said = language("\n".join(sample.answers))
            if said:
                spoken[said] += 1
    return systems, spoken


def _skipped(sources: Sources | None, documents: Mapping[str, str] | None) -> Iterator[Finding]:
    if not _near.is_there():
        yield Finding(
            0,
            "rule-skipped",
            "info",
            "near-identical questions were not looked for, only equal ones: pip install 'difyflow[corpus]'",
        )
    if not documents:
        yield Finding(
            0, "rule-skipped", "info", "answers were not looked up in their source: --documents DIR names it"
        )
    elif not sources:
        yield Finding(
            0,
            "rule-skipped",
            "info",
            "no provenance says which document a sample comes from: answers are looked up in all of them",
        )


def _common_system(systems: Counter[str]) -> str | None:
    """The system text of more than half of the samples; None if there is none."""
    if not systems:
        return ""
    text, count = systems.most_common(1)[0]
    return text if count * 2 > systems.total() else None


class _System:
    def __init__(self, common: str) -> None:
        self._common = common

    def at(self, sample: Sample) -> _Said:
        if sample.system == self._common:
            return
        if not sample.system:
            yield "other-system", "has no system text, and most samples have one"
        elif not self._common:
            yield "other-system", f"has a system text, and most samples have none: {_cut(sample.system)}"
        else:
            spaces = " but for spaces and signs" if normal(sample.system) == normal(self._common) else ""
            same = f"the same{spaces}" if spaces else "another"
            yield (
                "other-system",
                f"its system text is {same}: {_cut(sample.system)}, not {_cut(self._common)}",
            )


class _Text:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def at(self, sample: Sample) -> _Said:
        for answer in sample.answers:
            folded = unicodedata.normalize("NFKC", answer)
            refusal, phrase = _REFUSAL.search(folded), _BOILERPLATE.search(folded)
            if refusal:
                yield "refusal", f"the answer refuses or says that it is not known: {_cut(refusal.group())}"
            if phrase:
                yield "boilerplate", f"the answer has a phrase of assistants: {_cut(phrase.group())}"
            if len(normal(answer)) < self._limits.answer:
                yield "short-answer", f"the answer is short: {_cut(answer)}"
        if len(normal(sample.question)) < self._limits.question:
            yield "short-question", f"the question is short: {_cut(sample.question)}"
        size = sum(len(turn.content or "") for turn in sample.turns)
        if size > self._limits.sample:
            yield "long-sample", f"has {size:,} characters; what is beyond the model's context is cut"


class _Language:
    def __init__(self, common: str) -> None:
        self._common = common

    def at(self, sample: Sample) -> _Said:
        asked = language("\n".join(turn.content or "" for turn in sample.turns if turn.role == "user"))
        answered = language("\n".join(sample.answers))
        known = "latin" not in (asked, answered)
        if asked and answered and asked != answered and known:
            yield "language-mix", f"the question is {asked} and the answer {answered}"
        elif answered and answered != self._common and "latin" not in (answered, self._common):
            yield "other-language", f"the answer is {answered}; most are {self._common}"


class _Source:
    def __init__(self, grounding: Grounding, sources: Sources) -> None:
        self._grounding, self._sources = grounding, sources

    def at(self, sample: Sample) -> _Said:
        names = self._sources.named(sample.raw)
        if names and not self._grounding.knows(names):
            yield "source-missing", f"its document is not among those given: {', '.join(names[:3])}"
            return
        for answer in sample.answers:
            found = self._grounding.look_up(answer, names, given=(sample.question, sample.system))
            where = ", ".join(names[:3]) or "any document"
            if found.share < found.least:
                yield "not-in-source", f"{found.share:.0%} of the answer stands in {where}"
            if found.numbers:
                shown = ", ".join(found.numbers[:5])
                yield "number-not-in-source", f"{shown} of the answer does not stand in {where}"


class _Repeats:
    """The same sample, question or answer again."""

    def __init__(self, stack: ExitStack) -> None:
        self._samples, self._questions, self._answers = (stack.enter_context(Digests()) for _ in range(3))
        self._near = (
            stack.enter_context(_near.Near(_NEAR_QUESTION, shingle=_QUESTION_SHINGLE))
            if _near.is_there()
            else None
        )

    def at(self, sample: Sample) -> _Said:
        first = self._samples.add(_digest(compared(sample)), sample.line)
        if first is not None:
            yield "duplicate-sample", f"says the same as line {first}"
            return
        if len(sample.answers) != 1:
            return
        asked, answered = normal(sample.question), normal(sample.answers[0])
        same = self._questions.add(_digest(asked), sample.line)
        if same is not None:
            yield "same-question", f"asks the same as line {same} and is answered otherwise"
        elif self._near is not None:
            numbers = " ".join(_NUMBER.findall(asked))  # 第1条 and 第2条 are different questions
            match = self._near.nearest(asked, add=sample.line, mark=numbers)
            if match is not None:
                yield "near-question", f"asks nearly the same as line {match.key} ({match.similarity:.0%})"
        same = self._answers.add(_digest(answered), sample.line)
        if same is not None:
            yield "same-answer", f"is answered like line {same}, whose question is another"


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _cut(text: str, most: int = 30) -> str:
    flat = " ".join(text.split())
    return f"「{flat[:most]}…」" if len(flat) > most else f"「{flat}」"
