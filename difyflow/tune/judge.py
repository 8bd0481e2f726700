"""A model as a judge of two answers, and what its two words about them say together.

It sees each pair twice, in both orders. Where it does not say the same both times, the place decided and not
the answer: nobody wins.
"""

from __future__ import annotations

import re
from typing import Literal

from difyflow.tune.questions import Question

Verdict = Literal["first", "second", "tie", "split", "unreadable"]
"""Which of two models a judge found better; `split`: the place decided; `unreadable`: it said neither."""


_WORD = re.compile(r"\W*(?:(?:final )?(?:answer|verdict|winner)\W*)?(A|B|TIE)\W*", re.IGNORECASE)
INSTRUCTIONS = """\
You compare two answers, A and B, to the same question. Judge which one answers it better: true to the
reference if there is one, complete, clear, in the language of the question. Length by itself is no merit,
and neither is the order in which they stand. Give your reason in one sentence, and then, on a line of its
own, one word: A, B or TIE."""


def judge_prompt(question: Question, pair: tuple[str, str]) -> str:
    """What the judge is shown: question, reference, and both answers without the models' names."""
    parts = [f"[Question]\n{question.text}"]
    if question.system:
        parts.insert(0, f"[System message]\n{question.system}")
    if question.reference:
        parts.append(f"[Reference]\n{question.reference}")
    parts += [
        f"[Answer {letter}]\n{text}\n[End of answer {letter}]"
        for letter, text in zip("AB", pair, strict=True)
    ]
    return "\n\n".join(parts)


def word(said: str) -> str:
    """The last word of a judge's answer, on a line of its own: A, B or TIE; `?` if there is none."""
    for line in reversed(said.split("\n")):
        found = _WORD.fullmatch(line)
        if found:
            return found[1].upper()
    return "?"


def verdict(straight: str, swapped: str) -> Verdict | None:
    """What a judge's two words say together.

    Args:
        straight: with the first model's answer as A.
        swapped: with the second model's answer as A.

    Returns:
        None if it was not asked.
    """
    if not straight or not swapped:
        return None
    if "?" in (straight, swapped):
        return "unreadable"
    first, second = {"A": "first", "B": "second"}.get(straight), {"A": "second", "B": "first"}.get(swapped)
    if first is None and second is None:
        return "tie"
    if first == second:
        return "first" if first == "first" else "second"
    return "split"
