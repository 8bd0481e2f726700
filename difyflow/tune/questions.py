"""Questions to models: chat samples with their answers as references, or plain questions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from difyflow.corpus.samples import LongLine, Sample, Unread, opened, read_lines, read_samples
from difyflow.errors import UsageError

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question.

    Attributes:
        key: digest of its messages.
        messages: what is sent.
        reference: the answer that was expected; empty if none was given.
        line: of the file, from 1.
    """

    key: str
    messages: tuple[Message, ...]
    reference: str = ""
    line: int = 0

    @property
    def text(self) -> str:
        """The last thing that is said to the model."""
        return self.messages[-1]["content"]

    @property
    def system(self) -> str:
        """The system message."""
        return next((item["content"] for item in self.messages if item["role"] == "system"), "")


def read_questions(path: Path, *, limit: int | None = None) -> tuple[Question, ...]:
    """Reads questions: chat samples, whose last answer is the reference, or `{"question", "reference"}`.

    A question that comes twice is asked once.

    Raises:
        UsageError: the file cannot be read, or a line is neither.
    """
    found: dict[str, Question] = {}
    with opened(path) as file:
        for number, line in enumerate(read_lines(file), start=1):
            if not line.strip():
                continue
            question = _question(line, number, path)
            found.setdefault(question.key, question)
            if limit is not None and len(found) == limit:
                break
    if not found:
        raise UsageError("holds no question", path=str(path), code="no-questions")
    return tuple(found.values())


def digest(text: str) -> str:
    """A short digest."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _question(line: bytes, number: int, path: Path) -> Question:
    wrong = UsageError(
        'is neither a chat sample nor {"question": ..., "reference": ...}',
        path=str(path),
        line=number,
        code="question",
    )
    if isinstance(line, LongLine):
        raise wrong
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise wrong from err
    if isinstance(value, dict) and isinstance(value.get("question"), str) and value["question"].strip():
        system, reference = value.get("system"), value.get("reference", value.get("answer", ""))
        messages = [{"role": "system", "content": system}] if isinstance(system, str) and system else []
        messages.append({"role": "user", "content": value["question"]})
        return _made(messages, reference if isinstance(reference, str) else "", number)
    sample = next(iter(read_samples([line])))
    if isinstance(sample, Unread) or not sample.question.strip():
        raise wrong
    return _of_sample(sample, number)


def _of_sample(sample: Sample, number: int) -> Question:
    turns = [turn for turn in sample.turns if turn.content]
    last = max(at for at, turn in enumerate(turns) if turn.role == "user")
    reference = next((turn.content or "" for turn in turns[last + 1 :] if turn.role == "assistant"), "")
    messages = [{"role": turn.role, "content": turn.content or ""} for turn in turns[: last + 1]]
    return _made(messages, reference, number)


def _made(messages: Sequence[Message], reference: str, number: int) -> Question:
    key = digest(json.dumps(messages, ensure_ascii=False))
    return Question(key=key, messages=tuple(messages), reference=reference, line=number)
