"""Makers of real documents, and the recipe for reading them with Dify's own engine."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import docx
import openpyxl
import pptx
import pypdf
import pytest

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract


def _saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


class Make:
    """Documents as bytes."""

    def docx(self, *blocks: str | Sequence[Sequence[str]]) -> bytes:
        """A paragraph for a string (`# ` begins a heading), a table for rows."""
        document = docx.Document()
        for block in blocks:
            if not isinstance(block, str):
                table = document.add_table(rows=0, cols=len(block[0]))
                for row in block:
                    for cell, text in zip(table.add_row().cells, row, strict=True):
                        cell.text = text
            elif block.startswith("# "):
                document.add_heading(block[2:], level=1)
            else:
                document.add_paragraph(block)
        return _saved(document)

    def docx_body(self, xml: str) -> bytes:
        """A Word document with this XML as the first things in its body; `w:` is declared."""
        document = docx.Document()
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        body = document.element.body
        fragment = docx.oxml.parse_xml(f'<w:body xmlns:w="{space}">{xml}</w:body>')
        for number, child in enumerate(list(fragment)):
            body.insert(number, child)
        return _saved(document)

    def xlsx(self, **sheets: Iterable[Sequence[object]]) -> bytes:
        """A workbook; each sheet is its rows."""
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        return _saved(book)

    def pptx(self) -> bytes:
        """Two slides: title, bullets and speaker notes; a table."""
        show = pptx.Presentation()
        first = show.slides.add_slide(show.slide_layouts[1])
        first.shapes.title.text = "标题"
        first.placeholders[1].text = "一\n二"
        first.notes_slide.notes_text_frame.text = "讲稿"
        second = show.slides.add_slide(show.slide_layouts[6])
        table = second.shapes.add_table(2, 2, 0, 0, 99, 99).table
        table.cell(0, 0).text = "甲"
        table.cell(1, 1).text = "丁"
        return _saved(show)

    def pdf(self, *pages: str) -> bytes:
        """A PDF with a line of ASCII text per line of a page; `""` is an empty page."""
        objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
        kids = []
        for page in pages:
            lines = "".join(f"({line}) Tj 0 -20 Td " for line in page.splitlines())
            stream = f"BT /F1 12 Tf 50 700 Td {lines}ET".encode("ascii")
            objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
            objects.append(
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R"
                b"/Resources<</Font<</F1 3 0 R>>>>>>" % len(objects)
            )
            kids.append(b"%d 0 R" % len(objects))
        objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(pages))
        return _pdf_file(objects)

    def locked_pdf(self, *, user: str, owner: str) -> bytes:
        """An encrypted PDF; without a user password anybody can read it, but not copy or print."""
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(self.pdf("Secret words")))
        writer.encrypt(user_password=user, owner_password=owner, permissions_flag=0)
        buffer = io.BytesIO()
        writer.write(buffer)
        return buffer.getvalue()

    def locked_office(self) -> bytes:
        """What Office writes for a document with a password: an OLE file with one stream of that name."""
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")

    def edited(self, archive: bytes, edit: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
        """An Office file whose entries went through `edit(name, data)`."""
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(target, "w") as new:
            for name in old.namelist():
                new.writestr(*edit(name, old.read(name)))
        return target.getvalue()


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def refusal() -> Callable[..., InputError]:
    """Calls `extract`, which must refuse; gives the refusal."""

    def refused(data: bytes, name: str, **options: Any) -> InputError:
        with pytest.raises(InputError) as caught:
            extract(data, name=name, **options)
        assert name in str(caught.value)
        assert caught.value.hint
        return caught.value

    return refused


@pytest.fixture(scope="session")
def engine() -> Callable[[bytes, str], str]:
    """The text that Dify's own engine gives for a file."""
    from graphon.nodes.document_extractor import UnstructuredApiConfig, node

    def theirs(data: bytes, name: str) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls what pandas has deprecated
            text: str = node._extract_text_by_file_extension(
                file_content=data,
                file_extension="." + name.rpartition(".")[2],
                unstructured_api_config=UnstructuredApiConfig(),
            )
        return text

    return theirs
