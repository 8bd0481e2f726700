"""PDF files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract

Refusal = Callable[..., InputError]


def sample(root: Path) -> bytes:
    return (root / "workflows" / "fine_tune_corpus" / "samples" / "lunyu.pdf").read_bytes()


def test_pages_are_joined_without_a_separator_and_lines_end_as_on_a_server(make: Any) -> None:
    found = extract(make.pdf("one\ntwo", "three"), name="a.pdf")
    assert found.text == "one\r\ntwothree"
    assert [(part.page, part.start, part.end) for part in found.parts] == [(1, 0, 8), (2, 8, 13)]


def test_the_text_is_that_of_the_engine(root: Path, make: Any, engine: Callable[[bytes, str], str]) -> None:
    for data in (sample(root), make.pdf("one\ntwo", "", "three (four)".replace("(", "").replace(")", ""))):
        assert extract(data, name="a.pdf").text == engine(data, "a.pdf")


def test_the_sample_reads_as_the_chinese_text_it_was_made_of(root: Path) -> None:
    found = extract(sample(root), name="lunyu.pdf")
    text = (root / "workflows" / "fine_tune_corpus" / "samples" / "lunyu.txt").read_text(encoding="utf-8")
    assert "".join(found.text.split()) == "".join(text.split("# ")[2].split())
    assert found.notes == ()


def test_pages_without_text_are_told(make: Any) -> None:
    assert extract(make.pdf("one", "", ""), name="a.pdf").notes == (
        "2 of 3 pages hold no text (scanned?): page 2, 3",
    )


def test_a_scan_is_refused(refusal: Refusal, make: Any) -> None:
    error = refusal(make.pdf("", ""), "scan.pdf")
    assert error.code == "document-no-text"
    assert "OCR" in str(error)


def test_a_password_to_open_is_refused_and_one_to_change_is_not(refusal: Refusal, make: Any) -> None:
    error = refusal(make.locked_pdf(user="secret", owner="boss"), "a.pdf")
    assert error.code == "document-encrypted"
    found = extract(make.locked_pdf(user="", owner="boss"), name="a.pdf")
    assert found.text == "Secret words"
    assert found.notes == ("its author does not allow copying its text",)


def test_cut_files_give_their_text_or_are_refused(refusal: Refusal, make: Any) -> None:
    data = make.pdf("one\ntwo", "three")
    for end in range(9, len(data), 40):
        try:
            assert extract(data[:end], name="a.pdf").text
        except InputError as error:
            assert error.code in ("document-damaged", "document-no-text")
    assert refusal(data[:30], "a.pdf").code == "document-damaged"


def test_more_pages_than_the_limit_are_refused(refusal: Refusal, make: Any) -> None:
    assert refusal(make.pdf(*[""] * 20_001), "a.pdf").code == "document-too-large"


def test_a_page_tree_that_contains_itself_ends(make: Any) -> None:
    data = make.pdf("one")
    looped = data.replace(b"/Kids[5 0 R]", b"/Kids[2 0 R]")
    assert looped != data
    try:
        extract(looped, name="a.pdf")
    except InputError as error:
        assert error.code.startswith("document-")


def test_bytes_before_the_header_are_allowed(make: Any) -> None:
    assert extract(b"\n\n" + make.pdf("one"), name="a.pdf").text == "one"


def test_many_threads_read_at_the_same_time(make: Any) -> None:
    data = make.pdf(*["words"] * 20)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(extract(data, name="a.pdf").text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["words" * 20] * 8
