"""Where each line of a corpus comes from: a side file, so that the training file stays pure.

`x.provenance.jsonl` beside `x.jsonl` has a JSON object a line: `line_sha256` (SHA-256 in hex of the corpus
line without its line break) and whatever is known: `documents`, `piece`, `run_id`, `model`,
`workflow_sha256`, batch and row. A line of the corpus may have several, if several runs gave it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from difyflow.corpus._json import dump
from difyflow.corpus.samples import LongLine, line_digest

KEY = "line_sha256"

_DOCUMENTS = ("documents", "document")
_INPUTS = "inputs "


def beside(path: Path) -> Path:
    """The side file of a corpus: `x.provenance.jsonl` for `x.jsonl`."""
    return path.parent / f"{path.stem}.provenance.jsonl"


def rejected(path: Path) -> Path:
    """The file of what could not be saved: `x.rejected.jsonl` for `x.jsonl`."""
    return path.parent / f"{path.stem}.rejected.jsonl"


def entry(line: bytes, about: Mapping[str, object]) -> bytes:
    """The entry of a corpus line, with its line break."""
    return dump({KEY: line_digest(line), **about}).encode() + b"\n"


def read(lines: Iterable[bytes]) -> Iterator[Mapping[str, object]]:
    """The entries of a side file; lines that are none are left out."""
    for line in lines:
        if isinstance(line, LongLine):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get(KEY), str):
            yield value


def demo_lines(lines: Iterable[bytes]) -> int:
    """How many corpus lines have entries that name the rule-based responder `demo` among their models."""
    hinted = (line for line in lines if b"demo" in line)
    return len({_key(str(one[KEY])) for one in read(hinted) if "demo" in models(one)})


def models(about: Mapping[str, object]) -> tuple[str, ...]:
    """The models that an entry names; several stand in one text, with commas."""
    said = about.get("model")
    return tuple(part.strip() for part in said.split(",") if part.strip()) if isinstance(said, str) else ()


def documents(about: Mapping[str, object]) -> tuple[str, ...]:
    """The documents that an entry names; without any, the inputs of its row stand for them.

    A piece of a document that was split stands for the whole one: all its pieces belong together.
    """
    whole = document_of_piece(about)
    if whole:
        return (whole,)
    for key in _DOCUMENTS:
        said = about.get(key)
        names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        found = tuple(str(name) for name in names if isinstance(name, str | int) and str(name))
        if found:
            return found
    digest = about.get("digest")
    return (f"{_INPUTS}{digest}",) if isinstance(digest, str) and digest else ()


def document_of_piece(about: Mapping[str, object]) -> str:
    """Name of the document that a piece was cut from; empty if it is no piece."""
    piece = about.get("piece")
    said = piece.get("document") if isinstance(piece, dict) else None
    return said.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if isinstance(said, str) else ""


def paths(about: Mapping[str, object]) -> tuple[str, ...]:
    """Where the documents of an entry lie, as far as it says."""
    piece, said = about.get("piece"), about.get("paths")
    whole = piece.get("document") if isinstance(piece, dict) else None
    found = [whole, *(said if isinstance(said, list) else [])]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one))


class Sources:
    """The documents of each line, by its digest; about 100 bytes a line.

    Args:
        entries: of a side file, see `read`.
    """

    def __init__(self, entries: Iterable[Mapping[str, object]] = ()) -> None:
        self._names: dict[tuple[str, ...], int] = {}
        self._by_line: dict[bytes, int] = {}
        self._known: list[tuple[str, ...]] = []
        for one in entries:
            self.add(one)

    def add(self, about: Mapping[str, object]) -> None:
        """Takes one entry."""
        key = _key(str(about[KEY]))
        before = self._by_line.get(key)
        names = documents(about)
        if before is not None:
            names = tuple(dict.fromkeys((*self._known[before], *names)))
        if names not in self._names:
            self._names[names] = len(self._known)
            self._known.append(names)
        self._by_line[key] = self._names[names]

    def __len__(self) -> int:
        return len(self._by_line)

    def of(self, line: bytes) -> tuple[str, ...]:
        """The documents of a corpus line; empty if nothing is known."""
        number = self._by_line.get(_key(line_digest(line)))
        return () if number is None else self._known[number]

    def named(self, line: bytes) -> tuple[str, ...]:
        """The documents of a line that have a name, not the inputs that stand for them."""
        return tuple(name for name in self.of(line) if not name.startswith(_INPUTS))


def _key(digest: str) -> bytes:
    return hashlib.blake2b(digest.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def carried(lines: Iterable[bytes], wanted: Callable[[str], str | None]) -> Iterator[bytes]:
    """The entries of a side file that go with another corpus file.

    Args:
        lines: of the side file.
        wanted: for the digest of a line, that of the line it became; None if it is gone.
    """
    for one in read(lines):
        digest = wanted(str(one[KEY]))
        if digest is not None:
            yield dump({**one, KEY: digest}).encode() + b"\n"
