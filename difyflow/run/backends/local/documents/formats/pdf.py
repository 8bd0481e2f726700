r"""PDF: the text of its pages by PDFium, joined without a separator, as Dify does.

Lines end in `\r\n` inside a page, and a page's last line is not ended at all: that is what a Dify server
sends to the model. Dify's newest engine tries pypdf where PDFium finds nothing; 1.12 and this do not.

PDFium runs one call at a time in a process, whoever calls: this module's lock holds for its own calls only,
so nothing else in the process may use PDFium at the same time.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from difyflow.run.backends.local.documents import faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

if TYPE_CHECKING:
    import pypdfium2

MAX_PAGES = 20_000
MAX_SECONDS = 300.0
"""Looked at between pages; a single page cannot be interrupted."""

_PDFIUM = threading.Lock()
_COPY = 1 << 4
"""Bit 5 of the permissions: copying text is allowed (ISO 32000, table 22)."""
# What a font without a map to characters gives: controls, private use, the replacement character.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")


def read(source: Source) -> Extracted:
    """The text of all pages; a part per page."""
    try:
        import pypdfium2
    except ImportError as err:
        raise faults.missing("pypdfium2", "PDF files") from err
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(source.data)
        except pypdfium2.PdfiumError as err:
            if err.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
                raise faults.encrypted(source.name, "PDF") from err
            raise faults.damaged(source.name, "a PDF", str(err)) from err
        try:
            notes = _about(document)
            pages = list(_pages(document, source.name))
        finally:
            document.close()
    unreadable, share = _unreadable(pages)
    if share > 0.3:
        raise faults.encoding(
            source.name,
            f"{share:.0%} of its text is unreadable: its fonts do not say which characters they show",
        )
    found = [Stretch(text, page=number) for number, text in enumerate(pages, start=1)]
    return assemble(found, notes=[*notes, *_page_notes(pages), *unreadable])


def _pages(document: pypdfium2.PdfDocument, name: str) -> Iterator[str]:
    count = len(document)
    if count > MAX_PAGES:
        raise faults.too_large(name, f"it has {count:,} pages, more than {MAX_PAGES:,}")
    end = time.monotonic() + MAX_SECONDS
    for index in range(count):
        if time.monotonic() > end:
            raise faults.too_large(
                name, f"reading {index} of {count} pages took more than {MAX_SECONDS:.0f} s"
            )
        page = document[index]
        try:
            text_page = page.get_textpage()
            try:
                yield text_page.get_text_range()
            finally:
                text_page.close()
        finally:
            page.close()


def _about(document: pypdfium2.PdfDocument) -> list[str]:
    import pypdfium2.raw as pdfium

    notes = []
    if document.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
        notes.append("it is an XFA form: what is filled in may not be part of the text")
    if not pdfium.FPDF_GetDocPermissions(document.raw) & _COPY:
        notes.append("its author does not allow copying its text")
    return notes


def _page_notes(pages: list[str]) -> list[str]:
    silent = [number for number, text in enumerate(pages, start=1) if not text.strip()]
    if not silent:
        return []
    shown = ", ".join(map(str, silent[:10])) + (", ..." if len(silent) > 10 else "")
    return [f"{len(silent)} of {len(pages)} pages hold no text (scanned?): page {shown}"]


def _unreadable(pages: list[str]) -> tuple[list[str], float]:
    """Notes about characters that are none, and their share of all that is not white space."""
    counts = Counter[str]()
    solid = 0
    for text in pages:
        counts.update(_UNREADABLE.findall(text))
        solid += len(text) - sum(map(text.count, " \r\n\t\u3000"))
    bad = counts.total()
    notes = [f"{bad} unreadable characters: some fonts do not say which characters they show"] if bad else []
    return notes, bad / solid if solid else 0.0


FORMAT = Format(extensions=(".pdf",), mime_types=("application/pdf",), holds="pdf", read=read)
