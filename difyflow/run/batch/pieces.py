"""Long documents as rows of pieces, before the first call: nothing falls behind a limit of the workflow.

A document is turned into text as Dify's extractor does it, the text is cut at headings, else paragraphs, else
sentences, and each piece becomes a Markdown file in the folder of the batch and a row of its own. The pieces
of a document, joined without their overlaps, are its text again, but for pieces of nothing but white space,
which make no row.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difyflow.errors import InputError, UsageError
from difyflow.run.backends.local.documents import extensions, extract
from difyflow.run.backends.local.documents.split import Piece, piece_name, split_text
from difyflow.run.batch.rows import Row, Source
from difyflow.run.batch.sheet import Sheet, file_items, piece_cell
from difyflow.run.inputs import Given

_HEADINGS, _HEADING = 10, 120  # of one piece; characters of one
_STEM_BYTES = 180  # file systems take names of 255 bytes
_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How documents are cut.

    Attributes:
        variable: the file input that takes the pieces.
        limit: most characters of a piece, as Dify's code node counts them: code points.
        overlap: most characters that a piece repeats from the one before.
        encoding: of text documents; None = found out.
    """

    variable: str
    limit: int
    overlap: int = 0
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class _Cut:
    """One piece that lies in the folder: its name there, and what is kept of where it comes from."""

    name: str
    origin: dict[str, object]


class Splitter:
    """Turns each row with documents into rows with one piece each.

    Args:
        cut: which input, and how long the pieces are.
        sheet: knows which column is for the input.
        folder: where pieces are written; made when the first one is. The sheet finds them there.
        documents: that are the same for all rows, of which none names its own; paths as in options.

    Raises:
        UsageError: the input takes no files, or a limit or an overlap that makes no pieces.
    """

    def __init__(self, cut: Cut, sheet: Sheet, folder: Path, *, documents: Given | None = None) -> None:
        self._cut, self._sheet, self._folder = cut, sheet, folder
        self._same = documents
        sheet.pieces = folder
        sheet.check_takes_files(cut.variable)
        split_text(extract(b"x", name="x.txt"), limit=cut.limit, overlap=cut.overlap)
        self._known: dict[tuple[str, int, int], tuple[_Cut, ...]] = {}
        self._stems: dict[Path, Counter[str]] = {}
        self._names: set[str] = set()
        self.documents = self.pieces = 0
        self.notes: list[str] = []
        """What the extractor had to say, one line each; at most 20."""

    def source(self, rows: Source) -> Source:
        """The rows with their documents cut; those that cannot be read become rows with a problem."""

        def cut() -> Iterator[Row]:
            number = 0
            for row in rows.rows():
                for one in self._rows_of(row, rows):
                    number += 1
                    yield replace(one, number=number)

        return replace(rows, rows=cut)

    def _rows_of(self, row: Row, source: Source) -> Iterator[Row]:
        if row.problem:
            yield row
            return
        column, items, folder = self._documents_of(row, source)
        try:
            found = [piece for item in items for piece in self._pieces_of(item, folder)]
        except InputError as err:
            problem = "; ".join(err.problems) or err.message
            yield replace(row, problem=f"{self._cut.variable}: {problem}")
            return
        if not found:
            yield row  # no document: whether one is required is the form's question
        for one in found:
            yield replace(row, values={**row.values, column: piece_cell(one.name)}, origin=one.origin)

    def _documents_of(self, row: Row, source: Source) -> tuple[str, Sequence[object], Path]:
        """The column of the pieces, what is to be cut, and where its relative paths begin."""
        variable = self._cut.variable
        column = self._sheet.column_of(variable, row.values)
        if column is not None and self._same is None:
            return column, file_items(row.values[column]), source.folder
        if self._same is not None and column is None and variable not in row.values:
            return variable, self._same.values, Path()
        twice = f"--split {variable}: both --input and a column name documents"
        raise UsageError(
            twice if self._same is not None else f"--split {variable}: no column is for this input",
            path=source.name,
            line=row.head or None,
            code="bad-columns",
            hint=f"columns: {', '.join(row.values) or 'none'}; documents can be named with "
            f"--each {variable}=GLOB or --input {variable}=@FILE, too",
        )

    def _pieces_of(self, item: object, folder: Path) -> tuple[_Cut, ...]:
        """The pieces of one document; cut once however many rows name it."""
        if not isinstance(item, str) or item.startswith(("http://", "https://")):
            raise InputError(
                f"{item!r} is not a file here, and only files here can be cut",
                hint="leave --split out, or fetch the document first",
            )
        path = (folder / item.removeprefix("@")).absolute()
        try:
            at = path.stat()
            key = (str(path), at.st_size, at.st_mtime_ns)
            if key in self._known:
                return self._known[key]
            data = path.read_bytes()
            stem = self._stem(path)
        except OSError as err:
            raise InputError(f"{path}: cannot be read: {err.strerror or err}") from err
        self._known[key] = self._cut_up(path, stem, data)
        return self._known[key]

    def _cut_up(self, path: Path, stem: str, data: bytes) -> tuple[_Cut, ...]:
        found = extract(data, name=path.name, encoding=self._cut.encoding)
        self._note(path, found.notes)
        pieces = [
            piece
            for piece in split_text(found, limit=self._cut.limit, overlap=self._cut.overlap)
            if piece.text.strip()
        ]
        cut = []
        for number, piece in enumerate(pieces, 1):
            name = piece_name(f"{stem}.md", number, len(pieces))
            self._write(self._folder / name, piece.text)
            cut.append(_Cut(name, _origin(path, piece, number, len(pieces))))
        self.documents += 1
        return tuple(cut)

    def _write(self, place: Path, text: str) -> None:
        try:
            if not self.pieces:
                shutil.rmtree(self._folder, ignore_errors=True)  # of a batch that was never begun
                self._folder.mkdir()
            place.write_bytes(text.encode())
        except OSError as err:
            raise UsageError(
                f"cannot be written: {err.strerror or err}", path=str(place), code="not-writable"
            ) from err
        self.pieces += 1

    def _note(self, path: Path, notes: tuple[str, ...]) -> None:
        room = _NOTES - len(self.notes)
        self.notes += [f"{path.name}: {note}" for note in notes][: max(0, room)]

    def _stem(self, path: Path) -> str:
        """How the pieces are called: without the ending, unless a neighbour differs in nothing else.

        No two documents have the same, also where a file system takes `A` for `a`.
        """
        if path.parent not in self._stems:
            known = set(extensions())
            there = (one.name for one in path.parent.iterdir() if one.suffix.lower() in known)
            self._stems[path.parent] = Counter(Path(name).stem.casefold() for name in there)
        alone = self._stems[path.parent][path.stem.casefold()] < 2
        stem = _fitting(path.stem if alone else path.name)
        name, number = stem, 1
        while name.casefold() in self._names:
            number += 1
            name = f"{stem}-{number}"
        self._names.add(name.casefold())
        return name


def _fitting(stem: str) -> str:
    return stem.encode("utf-8", "replace")[:_STEM_BYTES].decode("utf-8", "ignore") or "document"


def _origin(path: Path, piece: Piece, number: int, total: int) -> dict[str, object]:
    """Where a piece comes from: document, characters, and pages or headings where the document has them."""
    said: dict[str, object] = {
        "document": str(path),
        "part": number,
        "of": total,
        "start": piece.start,
        "end": piece.end,
        "overlap": piece.overlap,
    }
    if piece.pages is not None:
        said["pages"] = list(piece.pages)
    if piece.headings:
        said["headings"] = [heading[:_HEADING] for heading in piece.headings[:_HEADINGS]]
    return said


def parse_cut(text: str, *, overlap: int, encoding: str | None) -> Cut:
    """`--split INPUT=CHARACTERS`.

    Raises:
        UsageError: it is not that.
    """
    variable, sign, number = text.partition("=")
    if not sign or not variable or not number.isdecimal() or int(number) < 1:
        raise UsageError(
            f"--split {text!r} is not INPUT=CHARACTERS", hint="for example --split attachments=80000"
        )
    return Cut(variable=variable, limit=int(number), overlap=overlap, encoding=encoding)
