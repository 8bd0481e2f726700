"""Names of files that every system takes, whatever text they are made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_MOST_BYTES: Final = 120
"""Of the stem, in UTF-8; file systems take 255 with the suffix, Windows 260 characters of a whole path."""
_UNFIT: Final = re.compile(r"[^\w\-]+|_+")
_DEVICES: Final = re.compile(r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")


def stem(text: str, otherwise: str) -> str:
    """A file name without suffix made of a text: letters and digits of any script, `_` and `-`.

    Args:
        text: for example the title of a node.
        otherwise: what is taken if nothing of the text can be.
    """
    plain = unicodedata.normalize("NFC", text)
    made = _cut(_UNFIT.sub("_", plain).strip("_-"))
    if not made:
        made = _cut(_UNFIT.sub("_", otherwise).strip("_-")) or "text"
    return f"{made}_" if _DEVICES.fullmatch(made) else made


def _cut(text: str) -> str:
    cut = text.encode("utf-8", "ignore")[:_MOST_BYTES].decode("utf-8", "ignore")
    return cut.rstrip("_-")


def key(name: str) -> str:
    """Two names with the same key are one file on some system (no case, other composition of accents)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def stems(texts: Iterable[tuple[str, str]]) -> list[str]:
    """A stem for each (title, id): the title, with the id too where several have the same title.

    Which one is numbered does not depend on the order as long as the ids differ.
    """
    pairs = list(texts)
    plain = [stem(title, node_id) for title, node_id in pairs]
    count: dict[str, int] = {}
    for item in plain:
        count[key(item)] = count.get(key(item), 0) + 1
    made = [
        item if count[key(item)] == 1 else stem(f"{item}_{node_id}", item)
        for item, (_, node_id) in zip(plain, pairs, strict=True)
    ]
    return unique(made)


def unique(names: Iterable[str]) -> list[str]:
    """The names, those that some system takes for one that was there before with a number."""
    taken: set[str] = set()
    found = []
    for name in names:
        made, number = name, 1
        while key(made) in taken:
            number += 1
            made = f"{name}_{number}"
        taken.add(key(made))
        found.append(made)
    return found
