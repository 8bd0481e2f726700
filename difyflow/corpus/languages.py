"""Which language a text is in, told by its letters and, in Latin script, by its commonest words.

Good for telling a corpus apart, not for linguistics: a text needs some twenty letters, Cyrillic counts as
Russian, and Latin script without known words is `latin`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

_WORDS = {
    "en": "the of and to in is that for it with as are on be this by an at or from not you what how can i "
    "do does if when where which who why your they their was have will should",
    "de": "der die das und ist nicht ein eine zu den mit von für im auf dem des wie sich auch wird sind",
    "fr": "le la les des et est un une du en que qui dans pour pas au sur avec ce il sont vous aux",
    "es": "el la los las de que y en un una es por con para del se no como su lo al qué más",
    "pt": "o a os as de que e em um uma é por com para do da não se como no na mais dos",
    "it": "il lo la gli le di che e in un una è per con del della non si come sono nel dei più",
    "nl": "de het een en van is dat niet op te in zijn met voor aan er maar om ook wordt deze",
    "vi": "là của và có được trong cho không một các này với những người để khi",
}
_SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("CJK", "zh"),
    ("HANGUL", "ko"),
    ("CYRILLIC", "ru"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("GREEK", "el"),
    ("THAI", "th"),
    ("DEVANAGARI", "hi"),
    ("LATIN", "latin"),
)
_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 2
"""Common words that a Latin text must have before a language is named."""

_KANA = 0.05
"""Share of kana by which a text with Chinese characters is Japanese."""

_ENOUGH = 400
"""Characters that are looked at."""


def language(text: str) -> str:
    """The language of a text: `zh`, `ja`, `ko`, `en`, ...; `latin` for Latin script; empty without letters.

    Chinese with foreign names and terms in it is Chinese: one of its characters says as much as a word of
    Latin script.
    """
    text = text[:_ENOUGH]
    if text.isascii():
        return _latin(text) if any(char.isalpha() for char in text) else ""
    scripts = Counter(_script(char) for char in text if char.isalpha())
    latin_words = len(re.findall(r"[A-Za-z\u00c0-\u024f]+", text))
    scripts["latin"] = min(scripts["latin"], latin_words)
    found = scripts.most_common(1)
    if not found or not found[0][1]:
        return ""
    best = found[0][0]
    if best in ("zh", "ja"):
        kana = scripts["ja"] / (scripts["ja"] + scripts["zh"])
        return "ja" if kana > _KANA else "zh"
    return _latin(text) if best == "latin" else best


@cache
def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    return next((code for script, code in _SCRIPTS if name.startswith(script)), "other")


@cache
def _common() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in _WORDS.items()}


def _latin(text: str) -> str:
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {code: sum(word in known for word in words) for code, known in _common().items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= min(_LEAST, max(1, len(words) // 4)) else "latin"
