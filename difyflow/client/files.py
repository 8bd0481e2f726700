"""What a file needs before it is uploaded: a name that every server takes and a MIME type."""

from __future__ import annotations

import mimetypes
import re

_LONGEST = 200  # characters; the server cuts longer names, and the extension with them

# The system's own table differs from machine to machine; a part without MIME type is refused with 415.
_TYPES = mimetypes.MimeTypes(filenames=())
_MORE = {
    "md": "text/markdown",
    "mdx": "text/markdown",
    "markdown": "text/markdown",
    "jsonl": "application/jsonl",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "epub": "application/epub+zip",
    "vtt": "text/vtt",
    "properties": "text/plain",
    "webp": "image/webp",
    "m4a": "audio/mp4",
    "amr": "audio/amr",
}


def mime_type(name: str) -> str:
    """The MIME type of a file name, the same on every machine; `application/octet-stream` if unknown."""
    known = _MORE.get(name.rpartition(".")[2].lower())
    return known or _TYPES.guess_type(name)[0] or "application/octet-stream"


def upload_name(name: str) -> str:
    r"""The name to upload under: without `/ \ : * ? " < > |`, which 1.2 to 1.12 refuse, and not too long."""
    name = re.sub(r'[/\\:*?"<>|\x00-\x1f\x7f]', "_", name) or "file"
    if len(name) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:_LONGEST]
    return f"{stem[: _LONGEST - len(extension) - 1]}.{extension}"
