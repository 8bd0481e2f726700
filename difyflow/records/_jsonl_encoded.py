r"""Stretches that were encoded once too often: `{\"messages\": ...` and `{&quot;messages&quot;: ...`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from difyflow.records._jsonl_signs import S

_BACKSLASH = re.compile(r"\\u[0-9a-fA-F]{4}|\\[\s\S]|[^\\]|\\")
_ENTITY = re.compile(r"&(?:quot|amp|lt|gt|apos|#0?39|#34|#x27|#x22);|[\s\S]")
_MARK = r"(?:\\+[\"']|&(?:quot|#34|#x22);)"
ENCODED_HEAD = rf"[{{｛]{S}{_MARK}[^\"'\\&:{{}}\[\]\n]{{1,60}}{_MARK}{S}:"
"""Pattern: an object that was encoded once too often."""
_HEAD = re.compile(ENCODED_HEAD)
_IS_HTML = re.compile(rf".{S}&", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_ENTITIES = {
    "quot": '"', "#34": '"', "#x22": '"', "apos": "'", "#39": "'", "#039": "'", "#x27": "'",
    "amp": "&", "lt": "<", "gt": ">",
}  # fmt: skip
_HTML_ESCAPE = re.compile(r"&(?:amp|lt|gt);")
_HTML_RAW = re.compile(r"[<>]|&(?!(?:quot|amp|lt|gt|apos|#0?39|#34|#x27|#x22);)")
_ODD_ESCAPE = re.compile(r"(?:[^\\]|\\[bfnrtu\"'/\\])*+\\")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A decoded stretch of a text."""

    text: str
    end: int
    """Offset in the encoded text where the stretch ends."""
    repair: str
    encoded: str
    offsets: tuple[int, ...]
    """Where each decoded character begins in the encoded text, and the end."""

    def offset(self, at: int) -> int:
        """The offset in the encoded text of an offset in `text`."""
        return self.offsets[at]

    def encoded_at(self, start: int) -> bool:
        """True if what begins at an offset in the encoded text was encoded itself."""
        return _HEAD.match(self.encoded, start - self.offsets[0]) is not None

    def doubt(self, start: int, end: int, repairs: frozenset[str]) -> str:
        """Why what was read between two offsets in the encoded text may mean something else; else empty."""
        piece = self.encoded[start - self.offsets[0] : end - self.offsets[0]]
        if self.repair == "html-escaped":
            half = _HTML_ESCAPE.search(piece) and _HTML_RAW.search(piece)
            return "HTML beside escaped HTML" if half or "inner-quotes" in repairs else ""
        return "an escape that JSON does not define" if _ODD_ESCAPE.match(piece) else ""


def decode_stretch(text: str, at: int) -> Stretch:
    """Undoes one encoding from the object at `at` on.

    The stretch ends at the first double quote that stands for itself: at that quote if the stretch is
    the inside of a JSON string, else at the start of its line.
    """
    html = _IS_HTML.match(text, at) is not None
    quote = _bare_quote(text, at, html)
    end = quote
    if quote < len(text) and text[at - 1 : at] != '"':
        end = max(text.rfind("\n", at, quote) + 1, at)
        end = quote if end == at else end
    encoded = text[at:end]
    tokens: list[str] = (_ENTITY if html else _BACKSLASH).findall(encoded)
    decoded = "".join(map(_entity if html else _character, tokens))
    offsets = tuple(accumulate(map(len, tokens), initial=at))
    if html:
        return Stretch(decoded, end, "html-escaped", encoded, offsets)
    return Stretch(decoded, end, "escaped-object", encoded, offsets)


def _bare_quote(text: str, at: int, html: bool) -> int:
    if html:
        quote = text.find('"', at)
        return len(text) if quote < 0 else quote
    plain = re.compile(r'[^"\\]*+(?:\\[\s\S][^"\\]*+)*+').match(text, at)
    return plain.end() if plain else len(text)


def _character(token: str) -> str:
    if len(token) == 1:
        return token
    return chr(int(token[2:], 16)) if len(token) == 6 else _ESCAPES.get(token[1], token[1])


def _entity(token: str) -> str:
    return token if len(token) == 1 else _ENTITIES[token[1:-1]]
