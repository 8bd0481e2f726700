"""Opening the ZIP files behind .docx, .xlsx and .pptx without being blown up by them."""

from __future__ import annotations

import io
import re
import zipfile

from difyflow.run.backends.local.documents import faults

MAX_ENTRIES = 10_000
MAX_BYTES = 400_000_000
"""All entries, unpacked. `zipfile` reads no more of an entry than its header states, so the sum holds."""
MAX_XML_BYTES = 150_000_000
"""The XML among them: it is held as a tree, which takes about ten times as much memory."""

_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HEAD = 65_536


def check(data: bytes, *, name: str, what: str) -> tuple[str, ...]:
    """Checks size, number and document type declarations of the entries; returns their names.

    Office files never hold a DTD, and without one there are no entities to expand.

    Raises:
        InputError: codes `document-too-large`, `document-encrypted`, `document-damaged`.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise faults.too_large(name, f"it holds {len(entries)} entries, more than {MAX_ENTRIES}")
        _check_size(name, entries)
        for entry in entries:
            if entry.flag_bits & 0x1:
                raise faults.encrypted(name, what)
            if _is_xml(entry):
                with archive.open(entry) as stream:
                    if _DTD.search(stream.read(_HEAD)):
                        raise faults.damaged(name, what, f"{entry.filename} declares a DTD")
        return tuple(entry.filename for entry in entries)


def _check_size(name: str, entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        raise faults.too_large(name, f"unpacked it takes {total:,} bytes, more than {MAX_BYTES:,}")
    xml = sum(entry.file_size for entry in entries if _is_xml(entry))
    if xml > MAX_XML_BYTES:
        raise faults.too_large(name, f"its XML takes {xml:,} bytes, more than {MAX_XML_BYTES:,}")


def _is_xml(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith((".xml", ".rels"))


def with_slashes(data: bytes) -> bytes:
    """The same archive with `/` for the backslashes in entry names."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename.replace("\\", "/"), old.read(entry))
    return target.getvalue()
