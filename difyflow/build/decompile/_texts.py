"""Texts: short ones as literals or f-strings, long ones in files beside the flow."""

from __future__ import annotations

import re
from typing import Literal

from difyflow.build import _python as py
from difyflow.build.decompile._known import Known
from difyflow.terms.selector import placeholders

LINES = 3
"""A text with more line ends than these goes into a file."""
COLUMNS = {"template": 300, "jinja": 300, "code": 300, "plain": 600}
"""So does a text that is wider than this, by its kind; a narrower one is wrapped."""
WIDEST = 60
"""Columns of the name of a file, without folder and suffix."""
_JSON = re.compile(r"\s*(\{(?!\{).*\}|\[.*\])\s*", re.DOTALL)
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")

Kind = Literal["template", "jinja", "code", "plain"]
_FOLDERS: dict[Kind, str] = {"template": "prompts", "jinja": "prompts", "code": "code", "plain": "texts"}


class Texts:
    """Writes texts, and keeps the files that are made of them.

    Attributes:
        files: text by path.
    """

    def __init__(self, known: Known) -> None:
        self.files: dict[str, str] = {}
        self._known = known

    def write(self, text: str, name: str, *, kind: Kind = "plain", suffix: str = "py") -> py.Expression:
        """The expression for a text.

        Args:
            text: as the document has it.
            name: stem of the file that it may get.
            kind: in templates references become names; code of several lines always gets a file.
            suffix: of a file of code.
        """
        if _is_long(text, kind) and _is_encodable(text):
            return self._file(text, name, kind, suffix)
        if kind != "template":
            return py.Text((text,))
        parts = self._parts(text)
        if len(parts) > 1 and any("{" in part for part in parts[::2]) and _is_encodable(text):
            return self._file(text, name, kind, suffix)
        return py.Text(tuple(parts))

    def kept(self) -> dict[str, str]:
        """The files so far, for `back_to`."""
        return dict(self.files)

    def back_to(self, kept: dict[str, str]) -> None:
        """Forgets files that were made since then."""
        self.files = kept

    def _parts(self, text: str) -> list[str]:
        """The text around its references, and the references, by turns."""
        parts, at = [""], 0
        for start, end, selector in placeholders(text):
            spoken = self._known.dotted(selector)
            if spoken is not None:
                parts[-1] += text[at:start]
                parts += [spoken, ""]
                at = end
        parts[-1] += text[at:]
        return parts

    def _file(self, text: str, name: str, kind: Kind, suffix: str) -> py.Expression:
        used: dict[str, py.Expression] = {}
        if kind == "template":
            text, names = self._with_names(text)
            used = {item: py.Raw(item) for item in names}
        ending = {"code": suffix, "jinja": "j2"}.get(kind, "json" if _JSON.fullmatch(text) else "md")
        name = py.cut(name, WIDEST)
        stem = f"{name}_" if _DEVICES.fullmatch(name) else name
        path, count = f"{_FOLDERS[kind]}/{stem}.{ending}", 1
        while path in self.files:
            count += 1
            path = f"{_FOLDERS[kind]}/{stem}_{count}.{ending}"
        self.files[path] = f"{text}\n"
        return py.Call("here", (py.literal(path),), used)

    def _with_names(self, text: str) -> tuple[str, list[str]]:
        """The text with the names of nodes in place of their ids, where that can be undone."""
        used: dict[str, str] = {}
        for _, _, selector in placeholders(text):
            name = self._known.names.get(selector.node_id, "")
            if name.isidentifier() and "{{#" + name + "." not in text:
                used[selector.node_id] = name
        if any(name in used and name != node_id for node_id, name in used.items()):
            return text, []
        for node_id, name in used.items():
            text = text.replace("{{#" + node_id + ".", "{{#" + name + ".")
        return text, sorted(used.values())


def _is_long(text: str, kind: Kind) -> bool:
    if kind == "plain" and _JSON.fullmatch(text) and py.columns(text) > py.LIMIT:
        return True
    lines = text.count("\n")
    return lines > LINES or py.columns(text) > COLUMNS[kind] or (kind == "code" and lines > 0)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
