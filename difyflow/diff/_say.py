"""Values of documents in words, for formats that are read by people."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Final

from difyflow.diff._values import Mask, encoded

if TYPE_CHECKING:  # git's text of a document needs the words and not the report
    from difyflow.diff.report import Detail

_LONG: Final = 72
"""Characters above which a text is shown by lines."""

_LONGEST: Final = 160
"""Characters of a value that is no text."""


def harmless(text: str) -> str:
    """A text whose control characters are shown and not obeyed; it has no line ends."""
    if text.isprintable():
        return text
    return "".join(char if _is_plain(char) else _escaped(char) for char in text)


def _is_plain(char: str) -> bool:
    return (
        char == "\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char == "\u200d"
    )


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r"}.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    )


def short(value: object) -> str:
    """A value in a line."""
    if isinstance(value, Mask):
        return str(value)
    if isinstance(value, str):
        return _in_quotes(value) if _needs_quotes(value) else value
    text = json.dumps(_unmasked(value), ensure_ascii=False)
    return harmless(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


def _in_quotes(text: str) -> str:
    return harmless(json.dumps(text, ensure_ascii=False))


def _needs_quotes(text: str) -> bool:
    return not text or not text.isprintable() or text != text.strip() or text[0] in "\"'[{" or " -> " in text


def _unmasked(value: object) -> object:
    if isinstance(value, Mask):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _unmasked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unmasked(item) for item in value]
    return encoded(value)


def is_text(detail: Detail) -> bool:
    """Whether a change is best shown by lines and words."""
    texts = [value for value in (detail.before, detail.after) if value is not None]
    if not texts or not all(isinstance(value, str) for value in texts):
        return False
    return any("\n" in str(value) or len(str(value)) > _LONG for value in texts)


def is_order(detail: Detail) -> bool:
    """Whether it says that a list has another order."""
    return detail.label.endswith(" order")


def change_of(detail: Detail) -> str:
    """`0.3 -> 0.7`, `(sha256 ab12...)` or a value alone."""
    if isinstance(detail.before, Mask) or isinstance(detail.after, Mask):
        return _secret(detail)
    if is_order(detail) and isinstance(detail.before, list) and isinstance(detail.after, list):
        return f"{', '.join(map(short, detail.before))} -> {', '.join(map(short, detail.after))}"
    if detail.sign == "~":
        return _pair(detail.before, detail.after)
    return short(detail.after if detail.sign == "+" else detail.before)


def _pair(before: object, after: object) -> str:
    """Both in quotes if one of them needs them."""
    if isinstance(before, str) and isinstance(after, str) and (_needs_quotes(before) or _needs_quotes(after)):
        return f"{_in_quotes(before)} -> {_in_quotes(after)}"
    return f"{short(before)} -> {short(after)}"


def _secret(detail: Detail) -> str:
    if detail.sign == "~":
        if isinstance(detail.after, Mask):
            return f"changed {detail.after}"
        return f"{short(detail.before)} -> {short(detail.after)}"
    return short(detail.after if detail.sign == "+" else detail.before)
