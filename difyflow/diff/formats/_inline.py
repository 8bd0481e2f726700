"""Text inside of Markdown: shown as it is, or as code."""

from __future__ import annotations

import re
from typing import Final

from difyflow.diff._say import harmless

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+|~@!&$:])")


def plain(text: str) -> str:
    """A text in which nothing is Markdown, a mention or a link."""
    return _SPECIAL.sub(r"\\\1", harmless(" ".join(text.split())))


def code(text: str) -> str:
    """A text as inline code."""
    shown = harmless(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    gap = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{gap}{shown}{gap}{fence}"
