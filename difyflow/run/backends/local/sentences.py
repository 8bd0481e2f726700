"""Sentences of a document, and questions about them, by rules: what the demo responder is made of."""

from __future__ import annotations

import re

from difyflow.records.demo import QUESTIONS_EN, QUESTIONS_ZH

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_END = re.compile(r"(?<=[。！？!?；;])\s*|(?<=[.])\s+(?=[\"'A-Z0-9])|\n+")
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s+|[-*+>•]\s+|\d+[.)、]\s*)+")
_CLAUSE = re.compile(r"[,，。！？!?；;：:.、“”\"'「」『』《》()（）\s]+")


def is_chinese(text: str) -> bool:
    """True if the text is written in Chinese, at least in part."""
    return _CHINESE.search(text) is not None


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, each once, without headings' signs, table rows and scraps."""
    found: dict[str, None] = {}
    for piece in _END.split(text):
        sentence = " ".join(_MARKUP.sub("", piece).split())
        if _is_sentence(sentence):
            found[sentence] = None
    return list(found)


def _is_sentence(text: str) -> bool:
    if text.startswith(("|", "{", "[", "`", "<")) or text.endswith((":", ":", "：")):
        return False
    return len(_CHINESE.findall(text)) >= 4 or len(text.split()) >= 4


def spread(items: list[str], count: int) -> list[str]:
    """`count` items from all over the list, in order; all of them if there are no more."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def question(sentence: str, turn: int) -> str:
    """A question that the sentence answers; `turn` picks the wording."""
    if is_chinese(sentence):
        return QUESTIONS_ZH[turn % len(QUESTIONS_ZH)].format(topic=_topic(sentence, 4, 14))
    return QUESTIONS_EN[turn % len(QUESTIONS_EN)].format(topic=_topic(sentence, 8, 40))


def _topic(sentence: str, least: int, most: int) -> str:
    """The first clause that is long enough to be about something."""
    clauses = [clause for clause in re.split(r"[,，。！？!?；;：:.]+", sentence) if clause.strip()]
    long_enough = [clause for clause in clauses if len(_CLAUSE.sub("", clause)) >= least]
    topic = (long_enough or clauses or [sentence])[0].strip("“”\"'「」 ")
    if len(topic) <= most:
        return topic
    cut = topic[:most]
    return cut if is_chinese(cut) or " " not in cut else cut.rpartition(" ")[0]
