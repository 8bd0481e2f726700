"""What the command `fmt` does with each file."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from difyflow.build import back, folder
from difyflow.build.load import read_target
from difyflow.build.source import folder_reader, is_split
from difyflow.cli import _exit, _show
from difyflow.dsl import _yaml
from difyflow.dsl.canonical import faithful, normalized
from difyflow.dsl.reader import Document, read_document, read_file
from difyflow.errors import CannotEdit, DslError, UsageError
from difyflow.git.sniff import SUFFIXES, may_be_dsl
from difyflow.records.files import write_whole

_PASSED_OVER = ("node_modules", "__pycache__", "venv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    check: bool
    diff: bool
    normalize: bool
    reformat: bool


def run(targets: Sequence[str], options: Options) -> int:
    """Brings the files into Dify's form; 1 if `check` or `diff` is set and one is not in it."""
    if "-" in targets:
        return _standard_input(targets, options)
    files = list(dict.fromkeys(file for target in targets for file in _files(Path(target))))
    codes = [_one(file, options) for file in files]
    word = "would be formatted" if options.check or options.diff else "formatted"
    changed = sum(code == _exit.FINDINGS for code in codes)
    _show.note(f"{changed} of {len(files)} files {word}")
    if _exit.UNREADABLE in codes:
        return _exit.UNREADABLE
    return _exit.FINDINGS if changed and (options.check or options.diff) else _exit.FINE


def _one(file: Path, options: Options) -> int:
    """`FINDINGS` if the file, or a folder made by `split`, is not in Dify's form, or was not."""
    if file.is_dir():
        return _folder(file, options)
    try:
        document = read_file(file)
        text = _formed(document, options)
    except (DslError, CannotEdit) as err:
        _show.note(f"error: {err}")
        return _exit.UNREADABLE
    before = document.source.text.encode(document.source.encoding)
    if before == text.encode():
        return _exit.FINE
    if options.diff:
        _show.write_text(_difference(document.source.text, text, str(file)))
    elif options.check:
        _show.note(f"{file}: not as Dify exports it")
    else:
        write_whole(file, text.encode())
        _show.note(f"formatted {file}")
    return _exit.FINDINGS


def _folder(place: Path, options: Options) -> int:
    """As `_one` for a folder made by `split`: its parts get the form in which `split` writes them."""
    read = folder_reader(place)
    try:
        document = read_target(place)
        text = _formed(document, options)
        files = back.changes(read, text, name=str(place), anew=True, reformat=options.reformat)
    except (DslError, CannotEdit) as err:
        _show.note(f"error: {err}")
        return _exit.UNREADABLE
    for name, data in files.items():
        if options.diff:
            sides = ((read(name) or b"").decode(errors="replace"), (data or b"").decode())
            _show.write_text(_difference(*sides, str(place / name)))
        elif options.check:
            _show.note(f"{place / name}: not as `difyflow split` writes it")
    if not files:
        return _exit.FINE
    if not options.check and not options.diff:
        back.write_files(place, files)
        for name in files:
            _show.note(f"formatted {place / name}")
    return _exit.FINDINGS


def _standard_input(targets: Sequence[str], options: Options) -> int:
    if len(targets) > 1:
        raise UsageError("- is standard input and goes alone", hint="name files, or -")
    document = read_document(sys.stdin.buffer.read(), name="<stdin>")
    text = _formed(document, options)
    same = document.source.text == text
    if options.diff:
        _show.write_text("" if same else _difference(document.source.text, text, "-"))
    elif options.check and not same:
        _show.note("<stdin>: not as Dify exports it")
    elif not options.check:
        _show.write_text(text)
        return _exit.FINE
    return _exit.FINE if same else _exit.FINDINGS


def _formed(document: Document, options: Options) -> str:
    """The text in Dify's form.

    Raises:
        CannotEdit: it has comments, which that form cannot hold.
    """
    data = document.source.data
    assert isinstance(data, dict)
    text = faithful(normalized(data) if options.normalize else data, name=document.name)
    if text != document.source.text and not options.reformat:
        _yaml.check_comments(document.source)
    return text


def _files(target: Path) -> Iterator[Path]:
    """The file itself, or every DSL file and folder made by `split` in a folder and below."""
    if not target.is_dir():
        yield target  # what is not there, or no file, reading it will say
        return
    for place, names, files in os.walk(target):
        if is_split(Path(place)) and _is_ours(Path(place)):
            names.clear()
            yield Path(place)
            continue
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _PASSED_OVER)
        for name in sorted(files):
            file = Path(place) / name
            if file.suffix in SUFFIXES and file.is_file() and may_be_dsl(file.read_bytes()):
                yield file


def _is_ours(place: Path) -> bool:
    """Whether `split` made a folder with a `document.yml`; other tools may have such a file, too."""
    return b"$split:" in (place / folder.DOCUMENT).read_bytes()[:4096]


def _difference(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name, n=3
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
