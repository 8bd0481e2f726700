"""The tags between which models think aloud."""

from __future__ import annotations

import re

_NAMES = r"(?i:think|thinking|thoughts?|reasoning|reflection|scratchpad|seed:think|思考|思考过程)"
_DETAILS = (
    r"<details\b[^<>\n]{0,300}>\s*+<summary>[^<>]{0,80}?"
    r"(?i:think|thought|reason|思考|推理)[^<>]{0,80}</summary>"
)
_PAIRS = (
    (rf"<{_NAMES}(?:\s[^<>\n]{{0,200}})?>", rf"</{_NAMES}\s?>"),
    # Dify up to 1.2 prints the reasoning of a model so.
    (_DETAILS, r"</details>"),
    (r"◁think▷", r"◁/think▷"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|channel\|>(?:analysis|commentary)<\|message\|>", r"<\|end\|>|<\|channel\|>final<\|message\|>"),
)
_CLOSING = "|".join(close for _, close in _PAIRS if close not in (r"</details>", _PAIRS[-1][1]))
ANY_TAG = rf"(?:{'|'.join(open_ for open_, _ in _PAIRS)}|{_CLOSING})"
"""Pattern: a tag that opens or closes thinking."""

_OPEN = tuple(re.compile(open_) for open_, _ in _PAIRS)
_CLOSE = tuple(re.compile(close) for _, close in _PAIRS)
_IS_CLOSING = re.compile(_CLOSING)


def is_closing(tag: str) -> bool:
    """True if `tag`, a match of `ANY_TAG`, ends thinking."""
    return _IS_CLOSING.fullmatch(tag) is not None


class Tags:
    """Finds the tag that closes another one, in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._never: set[int] = set()
        """Kinds of tags that are closed nowhere behind a place already asked for: spares a search each."""

    def close(self, tag: str, start: int) -> tuple[int, int] | None:
        """Where the tag stands that closes the opening `tag`, from `start` on; calls go forward."""
        kind = next(number for number, pattern in enumerate(_OPEN) if pattern.fullmatch(tag))
        close = None if kind in self._never else _CLOSE[kind].search(self._text, start)
        if close is None:
            self._never.add(kind)
            return None
        return close.span()
