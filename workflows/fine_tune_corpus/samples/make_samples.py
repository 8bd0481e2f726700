"""Makes lunyu.docx (学而第一) and lunyu.pdf (为政第二) from lunyu.txt, a text in the public domain.

For developers only: the samples are committed. Needs python-docx, reportlab and the font WenQuanYi Micro Hei
(Debian: fonts-wqy-microhei; Apache License 2.0 or GPL 3 with font exception), of which the characters that
occur are embedded, so that the PDF looks the same on a machine without Chinese fonts:

    python make_samples.py /usr/share/fonts/truetype/wqy/wqy-microhei.ttc

The same versions make the same bytes.
"""

from __future__ import annotations

import datetime
import io
import sys
import zipfile
from pathlib import Path

import docx
from docx.oxml.ns import qn
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate

HERE = Path(__file__).parent
MADE = datetime.datetime(2025, 1, 1)


def make_docx(title: str, paragraphs: list[str], path: Path) -> None:
    """A Word document with a heading and a paragraph each."""
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "孔子弟子", ""
    properties.created = properties.modified = MADE
    fonts = document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), "SimSun")
    document.add_heading(title, level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    _write_undated(buffer, path)


def _write_undated(source: io.BytesIO, path: Path) -> None:
    """The same archive with one date for all entries; python-docx writes the time of making."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))


def make_pdf(title: str, paragraphs: list[str], path: Path, *, font: Path) -> None:
    """A PDF of A5 pages."""
    pdfmetrics.registerFont(TTFont("wqy", str(font), subfontIndex=0))
    body = ParagraphStyle("body", fontName="wqy", fontSize=12, leading=20, spaceAfter=8, wordWrap="CJK")
    head = ParagraphStyle("head", parent=body, fontSize=16, leading=26)
    story = [Paragraph(title, head), *(Paragraph(text, body) for text in paragraphs)]
    pages = SimpleDocTemplate(str(path), pagesize=(420, 595), title=title, author="孔子弟子", invariant=True)
    pages.build(story)


def main() -> None:
    """Makes both."""
    sections = (HERE / "lunyu.txt").read_text(encoding="utf-8").split("# ")[1:]
    (first, *xue_er), (second, *wei_zheng) = (
        [line for line in text.split("\n") if line] for text in sections
    )
    make_docx(first, xue_er, HERE / "lunyu.docx")
    make_pdf(second, wei_zheng, HERE / "lunyu.pdf", font=Path(sys.argv[1]))


if __name__ == "__main__":
    main()
