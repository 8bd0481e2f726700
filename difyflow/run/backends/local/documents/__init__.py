"""Documents to text, as a Dify server's document extractor does it, without a server and without graphon.

    from difyflow.run.backends.local.documents import extract

    found = extract(data, name="规范.pdf")
    found.text, found.notes, found.parts

The text equals what Dify's engine (graphon 0.8.0, and the recordings of Dify 1.12.1) gives for the same
file, so that an app gets the same prompt here as on a server: text types, JSON, CSV, properties, PDF
(pages joined without a separator, CRLF at line ends), DOCX (paragraphs and Markdown tables in order). HTML
keeps its tags, as there. Where the server loses or alters what the document says, ours is the document's
text instead, and a note says so (the local backend can use graphon's own extractor where every fault of it
is wanted):

| type | the server | here |
|---|---|---|
| text of any kind | drops bytes that are not UTF-8; keeps the byte order mark | see `encodings` |
| .xlsx | `nan` for an empty cell, `7.0` for the text `007`, `1.0` for 1 beside a gap | see `formats.xlsx` |
| .docx | leaves out content controls, tracked insertions, tables in cells | see `formats.docx` |
| .pptx | needs an Unstructured service | see `formats.pptx` |
| .yaml | loses comments, spells numbers and dates anew | as written |
| .tsv | refuses | a table like .csv |
| damaged, empty, scanned | an empty text, or the first part | refused with a code of `faults` |
| .doc .ppt .xls .epub .eml .msg .odt | partly, partly through a service | refused with advice |

Nothing here needs graphon. Text types need nothing outside the standard library; each other format imports
its own library when it is used and raises `MissingExtra` where that is not installed (extra `documents`).
"""

from __future__ import annotations

import re

from difyflow.errors import DifyflowError
from difyflow.run.backends.local.documents import faults, kinds
from difyflow.run.backends.local.documents.values import Extracted, Format, Part, Source

__all__ = ["Extracted", "Part", "extensions", "extract"]

_HALF_PAIR = re.compile("[\ud800-\udfff]")

MAX_TEXT = 50_000_000
"""Characters of one document's text; more is refused as `document-too-large`."""


def extract(
    data: bytes,
    *,
    name: str,
    mime_type: str | None = None,
    encoding: str | None = None,
    empty_ok: bool = False,
) -> Extracted:
    """Turns a document into text.

    Args:
        data: the whole file. How large it may be is the caller's rule.
        name: file name; its ending names the type and it stands in every message.
        mime_type: names the type where the file name has no ending.
        encoding: codec of a text file (`gb18030`), instead of finding out; other types do not look at it.
        empty_ok: gives an empty text with a note for an empty or scanned file, as Dify does, instead of
            refusing it.

    Raises:
        InputError: with one of the codes listed in `faults`, whatever is wrong with the file.
        MissingExtra: the library for this type is not installed.
    """
    kind = kinds.find(name, mime_type=mime_type)
    if not data:
        if empty_ok:
            return Extracted(text="", notes=("the file is empty (0 bytes)",))
        raise faults.empty(name)
    kinds.check(data, name=name, expected=kind)
    found = _read(Source(data=data, name=name, encoding=encoding), kind)
    if len(found.text) > MAX_TEXT:
        raise faults.too_large(name, f"its text has {len(found.text):,} characters, more than {MAX_TEXT:,}")
    if _HALF_PAIR.search(found.text):
        raise faults.encoding(name, "it holds half of a surrogate pair, which is no character")
    if not found.text.strip():
        reason = "; ".join(found.notes) or "only white space"
        if not empty_ok:
            raise faults.no_text(name, reason)
        return Extracted(text=found.text, notes=(*found.notes, "no text"), parts=found.parts)
    return found


def extensions() -> tuple[str, ...]:
    """The file name endings that are read, with the dot."""
    return kinds.extensions()


def _read(source: Source, kind: Format) -> Extracted:
    try:
        return kind.read(source)
    except DifyflowError:
        raise
    except Exception as err:
        # A hostile file can make a parser raise anything at all; this is the one place where it is
        # turned into a refusal. The cause stays attached.
        reason = f"{type(err).__name__}: {err}".splitlines()[0][:200]
        raise faults.damaged(source.name, kinds.describe(kind), reason) from err
