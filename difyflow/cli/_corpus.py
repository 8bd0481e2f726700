"""What the corpus commands share: where lines come from, where they go, how far it is."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from difyflow.cli import _show
from difyflow.corpus import provenance
from difyflow.corpus.arrays import elements
from difyflow.corpus.samples import opened, read_lines
from difyflow.errors import UsageError
from difyflow.records.files import check_writable, open_whole

if TYPE_CHECKING:
    from rich.progress import Progress

_EVERY_S = 5.0
_EVERY_LINES = 512


class Corpus:
    """A corpus file or standard input that can be read more than once; use it in `with`.

    Args:
        name: path, or `-`.
        quiet: show no progress.
        again: it will be read more than once, so standard input goes to a temporary file first.
        side: its provenance, where that does not lie beside it.
    """

    def __init__(
        self, name: str, *, quiet: bool = False, again: bool = False, side: str | None = None
    ) -> None:
        self.name = "standard input" if name == "-" else name
        self.path = None if name == "-" else Path(name)
        self._quiet, self._again = quiet, again
        self._side = Path(side) if side else provenance.beside(self.path) if self.path else None
        self._told = bool(side)
        self._stack = ExitStack()
        self._spooled: BinaryIO | None = None
        self._array = False

    def __enter__(self) -> Corpus:
        if self.path is None or (self.path.exists() and not self.path.is_file() and not self.path.is_dir()):
            if self._again:  # a pipe gives its lines once
                self._spool(
                    sys.stdin.buffer if self.path is None else self._stack.enter_context(opened(self.path))
                )
        else:
            with opened(self.path):
                pass  # so that what cannot be read is told before anything is written
        return self

    def _spool(self, stream: BinaryIO) -> None:
        spooled = tempfile.TemporaryFile()  # noqa: SIM115  closed by the stack
        self._spooled = cast("BinaryIO", self._stack.enter_context(spooled))
        for block in iter(lambda: stream.read(1 << 20), b""):
            self._spooled.write(block)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._stack.close()
        if isinstance(error, UsageError) and error.line is not None and error.path is None:
            error.path = self.name

    def lines(self, doing: str, *, arrays: bool = True) -> Iterator[bytes]:
        """All lines from the beginning; `doing` is said with the progress.

        With `arrays` the elements of a JSON array come as lines.
        """
        return elements(self._lines(doing), on_array=self._tell_array) if arrays else self._lines(doing)

    def _tell_array(self) -> None:
        if not (self._array or self._quiet):
            _show.note(f"{self.name} is a JSON array: lines are counted by its elements")
        self._array = True

    def _lines(self, doing: str) -> Iterator[bytes]:
        if self._spooled is not None:
            self._spooled.seek(0)
            yield from watched(read_lines(self._spooled), 0, doing, quiet=self._quiet)
        elif self.path is None:
            yield from watched(read_lines(sys.stdin.buffer), 0, doing, quiet=self._quiet)
        else:
            with opened(self.path) as file:
                size = os.fstat(file.fileno()).st_size
                yield from watched(read_lines(file), size, doing, quiet=self._quiet)

    def provenance(self) -> Iterator[bytes]:
        """The lines of its side file; none if there is none."""
        if self._side is None or not (self._told or self._side.is_file()):
            return
        with opened(self._side) as file:
            yield from read_lines(file)

    @property
    def has_provenance(self) -> bool:
        """True if there is a side file."""
        return self._side is not None and (self._told or self._side.is_file())


@contextmanager
def writing(name: str | None, *, force: bool) -> Iterator[BinaryIO]:
    """A file that is whole at the end or as it was, or standard output for `-` and None.

    Raises:
        UsageError: it exists and `force` is not given, or cannot be written.
    """
    if name is None or name == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    check_writable(Path(name), force=force)
    with open_whole(Path(name)) as file:
        yield file


def check_outputs(names: Iterable[Path], *, force: bool) -> None:
    """Makes sure before the work that nothing is overwritten, and no output by another one.

    Raises:
        UsageError: a file is there and `force` is not given, or two of them are one file.
    """
    seen: set[Path] = set()
    for name in names:
        if name.resolve() in seen:
            raise UsageError("two outputs would be one file", path=str(name), hint="name another")
        seen.add(name.resolve())
        check_writable(name, force=force)


def side_outputs(name: str | None) -> tuple[Path, Path] | None:
    """Provenance and rejects beside an output file; None for standard output and devices."""
    if name is None or name == "-" or (Path(name).exists() and not Path(name).is_file()):
        return None
    return provenance.beside(Path(name)), provenance.rejected(Path(name))


def write_side(path: Path, lines: Iterable[bytes], *, force: bool) -> int:
    """Writes a side file; without lines it is absent, also one of an earlier run. How many lines."""
    count = 0
    found = iter(lines)
    first = next(found, None)
    if first is None:
        if force:
            path.unlink(missing_ok=True)
        return 0
    with open_whole(path) as file:
        file.write(first)
        count = 1
        for line in found:
            file.write(line)
            count += 1
    return count


def report(value: Mapping[str, object]) -> None:
    """Writes a report as JSON to standard output."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    _show.write_text(text.encode("utf-8", "backslashreplace").decode() + "\n")


def check_report(format_: str, output: str | None) -> None:
    """Report and lines do not go to the same place.

    Raises:
        UsageError: both would go to standard output.
    """
    if format_ == "json" and output in (None, "-"):
        raise UsageError("the lines and the report would both go to standard output", hint="use -o FILE")


def check_goes_with(given: object, name: str, *, other: object, needed: str) -> None:
    """An option that means nothing by itself is not taken and forgotten.

    Raises:
        UsageError: it is given and the other is not.
    """
    if given and not other:
        raise UsageError(f"{name} goes with {needed}", hint=f"give {needed} too, or leave {name} out")


def watched(lines: Iterable[bytes], size: int, doing: str, *, quiet: bool) -> Iterator[bytes]:
    """Passes lines on and tells on stderr how far it is: a bar in a terminal, a line now and then elsewhere.

    Args:
        lines: to be passed on.
        size: bytes of all; 0 if not known.
        doing: what is being done.
        quiet: say nothing.
    """
    if quiet:
        yield from lines
        return
    view = _Bar(doing, size) if sys.stderr.isatty() else _Now(doing, size)
    done, last = 0, time.monotonic()
    try:
        for number, line in enumerate(lines, start=1):
            done += len(line)
            if number % _EVERY_LINES == 0 and time.monotonic() - last >= view.every_s:
                last = time.monotonic()
                view.tell(number, done)
            yield line
    finally:
        view.close()


class _Now:
    """A line every few seconds."""

    every_s = _EVERY_S

    def __init__(self, doing: str, size: int) -> None:
        self._doing, self._size = doing, size

    def tell(self, lines: int, done: int) -> None:
        share = f", {done / self._size:.0%}" if self._size else ""
        _show.note(f"{self._doing}: {lines:,} lines{share}")

    def close(self) -> None:
        """Nothing."""


class _Bar(_Now):
    """A bar; it appears when the work takes long."""

    every_s = 0.5

    def __init__(self, doing: str, size: int) -> None:
        super().__init__(doing, size)
        self._bar: Progress | None = None

    def tell(self, lines: int, done: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task(self._doing, total=self._size or None)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, description=f"{self._doing}: {lines:,} lines")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
