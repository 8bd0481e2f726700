"""note: a piece of paper on the canvas (Dify 0.6.11); `data.type` is empty, the envelope `custom-note`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar

from difyflow.nodes._base import Handle, NodeData
from difyflow.nodes._record import Number, Spelled, Written


class Note(NodeData):
    """Takes no edges; engine and checklist ignore it."""

    SINCE: ClassVar[str] = "0.6.11"
    ENVELOPE: ClassVar[str] = "custom-note"
    TERMINAL: ClassVar[bool] = True

    desc: Annotated[str | None, Written()] = ""
    text: str = ""
    """A Lexical editor state as JSON text, or empty; see `plain_text` and `lexical`."""
    theme: str = "blue"
    """blue, cyan, green, yellow, pink or violet."""
    author: str = ""
    showAuthor: bool = True
    width: Number = 240
    height: Number = 88

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`lexical(...)` for a text without formatting."""
        plain = self.plain_text()
        return {"text": Spelled("lexical", (plain,))} if plain else {}

    def source_handles(self) -> tuple[Handle, ...]:
        """None."""
        return ()

    def canvas_size(self) -> tuple[Number, Number]:
        """Its own."""
        return self.width, self.height

    def plain_text(self) -> str | None:
        """The text without formatting, a line per paragraph or item; None if it is no Lexical state."""
        if not self.text:
            return ""
        try:
            state = json.loads(self.text)
            return "\n".join(_text_of(block) for block in state["root"]["children"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


def _text_of(block: dict[str, object]) -> str:
    if block.get("type") == "linebreak":
        return "\n"
    if block.get("type") == "list":
        return _text_of_list(block)
    text = block.get("text")
    if isinstance(text, str):
        return text
    children = block.get("children")
    return "".join(_text_of(child) for child in children) if isinstance(children, list) else ""


def _text_of_list(block: dict[str, object]) -> str:
    """An item per line with a bullet or its number; a list in an item is indented and has no mark itself."""
    items = block.get("children")
    lines: list[str] = []
    number = 0
    for item in items if isinstance(items, list) else ():
        inside = item.get("children") or ()
        if any(child.get("type") == "list" for child in inside):
            lines += (f"  {line}" for line in _text_of(item).split("\n"))
            continue
        number += 1
        lines.append(f"{number}. " if block.get("listType") == "number" else "• ")
        lines[-1] += _text_of(item)
    return "\n".join(lines)


def lexical(text: str) -> str:
    """Plain text as the Lexical state that Dify's editor writes: a paragraph per line, no formatting."""
    if not text:
        return ""
    tail = {"direction": "ltr", "format": "", "indent": 0}
    paragraphs = []
    for line in text.split("\n"):
        run = {"detail": 0, "format": 0, "mode": "normal", "style": "", "text": line, "type": "text"}
        children = [{**run, "version": 1}] if line else []
        ends = tail if line else {**tail, "direction": None}
        paragraphs.append({"children": children, **ends, "type": "paragraph", "version": 1, "textFormat": 0})
    root = {"children": paragraphs, **tail, "type": "root", "version": 1}
    return json.dumps({"root": root}, ensure_ascii=False, separators=(",", ":"))


EXAMPLE = Note(
    text=lexical("Low temperature keeps the form.\nAsk before changing it."), author="Dify", theme="yellow"
)

NODE = Note
