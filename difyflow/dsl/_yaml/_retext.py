"""A text with some of its data changed: as Dify exports it, or else with every other character as it was."""

from __future__ import annotations

from difyflow.dsl._yaml import _dump
from difyflow.dsl._yaml._equal import same
from difyflow.dsl._yaml._marks import ANEW, BOM, Composed
from difyflow.dsl._yaml._read import compose
from difyflow.errors import CannotEdit, ReadError


def retext(composed: Composed, wanted: object) -> str:
    """The text of `composed`, changed so that it reads as `wanted`.

    If the text is what Dify's exporter writes (line ends and a byte order mark aside), so is the result. In
    any other text the values that differ are replaced where they stand, and what is added looks like what is
    there; comments, indentation, quotes and order of the rest stay. What is removed goes with the comment on
    its line.

    Args:
        composed: the file as it is.
        wanted: plain data.

    Raises:
        CannotEdit: the change cannot be made so: anchors, aliases or `<<` are in the way, or the new text
            would not read as `wanted`.
    """
    if same(composed.data, wanted):
        return composed.text
    text = _as_exported(composed, wanted)
    if text is None:
        from difyflow.dsl._yaml._patch import Patcher  # who changes an export need not wait for it

        text = Patcher(composed).text(wanted)
    if not composed.text.endswith(("\n", "\r")) and text.endswith("\n"):
        # A file that ended in the middle of a line goes on doing so, if what is now its last value lets it.
        without = text.removesuffix("\n").removesuffix("\r")
        if _fault(without, wanted, composed.name) is None:
            return without
    fault = _fault(text, wanted, composed.name)
    if fault is not None:
        raise fault
    return text


def _fault(text: str, wanted: object, name: str) -> CannotEdit | None:
    """What is wrong with a new text; None if it reads as `wanted`."""
    try:
        again = compose(text, name=name).data
    except ReadError as err:
        return CannotEdit(f"the change would break the file: {err.message}", path=name, hint=ANEW)
    if same(again, wanted):
        return None
    return CannotEdit("the change would alter something else too", path=name, hint=ANEW)


def _as_exported(composed: Composed, wanted: object) -> str | None:
    """The new export, if the old text was one; None if not."""
    text = composed.text.removeprefix(BOM)
    lines = text.replace("\r\n", "\n")
    crlf = text.count("\r\n")
    if crlf not in (0, text.count("\n")) or lines.rstrip("\n") != _dump.dump(composed.data).rstrip("\n"):
        return None
    made = _dump.dump(wanted).rstrip("\n") + lines[len(lines.rstrip("\n")) :]
    return composed.text[: len(composed.text) - len(text)] + (made.replace("\n", "\r\n") if crlf else made)
