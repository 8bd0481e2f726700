"""Which inputs are documents."""

from __future__ import annotations

from pathlib import Path

from difyflow.records.documents import documents_of


def test_files_and_addresses_among_the_inputs_are_documents(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"x")
    values = {
        "one": "@a.pdf",
        "several": "https://host/b.pdf\n a.pdf",
        "list": ["a.pdf", "nothing.pdf"],
        "text": "an a.pdf in a sentence",
        "number": 7,
        "long": "a" * 5000,
        "odd": "\0",
    }
    assert documents_of(values, str(tmp_path)) == {
        "documents": ["a.pdf", "b.pdf"],
        "paths": [str(tmp_path / "a.pdf")],
    }


def test_without_documents_nothing_is_said(tmp_path: Path) -> None:
    assert documents_of({"text": "hello"}, str(tmp_path)) == {}
    assert documents_of({"url": "https://host/b.pdf"}, str(tmp_path)) == {"documents": ["b.pdf"]}
