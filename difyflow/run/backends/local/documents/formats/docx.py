"""Word documents: paragraphs and tables in order, tables as Markdown, as Dify writes them.

Equal to Dify: one line per paragraph (an empty one too), tabs and line breaks inside a paragraph kept, a
table as `| a | b |` lines followed by an empty line, a merged cell repeated, an empty table left out, no
marks for headings and lists, no headers, footers, footnotes, comments, text boxes and formulas.

Different, because the server loses text there: content controls (forms, cover pages, tables of contents),
text inserted with *Track changes*, fields, phonetic guides, and tables inside table cells are read. A note
counts the paragraphs that a server would not give in full. What is not read here either is named in a note.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from difyflow.run.backends.local.documents import archive, faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

# No part of the running text: deleted and moved-away text, field codes, pronunciations, and shapes (a text
# box stands in the file twice, for old and new readers).
_SKIPPED = {
    *(f"{_W}{tag}" for tag in ("del", "moveFrom", "instrText", "delText", "rt", "pPr", "rPr")),
    *(f"{_W}{tag}" for tag in ("drawing", "pict", "object")),
    f"{_MC}AlternateContent",
}
_SIGNS = {f"{_W}tab": "\t", f"{_W}ptab": "\t", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_WRAPPERS = {f"{_W}{tag}" for tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo")}
_MAX_DEPTH = 100
_MAX_SPAN = 1000
_MAX_TABLE = 20_000_000


def read(source: Source) -> Extracted:
    """The body of the document; a part per heading."""
    names = archive.check(source.data, name=source.name, what="Word document")
    document = _open(source, names)
    reader = _Reader(source.name, document)
    lines = [line for block in _children(document.element.body, "p", "tbl") for line in reader.lines(block)]
    joined = [
        Stretch(line.text + ("\n" if number < len(lines) else ""), heading=line.heading)
        for number, line in enumerate(lines, start=1)
    ]
    return assemble(joined, notes=[*reader.notes(), *_left_out(document.element.body, names)])


def _open(source: Source, names: tuple[str, ...]) -> Document:
    try:
        import docx
    except ImportError as err:
        raise faults.missing("python-docx", "Word documents (.docx)") from err
    # Some exporters write Windows separators into the archive; Dify repairs that too.
    data = archive.with_slashes(source.data) if any("\\" in name for name in names) else source.data
    return docx.Document(io.BytesIO(data))


class _Reader:
    """Turns blocks into lines; remembers the heading above and what a server would not give."""

    def __init__(self, name: str, document: Document) -> None:
        self._name = name
        self._heading_styles = _heading_styles(document)
        self._heading: str | None = None
        self._more = 0

    def lines(self, block: BaseOxmlElement) -> Iterator[Stretch]:
        """A paragraph or a table; nothing for a table without text."""
        if block.tag == f"{_W}tbl":
            table = self._table(block)
            if table:
                yield Stretch(table, heading=self._heading)
            return
        text = self._paragraph(block)
        if text.strip() and _style(block) in self._heading_styles:
            self._heading = " ".join(text.split())
        yield Stretch(text, heading=self._heading)

    def notes(self) -> list[str]:
        """What a server would leave out."""
        if not self._more:
            return []
        return [
            f"{self._more} paragraphs hold text that a Dify server leaves out"
            " (content controls, tracked insertions, fields, tables in cells)"
        ]

    def _paragraph(self, element: BaseOxmlElement) -> str:
        text = _text(element)
        hidden = element.getparent().tag in _WRAPPERS
        if text and (hidden or text != element.text):
            self._more += 1
        return text

    def _table(self, table: BaseOxmlElement) -> str:
        rows: list[list[str]] = []
        above: dict[int, tuple[str, int]] = {}
        size = 0
        for row in _children(table, "tr"):
            above = self._row(row, above)
            rows.append([text for text, span in above.values() for _ in range(span)])
            size += sum(len(text) * span for text, span in above.values())
            if size > _MAX_TABLE:
                raise faults.too_large(self._name, f"a table of more than {_MAX_TABLE:,} characters")
        if not any(cell.replace("<br>", "").strip() for row in rows for cell in row):
            return ""
        rule = ["---"] * len(rows[0])
        return "".join(f"| {' | '.join(row)} |\n" for row in (rows[0], rule, *rows[1:]))

    def _row(self, row: BaseOxmlElement, above: dict[int, tuple[str, int]]) -> dict[int, tuple[str, int]]:
        """Cells of a row as grid column -> (text, columns); a cell merged downward repeats the one above."""
        column = _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
        cells: dict[int, tuple[str, int]] = {}
        for cell in _children(row, "tc"):
            span = _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            goes_on = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
            cells[column] = above[column] if goes_on and column in above else (self._cell(cell), span)
            column += span
        return cells

    def _cell(self, cell: BaseOxmlElement) -> str:
        lines: list[str] = []
        for block in _children(cell, "p", "tbl"):
            if block.tag == f"{_W}p":
                lines.append(self._paragraph(block))
            else:
                inner = [text for text in map(_text, block.iter(f"{_W}p")) if text.strip()]
                self._more += len(inner)
                lines.append(" ".join(inner))
        return "\n".join(lines).replace("\n", "<br>")


def _children(parent: BaseOxmlElement, *tags: str, depth: int = 0) -> Iterator[BaseOxmlElement]:
    """Children with these names in order, also those inside content controls and tracked changes."""
    for child in parent:
        if child.tag in {f"{_W}{tag}" for tag in tags}:
            yield child
        elif child.tag in _WRAPPERS and depth < _MAX_DEPTH:
            yield from _children(child, *tags, depth=depth + 1)


def _text(element: BaseOxmlElement, depth: int = 0) -> str:
    """Text of a paragraph as a reader of the finished document sees it."""
    pieces = []
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == f"{_W}t":
            pieces.append(child.text or "")
        elif child.tag == f"{_W}br":
            pieces.append("\n" if child.get(f"{_W}type", "textWrapping") == "textWrapping" else "")
        elif child.tag in _SIGNS:
            pieces.append(_SIGNS[child.tag])
        elif depth < _MAX_DEPTH:
            pieces.append(_text(child, depth + 1))
    return "".join(pieces)


def _number(element: BaseOxmlElement | None, default: int) -> int:
    value = "" if element is None else str(element.get(f"{_W}val", ""))
    return min(max(int(value), default), _MAX_SPAN) if value.isdecimal() else default


def _style(paragraph: BaseOxmlElement) -> str | None:
    found = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return None if found is None else found.get(f"{_W}val")


def _heading_styles(document: Document) -> set[str | None]:
    """Ids of heading styles: by built-in name (English whatever the language of Word) or outline level."""
    found: set[str | None] = set()
    for style in document.styles.element.findall(f"{_W}style"):
        name = style.find(f"{_W}name")
        label = "" if name is None else str(name.get(f"{_W}val", "")).lower()
        level = style.find(f"{_W}pPr/{_W}outlineLvl")
        outlined = level is not None and level.get(f"{_W}val") != "9"
        if outlined or label == "title" or label.startswith("heading "):
            found.add(style.get(f"{_W}styleId"))
    found.discard(None)
    return found


def _left_out(body: BaseOxmlElement, names: tuple[str, ...]) -> list[str]:
    counts = {
        "footnotes or endnotes": _count(body, f"{_W}footnoteReference", f"{_W}endnoteReference"),
        "text boxes": _count(body, f"{_W}txbxContent"),
        "formulas": _count(body, f"{_M}oMath"),
        "embedded documents": _count(body, f"{_W}altChunk"),
        "pictures": sum(name.replace("\\", "/").startswith("word/media/") for name in names),
    }
    return [f"{count} {what} not read, as on a Dify server" for what, count in counts.items() if count]


def _count(body: BaseOxmlElement, *tags: str) -> int:
    return sum(1 for _ in body.iter(*tags))


FORMAT = Format(
    extensions=(".docx",),
    mime_types=("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    holds="docx",
    read=read,
)
