"""Files of a run: the engine's file protocols over paths and memory. A file is read when it is needed."""

# ruff: noqa: ARG002  # the engine's protocols name arguments that nothing here needs

from __future__ import annotations

import mimetypes
import threading
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from graphon.file.enums import FileTransferMethod, FileType
from graphon.file.models import File
from graphon.http.response import HttpResponse

from difyflow.errors import UsageError
from difyflow.run.backends.local.http import NodeHttpClient
from difyflow.terms.form import FileInput, LocalFile, RemoteFile, file_class

_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A file that the run can read. The engine asks for `id`, `name` and `file_key`."""

    id: str
    name: str
    mime_type: str
    content: Path | bytes

    @property
    def file_key(self) -> str:
        return self.id

    def read(self) -> bytes:
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


class RunFiles:
    """File runtime, file manager, tool file manager, reference factory and model file saver of one run."""

    multimodal_send_format = "base64"

    def __init__(self, http: NodeHttpClient) -> None:
        self._http = http
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def add(self, given: FileInput) -> File:
        """The engine's file for a file input.

        Raises:
            UsageError: it was uploaded to a server, where this machine cannot read it.
        """
        if isinstance(given, LocalFile):
            kept = self._keep(given.path, given.path.name, mimetypes.guess_type(given.path.name)[0])
            return _file(kept, FileTransferMethod.LOCAL_FILE, size=given.path.stat().st_size)
        if isinstance(given, RemoteFile):
            name = unquote(urlsplit(given.url).path.rpartition("/")[2]) or "file"
            return File(
                file_type=FileType(file_class(name)),
                transfer_method=FileTransferMethod.REMOTE_URL,
                remote_url=given.url,
                filename=name,
                extension=_extension(name),
                mime_type=mimetypes.guess_type(name)[0] or _BINARY,
            )
        raise UsageError(
            f"file {given.upload_file_id}: it is on a server; a local run reads files and URLs",
            code="uploaded-file",
        )

    def _keep(self, content: Path | bytes, name: str, mime_type: str | None) -> _Kept:
        kept = _Kept(id=str(uuid.uuid4()), name=name, mime_type=mime_type or _BINARY, content=content)
        with self._lock:
            self._kept[kept.id] = kept
        return kept

    def _find(self, reference: str) -> _Kept:
        if reference not in self._kept:
            raise FileNotFoundError(f"the run has no file {reference!r}")
        return self._kept[reference]

    # What the engine's `WorkflowFileRuntimeProtocol` and `FileManagerProtocol` ask for.

    def http_get(self, url: str, *, follow_redirects: bool = True) -> HttpResponse:
        """Fetches a URL under the run's network policy."""
        return self._http.get(url, follow_redirects=follow_redirects)

    def load_file_bytes(self, *, file: File) -> bytes:
        """The content, read or fetched now.

        Raises:
            FileNotFoundError: the run has no such file.
        """
        if file.transfer_method == FileTransferMethod.REMOTE_URL:
            response = self.http_get(str(file.remote_url))
            response.raise_for_status()
            return response.content
        return self.storage_load(file.related_id or "")

    def download(self, f: File, /) -> bytes:
        """The content, for the bodies of requests."""
        return self.load_file_bytes(file=f)

    def storage_load(self, path: str, *, stream: bool = False) -> bytes:
        """The content by reference."""
        return self._find(path).read()

    def resolve_file_url(self, *, file: File, for_external: bool = True) -> str | None:
        """The URL of a remote file; for others an opaque name: code and prompts get to see it."""
        if file.transfer_method == FileTransferMethod.REMOTE_URL:
            return file.remote_url
        return f"difyflow-file:{file.related_id}"

    def resolve_upload_file_url(
        self, *, upload_file_id: str, as_attachment: bool = False, for_external: bool = True
    ) -> str:
        """An opaque name."""
        return f"difyflow-file:{upload_file_id}"

    def resolve_tool_file_url(self, *, tool_file_id: str, extension: str, for_external: bool = True) -> str:
        """An opaque name."""
        return f"difyflow-file:{tool_file_id}"

    def verify_preview_signature(
        self, *, preview_kind: Literal["image", "file"], file_id: str, timestamp: str, nonce: str, sign: str
    ) -> bool:
        """False: nothing here hands out previews."""
        return False

    # `ToolFileManagerProtocol`, `FileReferenceFactoryProtocol`, `LLMFileSaver`.

    def create_file_by_raw(self, *, file_binary: bytes, mimetype: str, filename: str | None = None) -> _Kept:
        """Keeps what a node received."""
        mime_type = mimetype.partition(";")[0].strip()
        name = filename or f"file{mimetypes.guess_extension(mime_type) or '.bin'}"
        return self._keep(file_binary, name, mime_type)

    def get_file_generator_by_tool_file_id(self, tool_file_id: str) -> tuple[Generator[bytes] | None, None]:
        """The content of a kept file, in one piece."""
        return (piece for piece in (self.storage_load(tool_file_id),)), None

    def build_from_mapping(self, *, mapping: Mapping[str, object]) -> File:
        """The file of something kept before; the mapping names it by `tool_file_id`."""
        kept = self._find(str(mapping.get("tool_file_id")))
        return _file(kept, FileTransferMethod.TOOL_FILE, size=len(kept.read()))

    def save_binary_string(
        self, data: bytes, mime_type: str, file_type: FileType, extension_override: str | None = None
    ) -> File:
        """Keeps an image or the like that a model returned."""
        name = None if extension_override is None else f"file{extension_override}"
        kept = self.create_file_by_raw(file_binary=data, mimetype=mime_type, filename=name)
        file = _file(kept, FileTransferMethod.TOOL_FILE, size=len(data))
        file.type = file_type
        return file

    def save_remote_url(self, url: str, file_type: FileType) -> File:
        """Fetches and keeps what a model returned as a URL."""
        response = self.http_get(url)
        response.raise_for_status()
        mime_type = str(response.headers.get("content-type") or "application/octet-stream").partition(";")[0]
        return self.save_binary_string(response.content, mime_type, file_type)


def _file(kept: _Kept, method: FileTransferMethod, *, size: int) -> File:
    return File(
        file_type=FileType(file_class(kept.name)),
        transfer_method=method,
        reference=kept.id,
        filename=kept.name,
        extension=_extension(kept.name),
        mime_type=kept.mime_type,
        size=size,
    )


def _extension(name: str) -> str:
    return Path(name).suffix.lower() or ".bin"
