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
    r"(?P<han>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])|(?P<digit>\d)|(?P<word>[^\W\d_]+)|(?P<sign>[^\w\s]|_)"
)
_PER_HAN = 0.7
_LETTERS = 5.0
"""Letters of a piece of a word in Latin script."""


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

    A Chinese character counts 0.7, a digit and a sign 1, a word of letters one for each five begun. It may
    be off by a third either way; for prices and limits count with the model's own tokenizer.
    """
    return Counter(_estimated, "estimate, may be off by a third", exact=False)


def _estimated(text: str) -> int:
    total = 0.0
    for match in _PIECES.finditer(text):
        if match.lastgroup == "han":
            total += _PER_HAN
        elif match.lastgroup == "word":
            total += max(1.0, -(-len(match.group()) // _LETTERS))
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
