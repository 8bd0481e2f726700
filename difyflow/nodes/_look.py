"""What a node looks like on the canvas: colour and icon of its type, and the rows of its card.

Sizes are those of the editor for a card 244 pixels wide (dsl.md 4.6): a header, 26 pixels per row, 22 per way
out, 36 for an error strategy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from difyflow.terms.selector import Selector

BLUE, INDIGO, CYAN, GREEN = "#2E90FA", "#6172F3", "#06AED4", "#17B26A"
ORANGE, VIOLET, GREY = "#F79009", "#875BF7", "#667085"

HEADER = 48
"""Pixels from the top of a card to its first row."""
HANDLE = 24
"""Pixels from the top of a card to where edges arrive, and to where they leave if no row has the handle."""
_FOOT = 16
_EMPTY = 54


@dataclass(frozen=True, slots=True)
class Look:
    """Colour (`#RRGGBB`) and name of the icon."""

    colour: str = GREY
    icon: str = "box"


Shown = str | Selector
"""A text, whose references are shown by title, or one reference."""


@dataclass(frozen=True, slots=True)
class CanvasRow:
    """One row of a card.

    Attributes:
        kind: `field` (text at the left, detail at the right), `model`, `text` (wrapped to `lines`, the
            detail above it), `branch` (a way out, at the right), `label` (small, over what follows),
            `failure` (what an error leads to).
        handle: the `sourceHandle` of edges that leave here.
        lines: most lines of a text.
    """

    kind: Literal["field", "model", "text", "branch", "label", "failure"]
    text: Shown = ""
    detail: Shown = ""
    handle: str | None = None
    lines: int = 1

    @property
    def height(self) -> int:
        """Pixels, with the gap below."""
        match self.kind:
            case "field":
                return 26
            case "model":
                return 34
            case "text":
                return 10 + 16 * self.lines + (12 if self.detail else 0)
            case "branch" | "label":
                return 22
            case "failure":
                return 36


def row(text: Shown, detail: Shown = "") -> CanvasRow:
    """A name or reference, and what is said of it."""
    return CanvasRow("field", text, detail)


def plain(value: object) -> Shown:
    """Any value of a setting in a line; a reference stays one."""
    if isinstance(value, Selector):
        return value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def heading(text: str) -> CanvasRow:
    """A heading over other rows."""
    return CanvasRow("label", text)


def card_height(rows: Iterable[CanvasRow]) -> int:
    """Least height of a card with these rows, in pixels."""
    found = tuple(rows)
    if not found:
        return _EMPTY
    foot = 10 if found[-1].handle is not None or found[-1].kind == "failure" else _FOOT
    return HEADER + sum(row.height for row in found) + foot


def handle_heights(rows: Iterable[CanvasRow]) -> Mapping[str, int]:
    """By handle, pixels from the top of the card to where its edges leave; others leave at `HANDLE`."""
    found: dict[str, int] = {}
    top = HEADER
    for row in rows:
        if row.handle is not None:
            found[row.handle] = top + row.height // 2
        top += row.height
    return found
