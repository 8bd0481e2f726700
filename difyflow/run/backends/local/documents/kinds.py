"""What a file is: by its name for the caller, by its first bytes for us; the two must agree."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from pathlib import PurePosixPath

from difyflow import _catalog
from difyflow.run.backends.local.documents import faults, formats
from difyflow.run.backends.local.documents.values import Format

TEXT = "text"
"""`Format.holds` of everything that is characters and nothing else."""

_NAMES = {
    TEXT: "text",
    "pdf": "a PDF",
    "docx": "a Word document (.docx)",
    "xlsx": "an Excel workbook (.xlsx)",
    "pptx": "a PowerPoint presentation (.pptx)",
    "xlsb": "a binary Excel workbook (.xlsb)",
    "odt": "an OpenDocument text (.odt)",
    "ods": "an OpenDocument spreadsheet (.ods)",
    "epub": "an e-book (.epub)",
    "zip": "a ZIP archive",
    "ole": "an old Office file (.doc, .xls, .ppt, .msg)",
    "encrypted": "an Office file that is protected by a password",
    "rtf": "rich text (.rtf)",
    "html": "a web page (HTML)",
    "png": "a PNG image",
    "jpeg": "a JPEG image",
    "gif": "a GIF image",
    "tiff": "a TIFF image",
    "webp": "a WebP image",
    "gzip": "a gzip archive",
    "7z": "a 7-Zip archive",
    "rar": "a RAR archive",
    "exe": "a program",
    "sqlite": "an SQLite database",
    "unknown": "something else",
}
_ADVICE = {
    ".doc": "open it in Word or LibreOffice and save it as .docx",
    ".rtf": "open it in Word or LibreOffice and save it as .docx",
    ".odt": "open it in Word or LibreOffice and save it as .docx",
    ".wps": "open it in WPS and save it as .docx",
    ".xls": "open it in Excel or LibreOffice and save it as .xlsx or .csv",
    ".xlsb": "open it in Excel and save it as .xlsx or .csv",
    ".ods": "open it in Excel or LibreOffice and save it as .xlsx or .csv",
    ".docm": "open it in Word and save it as .docx",
    ".xlsm": "open it in Excel and save it as .xlsx",
    ".pptm": "open it in PowerPoint and save it as .pptx",
    ".ppt": "open it in PowerPoint or LibreOffice and save it as .pptx",
    ".epub": "convert it to .html, .md or .txt",
    ".eml": "save its text as .txt",
    ".msg": "save its text as .txt",
}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MZ\x90\x00", "exe"),
    (b"\x7fELF", "exe"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"{\\rtf", "rtf"),
)
_ZIP_MARKS = (
    ("word/document", "docx"),
    ("xl/workbook.bin", "xlsb"),
    ("xl/workbook", "xlsx"),
    ("ppt/presentation", "pptx"),
    ("meta-inf/container.xml", "epub"),
)
_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/epub+zip": "epub",
}
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def extensions() -> tuple[str, ...]:
    """The file name endings that are read, with the dot, in alphabetical order."""
    return tuple(sorted(extension for each in _formats() for extension in each.extensions))


def find(name: str, *, mime_type: str | None) -> Format:
    """The format for a file name; the MIME type counts only where the name has no ending, as in Dify.

    Raises:
        InputError: code `document-unsupported`.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    mime = (mime_type or "").partition(";")[0].strip().lower()
    for each in _formats():
        if extension in each.extensions or (not extension and mime in each.mime_types):
            return each
    what = (
        f"{extension} files are not read"
        if extension
        else f"its type is unknown (MIME type: {mime or 'none'})"
    )
    hint = _ADVICE.get(extension, f"read are: {' '.join(extensions())}")
    raise faults.unsupported(name, what, hint=hint)


def describe(kind: Format) -> str:
    """A format in words, such as `a PDF`."""
    return _NAMES[kind.holds] if kind.holds != TEXT else f"a {kind.extensions[0]} file"


def check(data: bytes, *, name: str, expected: Format) -> None:
    """Refuses content of another type than the name says.

    Raises:
        InputError: codes `document-mismatch`, `document-encrypted`, `document-damaged`.
    """
    found = signature(data)
    if found == expected.holds:
        return
    if found == "encrypted":
        raise faults.encrypted(name, "Office file")
    if found == "zip" and expected.holds != TEXT and not zipfile.is_zipfile(io.BytesIO(data)):
        # A ZIP keeps its directory at the end: without it the file is cut off, whatever it was.
        raise faults.damaged(name, _NAMES[expected.holds], "the end of the file is missing")
    if expected.holds == TEXT and found in ("unknown", "html"):
        return
    if expected.holds != TEXT and found == TEXT:
        found = "html" if _looks_like_html(data) else TEXT
    elif found == "unknown":
        raise faults.damaged(name, _NAMES[expected.holds], "it does not begin like one")
    raise faults.mismatch(name, _NAMES[expected.holds], _NAMES[found])


def signature(data: bytes) -> str:
    """The type that the first bytes show; `text` or `unknown` where there is no mark."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "encrypted" if "EncryptedPackage".encode("utf-16-le") in data else "ole"
    if b"%PDF-" in data[:1024]:  # readers allow some bytes before the mark
        return "pdf"
    head = data[:4096]
    return TEXT if head.startswith(_BOMS) or not re.search(rb"[\x00-\x08\x0e-\x1a]", head) else "unknown"


def _zip_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry.replace("\\", "/").lower() for entry in archive.namelist()]
            for mark, kind in _ZIP_MARKS:
                if any(entry.startswith(mark) for entry in names):
                    return kind
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return _OPEN_DOCUMENT.get(archive.read("mimetype").strip(), "zip")
    except Exception:
        # Broken in any way that zipfile, zlib or struct may raise: still a ZIP by its first bytes,
        # and the caller says that it is damaged.
        return "zip"
    return "zip"


def _looks_like_html(data: bytes) -> bool:
    return re.search(rb"<(?:!doctype html|html|head|body)\b", data[:4096], re.IGNORECASE) is not None


def _formats() -> tuple[Format, ...]:
    return tuple(_catalog.module(formats, name).FORMAT for name in _catalog.names(formats))
