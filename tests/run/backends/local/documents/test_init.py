"""`extract`: text, or a refusal that says why; never half of a document, never nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extensions, extract

Refusal = Callable[..., InputError]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def test_the_endings_that_must_be_read_are_read() -> None:
    texts = ".txt .md .markdown .mdx .html .htm .csv .json .yaml .yml .xml .properties .vtt"
    assert {*texts.split(), ".xlsx", ".docx", ".pptx", ".pdf"} <= set(extensions())
    assert list(extensions()) == sorted(set(extensions()))


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("a.txt", b"", "document-empty", "0 bytes"),
        ("a.pdf", b"", "document-empty", "0 bytes"),
        ("a.txt", b" \r\n\t", "document-no-text", "white space"),
        ("a.txt", b"\xef\xbb\xbf", "document-no-text", "white space"),
        ("a.doc", OLE, "document-unsupported", "save it as .docx"),
        ("a.xls", OLE, "document-unsupported", "save it as .xlsx"),
        ("a.ppt", OLE, "document-unsupported", "save it as .pptx"),
        ("a.epub", b"PK\x03\x04", "document-unsupported", "convert it"),
        ("a.exe", b"MZ", "document-unsupported", ".docx"),
        ("a", b"text", "document-unsupported", "MIME type: none"),
        ("a.docx", OLE, "document-mismatch", "old Office file"),
        ("a.pdf", PNG, "document-mismatch", "a PNG image"),
        ("a.txt", PNG, "document-mismatch", "a PNG image"),
        ("a.txt", b"%PDF-1.7\n", "document-mismatch", "a PDF"),
        ("a.pdf", b"<!DOCTYPE html><html>login</html>", "document-mismatch", "a web page"),
        ("a.docx", b"plain words", "document-mismatch", "text"),
        ("a.docx", b"{\\rtf1 words}", "document-mismatch", "rich text"),
        ("a.docx", b"PK\x03\x04oops", "document-damaged", "the end of the file is missing"),
        ("a.pdf", b"%PDF-1.7\noops", "document-damaged", "a PDF"),
        ("a.pdf", bytes(100), "document-damaged", "does not begin like one"),
        ("a.txt", bytes(100), "document-encoding", "not text"),
        ("a.json", b'{"a": ', "document-damaged", "line 1, column"),
        ("a.json", b'"\\ud800"', "document-encoding", "surrogate"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    refusal: Refusal, name: str, data: bytes, code: str, words: str
) -> None:
    error = refusal(data, name)
    assert error.code == code
    assert words in str(error)


def test_an_office_file_with_a_password_is_refused_as_that(refusal: Refusal, make: Any) -> None:
    for name in ("a.docx", "a.xlsx", "a.pptx"):
        assert refusal(make.locked_office(), name).code == "document-encrypted"


@pytest.mark.parametrize(
    ("named", "holds"), [("docx", "xlsx"), ("xlsx", "docx"), ("pptx", "pdf"), ("pdf", "docx"), ("md", "pptx")]
)
def test_a_document_under_the_wrong_ending_is_refused_naming_both_types(
    refusal: Refusal, make: Any, named: str, holds: str
) -> None:
    files = {
        "docx": make.docx("x"),
        "xlsx": make.xlsx(A=[["x"]]),
        "pptx": make.pptx(),
        "pdf": make.pdf("x"),
    }
    names = {"docx": "Word", "xlsx": "Excel", "pptx": "PowerPoint", "pdf": "PDF", "md": "text"}
    error = refusal(files[holds], f"a.{named}")
    assert error.code == "document-mismatch"
    assert names[named] in error.message
    assert names[holds] in error.message


def test_without_an_ending_the_mime_type_names_the_type(make: Any) -> None:
    assert extract(b"words", name="README", mime_type="text/plain; charset=utf-8").text == "words"
    assert extract(make.pdf("Words"), name="scan", mime_type="application/pdf").text == "Words"


def test_an_ending_counts_whatever_its_case_and_before_the_mime_type() -> None:
    assert extract(b"a,b", name="A.TXT", mime_type="text/csv").text == "a,b"


def test_an_empty_text_is_given_where_the_caller_allows_it(make: Any) -> None:
    assert extract(b"", name="a.txt", empty_ok=True).notes == ("the file is empty (0 bytes)",)
    scan = extract(make.pdf("", ""), name="a.pdf", empty_ok=True)
    assert scan.text == ""
    assert scan.notes == ("2 of 2 pages hold no text (scanned?): page 1, 2", "no text")


def test_no_engine_and_for_text_no_library_is_needed() -> None:
    code = (
        "import sys\n"
        "for name in 'graphon pandas docx openpyxl pptx pypdfium2 charset_normalizer lxml'.split():\n"
        "    sys.modules[name] = None\n"
        "from difyflow.run.backends.local.documents import extract, split\n"
        "assert extract('子曰，学而时习之'.encode('gbk'), name='a.md').text == '子曰，学而时习之'\n"
        "assert extract(b'a,b', name='a.csv').text\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_is_named_with_the_way_to_install_it() -> None:
    code = (
        "import sys\n"
        "from difyflow.errors import MissingExtra\n"
        "from difyflow.run.backends.local.documents import extract\n"
        "sys.modules['pypdfium2'] = None\n"
        "try:\n"
        "    extract(b'%PDF-1.7', name='a.pdf')\n"
        "except MissingExtra as err:\n"
        "    print(err)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pypdfium2" in done.stdout
    assert "difyflow[documents]" in done.stdout


@pytest.fixture(scope="module")
def whole(make: Any) -> dict[str, bytes]:
    """A file of each type, its text longer than a line."""
    lines = [f"第{number}行：学而时习之，不亦说乎？" for number in range(20)]
    return {
        "a.docx": make.docx("# 标题", *lines, [["甲", "乙"], ["丙", "丁"]]),
        "a.xlsx": make.xlsx(表=[[line, number] for number, line in enumerate(lines)]),
        "a.pptx": make.pptx(),
        "a.pdf": make.pdf("One line\nand another", "Page two"),
        "a.json": ('{"a": ["' + '", "'.join(lines) + '"]}').encode(),
        "a.txt": "\n".join(lines).encode("gb18030"),
        "a.csv": "\n".join(lines).encode(),
    }


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx"])
def test_an_office_file_cut_anywhere_is_refused(whole: dict[str, bytes], refusal: Refusal, name: str) -> None:
    data = whole[name]
    for end in (4, 100, len(data) // 2, len(data) - 30):
        assert refusal(data[:end], name).code in ("document-damaged", "document-mismatch")


@given(
    name=st.sampled_from(["a.docx", "a.xlsx", "a.pptx", "a.pdf", "a.json", "a.txt", "a.csv"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    keep=st.floats(0, 1) | st.just(1.0),
)
def test_a_damaged_file_is_text_or_a_refusal_and_nothing_else(
    whole: dict[str, bytes], name: str, changes: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(whole[name])
    for place, byte in changes:
        data[int(place * (len(data) - 1))] = byte
    try:
        found = extract(bytes(data[: int(keep * len(data))]), name=name)
    except InputError as error:
        assert error.code.startswith("document-")
    else:
        assert found.text.strip()
        assert [part.start for part in found.parts] == [0, *(part.end for part in found.parts[:-1])]
        assert found.parts[-1].end == len(found.text)


@given(st.binary(max_size=400), st.sampled_from(extensions()))
def test_any_bytes_under_any_name_are_text_or_a_refusal(data: bytes, extension: str) -> None:
    try:
        assert extract(data, name=f"a{extension}").text.strip()
    except InputError as error:
        assert error.code.startswith("document-")


@pytest.mark.long
def test_a_large_text_is_read_whole() -> None:
    data = ("学而时习之，不亦说乎？\n" * 400_000).encode("gb18030")
    assert len(data) > 9_000_000
    found = extract(data, name="a.txt")
    assert len(found.text) == 4_800_000
    assert found.notes == ("decoded as gb18030",)
