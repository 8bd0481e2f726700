"""How many tokens a text has: counted with a tokenizer file of the model, else estimated and said to be so.

The only door to `tokenizers` (extra `tokens`). No vocabulary is downloaded: the user names the model's
`tokenizer.json`, which lies beside the weights of every open model.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from difyflow.errors import MissingExtra, UsageError

PER_MESSAGE = 5
"""Tokens around each message in the chat templates of Qwen and of OpenAI: begin, role, line break, end."""

_PIECES = re.compile(
    r"(?P<han>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])|(?P<digit>\d)|(?P<word>[^\W\d_]+)|(?P<signs>(?:[^\w\s]|_)+)"
)
_PER_HAN = 0.75
_WORD, _PER_LETTER = 7, 0.2
"""Letters of a word that is one token, and tokens for each further letter."""

_PER_SIGN = 0.2
"""Tokens for each sign that follows another: `...` and `",` are often one."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens."""

    count: Callable[[str], int]
    how: str
    """How it counts, for people."""
    exact: bool
    """False for an estimate."""


class _Tokenizer(Protocol):
    def encode(self, text: str, *, add_special_tokens: bool) -> object: ...


def estimate() -> Counter:
    """An estimate by kinds of characters, for models with a vocabulary of 100,000 and more.

    A Chinese character counts 0.75, a digit 1, a word of up to seven letters 1. Beside Qwen's own vocabulary
    (151,643 tokens) it was within a sixth for modern and classical Chinese, English prose, Markdown and code;
    other models and scripts differ. For prices and limits count with the model's own tokenizer.
    """
    return Counter(_estimated, "estimate, may be off by a quarter", exact=False)


def _estimated(text: str) -> int:
    total = 0.0
    for match in _PIECES.finditer(text):
        size = match.end() - match.start()
        if match.lastgroup == "han":
            total += _PER_HAN
        elif match.lastgroup == "word":
            total += 1 + _PER_LETTER * max(0, size - _WORD)
        elif match.lastgroup == "signs":
            total += 1 + _PER_SIGN * (size - 1)
        else:
            total += 1
    return round(total)


def from_file(path: Path) -> Counter:
    """Counts with a `tokenizer.json`.

    Raises:
        MissingExtra: `tokenizers` is not installed.
        UsageError: the file is no tokenizer.
    """
    try:
        module = importlib.import_module("tokenizers")
    except ImportError as err:
        raise MissingExtra(
            "tokens are counted with tokenizers, which is not installed",
            hint="pip install 'difyflow[tokens]', or leave --tokenizer out for an estimate",
        ) from err
    if not path.is_file():
        raise UsageError("there is no such file", path=str(path), code="no-tokenizer")
    try:
        loaded = cast("_Tokenizer", module.Tokenizer.from_file(str(path)))
    except Exception as err:  # the library raises plain `Exception` for every fault of a file
        raise UsageError(
            f"is no tokenizer.json: {str(err)[:200]}",
            path=str(path),
            code="no-tokenizer",
            hint="take tokenizer.json of the model that is to be tuned",
        ) from err

    def count(text: str) -> int:
        clean = text.encode("utf-8", "replace").decode()
        return len(loaded.encode(clean, add_special_tokens=False).ids)  # type: ignore[attr-defined]  # an Encoding

    return Counter(count, f"counted with {path.name}", exact=True)
