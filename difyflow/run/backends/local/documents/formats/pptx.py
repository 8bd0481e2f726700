"""PowerPoint presentations: the text of the slides in order, tables as Markdown, speaker notes after each.

A Dify server sends presentations to an Unstructured service (or fails without one), so there is no text
of its own to be equal to. As that service does, shapes are read from top to bottom and left to right, a
line per paragraph. Slides are separated by an empty line.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from difyflow.run.backends.local.documents import archive, faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.table import Table
    from pptx.text.text import TextFrame

MAX_SLIDES = 10_000
_MAX_DEPTH = 50


def read(source: Source) -> Extracted:
    """All slides, hidden ones too; a part per slide with its number as page and its title as heading."""
    names = archive.check(source.data, name=source.name, what="PowerPoint presentation")
    presentation = _open(source)
    if len(presentation.slides) > MAX_SLIDES:
        raise faults.too_large(source.name, f"it has more than {MAX_SLIDES:,} slides")
    stretches = []
    silent = with_notes = 0
    for number, slide in enumerate(presentation.slides, start=1):
        lines = list(_shapes(slide.shapes, 0))
        spoken = _speaker_notes(slide)
        with_notes += bool(spoken)
        lines.extend(spoken)
        silent += not lines
        if lines:
            stretches.append(Stretch("\n".join(lines) + "\n\n", page=number, heading=_title(slide)))
    return assemble(stretches, notes=_notes(len(presentation.slides), silent, with_notes, names))


def _open(source: Source) -> Presentation:
    try:
        import pptx
    except ImportError as err:
        raise faults.missing("python-pptx", "PowerPoint presentations (.pptx)") from err
    return pptx.Presentation(io.BytesIO(source.data))


def _shapes(shapes: Iterable[BaseShape], depth: int) -> Iterator[str]:
    """Non-empty lines of shapes in reading order; groups are read as one block."""
    for shape in sorted(shapes, key=lambda each: (each.top or 0, each.left or 0)):
        inner = getattr(shape, "shapes", None)
        if inner is not None:
            if depth < _MAX_DEPTH:
                yield from _shapes(inner, depth + 1)
        elif getattr(shape, "has_table", False):
            yield from _table(shape.table)  # type: ignore[attr-defined]  # has_table says it is there
        elif shape.has_text_frame:
            yield from _lines(shape.text_frame)  # type: ignore[attr-defined]  # has_text_frame says so


def _lines(frame: TextFrame) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        for line in paragraph.text.replace("\v", "\n").splitlines():
            if line.strip():
                yield line


def _table(table: Table) -> Iterator[str]:
    rows = [["<br>".join(_lines(cell.text_frame)) for cell in row.cells] for row in table.rows]
    if rows and any(cell for row in rows for cell in row):
        for row in (rows[0], ["---"] * len(rows[0]), *rows[1:]):
            yield f"| {' | '.join(row)} |"


def _speaker_notes(slide: Slide) -> list[str]:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return [] if frame is None else list(_lines(frame))


def _title(slide: Slide) -> str | None:
    title = slide.shapes.title
    return " ".join(title.text_frame.text.split()) or None if title is not None else None


def _notes(slides: int, silent: int, with_notes: int, names: tuple[str, ...]) -> list[str]:
    notes = []
    if silent:
        notes.append(f"{silent} of {slides} slides hold no text")
    if with_notes:
        notes.append(f"the speaker notes of {with_notes} slides are part of the text")
    for folder, what in (("ppt/diagrams/data", "diagrams (SmartArt)"), ("ppt/charts/chart", "charts")):
        count = sum(name.startswith(folder) and name.endswith(".xml") for name in names)
        if count:
            notes.append(f"{count} {what} not read")
    return notes


FORMAT = Format(
    extensions=(".pptx",),
    mime_types=("application/vnd.openxmlformats-officedocument.presentationml.presentation",),
    holds="pptx",
    read=read,
)
