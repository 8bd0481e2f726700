"""Makes lunyu.docx (学而第一) and lunyu.pdf (为政第二) from lunyu.txt, a text in the public domain.

For developers only: the samples are committed. Needs python-docx and reportlab; the PDF names the font
STSong-Light, which every reader has for Chinese, and embeds none.
"""

from __future__ import annotations

from pathlib import Path

import docx
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate

HERE = Path(__file__).parent


def make_docx(title: str, paragraphs: list[str], path: Path) -> None:
    """A Word document with a heading and a paragraph each."""
    document = docx.Document()
    document.add_heading(title, level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(str(path))


def make_pdf(title: str, paragraphs: list[str], path: Path) -> None:
    """A PDF of A5 pages whose bytes are the same at every making."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    body = ParagraphStyle(
        "body", fontName="STSong-Light", fontSize=12, leading=20, spaceAfter=8, wordWrap="CJK"
    )
    head = ParagraphStyle("head", parent=body, fontSize=16, leading=26)
    story = [Paragraph(title, head), *(Paragraph(text, body) for text in paragraphs)]
    SimpleDocTemplate(str(path), pagesize=(420, 595), title=title, invariant=True).build(story)


def main() -> None:
    """Makes both."""
    sections = (HERE / "lunyu.txt").read_text(encoding="utf-8").split("# ")[1:]
    (first, *xue_er), (second, *wei_zheng) = (
        [line for line in text.split("\n") if line] for text in sections
    )
    make_docx(first, xue_er, HERE / "lunyu.docx")
    make_pdf(second, wei_zheng, HERE / "lunyu.pdf")


if __name__ == "__main__":
    main()
