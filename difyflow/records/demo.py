"""In which words the rule-based responder asks, so that its samples are known by them.

Who wrote a line of a corpus stands in its provenance. Where that got lost, as with a file that was copied
alone, the wording is all there is to tell a sample without any sense from one of a model.
"""

from __future__ import annotations

from typing import Final

TOPIC: Final = "{topic}"
"""Where a question names what it is about; the responder takes that from the sentence that is its answer."""

QUESTIONS_ZH: Final = (
    "“{topic}”放到今天的生活里,该怎么理解?",
    "遇到和“{topic}”有关的事,应该怎么办?",
    "能用大白话讲讲“{topic}”吗?",
    "为什么说“{topic}”?",
    "关于“{topic}”,有什么可以照着做的?",
)
QUESTIONS_EN: Final = (
    'What does "{topic}" mean in everyday life?',
    'What should I keep in mind about "{topic}"?',
    'Could you explain "{topic}" in plain words?',
    'Why does it say "{topic}"?',
    'What can I do about "{topic}"?',
)

_PARTS: Final = tuple(tuple(one.split(TOPIC)) for one in (*QUESTIONS_ZH, *QUESTIONS_EN))
WORDS: Final = tuple(max(parts, key=len).strip('“”"').encode() for parts in _PARTS)
"""UTF-8 that stands in each question: a line of JSON without any of it holds none."""


def reads_as_demo(question: str, answer: str) -> bool:
    """True if a question has the responder's wording, and the answer has the words that it is about."""
    for before, after in _PARTS:
        topic = question.removeprefix(before).removesuffix(after)
        if topic and len(topic) + len(before) + len(after) == len(question) and topic in answer:
            return True
    return False
