"""Text as it is compared: without what does not matter for what it says."""

from __future__ import annotations

import re
import unicodedata

_DASHES = re.compile(r"[‐‑‒–—―−]")
_LEFT_OUT = re.compile(
    r"""(?<!\d)\s+ | \s+(?!\d)           # spaces, but between two digits
      | (?<!\d)[.,:] | [.,:](?!\d)       # 3.5 is not 35
      | -(?!\d)                          # -5 is not 5
      | [^\w\s.,:\-]                     # looked at by its category
    """,
    re.VERBOSE,
)
_SAYS_SOMETHING = frozenset("#%&*@/\\")
"""Punctuation by Unicode's category that is read aloud: C# is not C."""


def normal(text: str) -> str:
    """NFKC (full-width signs become half-width), lower case, without spaces and punctuation.

    Symbols stay, and so do signs that make another number: 1+1 is not 1-1, 3.5 is not 35. A text of nothing
    but punctuation stays as it is.
    """
    folded = _DASHES.sub("-", unicodedata.normalize("NFKC", text).casefold())
    return _LEFT_OUT.sub(_kept, folded) or "".join(folded.split())


def _kept(match: re.Match[str]) -> str:
    sign = match.group()
    if len(sign) == 1 and (sign in _SAYS_SOMETHING or unicodedata.category(sign)[0] == "S"):
        return sign
    return ""
