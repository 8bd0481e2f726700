"""Lines of ours in a file of somebody else: put in, replaced, taken out again without a trace."""

from __future__ import annotations

import re
from typing import Final

BEGIN: Final = (
    "# >>> difyflow: `difyflow git install` wrote these lines, `difyflow git uninstall` removes them"
)
END: Final = "# <<< difyflow"
_BEFORE: Final = {"": "", "joined": " (and the line end before them)", "made": " (and this file)"}

_BLOCK: Final = re.compile(
    rf"(?P<joint>\n?)^{re.escape(BEGIN)}"
    rf"(?:(?P<joined>{re.escape(_BEFORE['joined'])})|(?P<made>{re.escape(_BEFORE['made'])}))?\n"
    rf"(?P<inside>.*?)^{re.escape(END)}\n?",
    re.MULTILINE | re.DOTALL,
)


def with_block(text: str | None, lines: str) -> str:
    """The text with our lines: in place of those that were there, else at the end.

    Args:
        text: the file, in which our lines may be; None if there is no file.
        lines: what shall stand between the marks; ends in a line end.
    """
    found = _BLOCK.search(text or "")
    if text is not None and found is not None:
        start, end = found.span("inside")
        return text[:start] + lines + text[end:]
    how = "made" if text is None else "joined" if text and not text.endswith("\n") else ""
    return f"{text or ''}{chr(10) if how == 'joined' else ''}{BEGIN}{_BEFORE[how]}\n{lines}{END}\n"


def without_block(text: str | None) -> str | None:
    """The text as it was before `with_block`, with what was changed outside our lines since then.

    None if there was no file, and there need be none.
    """
    found = _BLOCK.search(text or "")
    if text is None or found is None:
        return text
    start = found.start() if found["joined"] else found.end("joint")
    left = text[:start] + text[found.end() :]
    return None if found["made"] and not left else left


def inside(text: str | None) -> str | None:
    """Our lines; None if there are none."""
    found = _BLOCK.search(text or "")
    return None if found is None else found["inside"]
