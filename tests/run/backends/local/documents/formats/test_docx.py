"""Word documents: what a server gives, and what it loses."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract

Engine = Callable[[bytes, str], str]
Refusal = Callable[..., InputError]

words = st.text("ab字 \t\n", max_size=6)
tables = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(words, min_size=width, max_size=width), min_size=1, max_size=3)
)


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def test_paragraphs_and_tables_stand_in_order_as_dify_1_12_gave_them(make: Any) -> None:
    data = make.docx("论语", "子曰", [["篇", "句"], ["为政", "为政以德"]], "知之为知之,不知为不知。")
    assert extract(data, name="a.docx").text == (
        # tests/recordings/1.12.1/run/seed-streaming-docx-pdf.body has this shape
        "论语\n子曰\n| 篇 | 句 |\n| --- | --- |\n| 为政 | 为政以德 |\n\n知之为知之,不知为不知。"
    )


@pytest.mark.long
@settings(max_examples=100)
@given(blocks=st.lists(words | words.map("# {}".format) | tables, max_size=6))
def test_the_text_is_that_of_the_engine(make: Any, engine: Engine, blocks: list[Any]) -> None:
    data = make.docx(*blocks, "end")
    found = extract(data, name="a.docx")
    assert found.text == engine(data, "a.docx")
    assert found.notes == ()


@pytest.mark.parametrize("text", ["", " ", "\n", "\n \n"])
def test_a_table_without_a_word_is_left_out(make: Any, engine: Engine, text: str) -> None:
    data = make.docx([[text]], "end")
    assert extract(data, name="a.docx").text == engine(data, "a.docx") == "end"


def test_merged_cells_read_as_in_the_engine(make: Any, engine: Engine) -> None:
    down, on, wide = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    data = make.docx_body(
        "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/><w:gridCol/></w:tblGrid>"
        f"<w:tr>{cell('wide', wide)}{cell('tall', down)}</w:tr>"
        f"<w:tr>{cell('a')}{cell('b')}{cell('', on)}</w:tr>"
        f"<w:tr><w:trPr><w:gridBefore w:val='1'/></w:trPr>{cell('c')}{cell('', on)}</w:tr></w:tbl>"
    )
    found = extract(data, name="a.docx")
    assert found.text.startswith(
        "| wide | wide | tall |\n| --- | --- | --- |\n| a | b | tall |\n| c | tall |\n"
    )
    assert found.text == engine(data, "a.docx")


def test_links_breaks_tabs_and_hyphens_read_as_in_the_engine(make: Any, engine: Engine) -> None:
    data = make.docx_body(
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:br/><w:t>b</w:t><w:noBreakHyphen/><w:cr/>"
        '<w:br w:type="page"/></w:r><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>'
    )
    found = extract(data, name="a.docx")
    assert found.text.startswith("a\t\nb-\nlink")
    assert found.text == engine(data, "a.docx")


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>form</w:t></w:r></w:p></w:sdtContent></w:sdt>", "form"),
        ("<w:p><w:sdt><w:sdtContent><w:r><w:t>field</w:t></w:r></w:sdtContent></w:sdt></w:p>", "field"),
        (
            "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>",
            "new",
        ),
        ('<w:p><w:fldSimple w:instr="PAGE"><w:r><w:t>7</w:t></w:r></w:fldSimple></w:p>', "7"),
        (
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>xué</w:t></w:r></w:rt>"
            "<w:rubyBase><w:r><w:t>学</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
            "学",
        ),
    ],
)
def test_text_that_a_server_loses_is_read_and_told(make: Any, engine: Engine, xml: str, text: str) -> None:
    data = make.docx_body(xml)
    found = extract(data, name="a.docx")
    assert found.text.strip() == text
    assert found.notes[0].startswith("1 paragraphs hold text that a Dify server leaves out")
    assert text not in engine(data, "a.docx")


def test_a_table_in_a_table_is_read(make: Any) -> None:
    inner = f"<w:tbl><w:tr>{cell('in')}{cell('ner')}</w:tr></w:tbl>"
    data = make.docx_body(f"<w:tbl><w:tr><w:tc><w:p/>{inner}<w:p/></w:tc></w:tr></w:tbl>")
    assert "in ner" in extract(data, name="a.docx").text


def test_what_is_not_read_is_told(make: Any) -> None:
    data = make.docx_body(
        '<w:p><w:r><w:t>word</w:t><w:footnoteReference w:id="2"/></w:r>'
        "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>"
    )
    found = extract(data, name="a.docx")
    assert found.text.strip() == "word"
    assert found.notes == (
        "1 footnotes or endnotes not read, as on a Dify server",
        "1 text boxes not read, as on a Dify server",
    )


def test_parts_follow_the_headings(make: Any) -> None:
    found = extract(make.docx("序", "# 甲", "文", [["表"]], "# 乙", "文"), name="a.docx")
    assert [part.heading for part in found.parts] == [None, "甲", "乙"]
    assert found.text[found.parts[1].start : found.parts[1].end] == "甲\n文\n| 表 |\n| --- |\n\n"


def test_windows_separators_in_the_archive_are_repaired(make: Any, engine: Engine) -> None:
    data = make.edited(make.docx("学而"), lambda name, data: (name.replace("/", "\\"), data))
    assert extract(data, name="a.docx").text == "学而"
    assert engine(data, "a.docx") == "学而"


def test_a_document_of_pictures_only_is_refused(refusal: Refusal, make: Any) -> None:
    assert refusal(make.docx("", " "), "a.docx").code == "document-no-text"


def test_a_huge_merged_cell_does_not_eat_the_memory(refusal: Refusal, make: Any) -> None:
    wide = cell("字" * 100_000, '<w:gridSpan w:val="2000000000"/>')
    error = refusal(make.docx_body(f"<w:tbl><w:tr>{wide}</w:tr></w:tbl>"), "a.docx")
    assert error.code == "document-too-large"


def test_entities_are_never_expanded(refusal: Refusal, make: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("root:secret", encoding="utf-8")
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    for entities in (f'<!ENTITY e0 "lol">{bomb}', f'<!ENTITY e12 SYSTEM "{secret.as_uri()}">'):

        def poison(name: str, data: bytes, entities: str = entities) -> tuple[str, bytes]:
            if name != "word/document.xml":
                return name, data
            doctype = f"<!DOCTYPE x [{entities}]>".encode()
            return name, data.replace(b"?>", b"?>" + doctype, 1).replace("学而".encode(), b"&e12;")

        error = refusal(make.edited(make.docx("学而"), poison), "a.docx")
        assert error.code == "document-damaged"
        assert "DTD" in error.message


def test_an_archive_that_unpacks_to_far_too_much_is_refused(refusal: Refusal, tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("word/document.xml", b"<w:document/>")
        with archive.open("word/media/a.bin", "w", force_zip64=True) as entry:
            for _ in range(410):
                entry.write(bytes(1_000_000))
    assert refusal(path.read_bytes(), "bomb.docx").code == "document-too-large"


def test_an_archive_of_too_many_entries_is_refused(refusal: Refusal, tmp_path: Path) -> None:
    path = tmp_path / "many.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", b"<w:document/>")
        for number in range(10_001):
            archive.writestr(str(number), b"")
    assert refusal(path.read_bytes(), "many.docx").code == "document-too-large"
