"""The inputs of a workflow: what the start node, or a server's `/parameters`, says of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE_TYPES = ("file", "file-list")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One input.

    Attributes:
        type: `text-input`, `paragraph`, `select`, `number`, `checkbox`, `file`, `file-list`, `json_object`,
            or what a newer Dify writes.
        max_length: characters for text, files for `file-list`; None = no limit.
        default: used when nothing is given; None = none.
        allowed_file_types: of `image document audio video custom`.
        allowed_file_extensions: as written, with the dot; used with `custom`.
    """

    variable: str
    type: str
    label: str = ""
    required: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    default: object = None
    allowed_file_types: tuple[str, ...] = ()
    allowed_file_extensions: tuple[str, ...] = ()
    allowed_file_upload_methods: tuple[str, ...] = ()
    json_schema: Mapping[str, object] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine, to be uploaded or read by the local engine."""

    path: Path


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that Dify fetches itself. `url` begins with http:// or https://."""

    url: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was uploaded before; `name` gives the extension when it is known."""

    upload_file_id: str
    name: str = ""


FileInput = LocalFile | RemoteFile | UploadedFile

# What a document, image, ... is to Dify (api.md 3.2; Service API 1.12 to 1.16); anything else is `custom`.
_CLASSES = {
    "image": "jpg jpeg png gif webp svg",
    "video": "mp4 mov mpeg webm",
    "audio": "mp3 m4a wav amr mpga",
    "document": "txt md mdx markdown pdf html htm xlsx xls docx csv vtt properties "
    "doc pptx ppt xml epub eml msg",
}
_CLASS_OF = {extension: kind for kind, text in _CLASSES.items() for extension in text.split()}


def file_class(name: str) -> str:
    """The file type that Dify gives to a file name: `image`, `document`, `audio`, `video` or `custom`."""
    return _CLASS_OF.get(name.rpartition(".")[2].lower() if "." in name else "", "custom")


_MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Largest upload by file class, in bytes, and most files of one variable; the defaults are Dify's."""

    document: int = 15 * _MB
    image: int = 10 * _MB
    audio: int = 50 * _MB
    video: int = 100 * _MB
    files: int = 10

    def of(self, kind: str) -> int:
        """The limit of a file class (`document`, `image`, ...) in bytes; `custom` counts as a document."""
        return {"image": self.image, "audio": self.audio, "video": self.video}.get(kind, self.document)
