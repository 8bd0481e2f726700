"""Finding headings in running text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.run.backends.local.documents.values import Stretch

HEADING = re.compile(
    r"^(?:#{1,6}[ \t]+(?P<markdown>\S[^\r\n]{0,199}?)[ \t#]*"
    r"|(?P<chinese>第[0-9０-９一二三四五六七八九十百千零〇两]{1,8}[章节節篇卷编編回部][^\r\n。；]{0,40}))\r?$",
    re.MULTILINE,
)
"""A Markdown heading (`# …`) or a Chinese chapter line (`第三章 …`), a line by itself."""
_FENCE = re.compile(r"^ {0,3}(```|~~~)[^\n]*$.*?(?:^ {0,3}\1[`~]*[ \t]*\r?$|\Z)", re.MULTILINE | re.DOTALL)


def by_headings(text: str) -> Iterator[Stretch]:
    """Cuts a text before its headings; each stretch names its own. A `#` in a code fence is none."""
    fences = [match.span() for match in _FENCE.finditer(text)]
    at, heading = 0, None
    for match in HEADING.finditer(text):
        while fences and fences[0][1] <= match.start():
            fences.pop(0)
        if fences and fences[0][0] <= match.start():
            continue
        yield Stretch(text[at : match.start()], heading=heading)
        at, heading = match.start(), (match["markdown"] or match["chinese"]).strip()
    yield Stretch(text[at:], heading=heading)
