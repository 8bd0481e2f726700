"""Which files are meant, and the findings of each; several processes for many."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from difyflow.dsl.reader import MAX_BYTES, read_bytes, read_source
from difyflow.errors import BuildError, DifyflowError, ReadError
from difyflow.lint.config import Config, Settings
from difyflow.lint.engine import check, rules
from difyflow.lint.finding import Finding
from difyflow.lint.report import FileReport, Trouble

STDIN = "-"
_SUFFIXES = (".yml", ".yaml")
_PASSED_BY = frozenset(("node_modules", "__pycache__", "venv", "site-packages"))
SPLIT_FILE = "document.yml"
"""Of a folder made by `difyflow split`."""
_MANY = 2_000_000
"""Bytes from which further processes pay for their start."""

PythonPlaces = Mapping[tuple[str | int, ...], tuple[int, int]]
"""By place in the document line and column of the Python that writes it."""

FlowReader = Callable[[Path], tuple[str, PythonPlaces]]
"""Executes a flow.py: the text that it renders, and where its parts are written.

Of a folder made by `difyflow split` it gives the document, and no places.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to be looked at.

    Attributes:
        name: as it is shown.
        named: whether a person has named it; else it was found in a folder, and need be no DSL file.
    """

    name: str
    named: bool = True


def wanted(paths: Sequence[str], config: Config, *, skip_others: bool = False) -> list[Wanted]:
    """The files behind paths: files as they are, what folders and patterns hold, `-` for standard input.

    In folders only YAML files are looked at, hidden folders are passed by, and no flow.py is executed.

    Args:
        paths: as a person names them.
        config: says what is excluded.
        skip_others: take YAML files as if they were found in a folder, though they are named.
    """
    found: dict[str, Wanted] = {}
    for path in paths:
        for one in _behind(path):
            skipped = skip_others and one.name.endswith(_SUFFIXES) and Path(one.name).is_file()
            item = Wanted(one.name, named=False) if skipped else one
            if item.named or not config.excludes(item.name):
                known = found.get(item.name)
                found[item.name] = item if known is None or item.named else known
    return list(found.values())


def _behind(path: str) -> Iterator[Wanted]:
    if path == STDIN:
        yield Wanted(path)
    elif Path(path).is_dir():
        yield from _in_folder(path)
    elif not Path(path).exists() and glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  # absolute patterns too
        for match in matches:
            if Path(match).is_dir():
                continue
            yield Wanted(match, named=False) if match.endswith(_SUFFIXES) else Wanted(match)
        if not matches:
            yield Wanted(path)
    else:
        yield Wanted(path)


def _in_folder(path: str) -> Iterator[Wanted]:
    for folder, inside, files in os.walk(path):
        if _is_split(Path(folder)):
            inside.clear()
            yield Wanted(folder)
            continue
        inside[:] = sorted(name for name in inside if not name.startswith(".") and name not in _PASSED_BY)
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Wanted(str(Path(folder) / name), named=False)


def _is_split(folder: Path) -> bool:
    """Whether `difyflow split` made this folder: then it is one document."""
    try:
        return b"$split:" in (folder / SPLIT_FILE).read_bytes()[:4096]
    except OSError:
        return False


def look(
    files: Sequence[Wanted],
    config: Config,
    *,
    stdin: Callable[[], bytes],
    flow: FlowReader,
    jobs: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> list[FileReport]:
    """The findings of each file; those that were found in folders and are no DSL files are left out.

    Args:
        files: what to look at.
        config: what to look for.
        stdin: gives the bytes of standard input.
        flow: executes a flow.py, or puts the parts of a split folder together.
        jobs: processes; None = as many as there are processors, if there is much to do.
        max_bytes: size above which no file is parsed.
    """
    count = _processes(files, jobs)
    if count <= 1:
        found = [_look(item, config, stdin, flow, max_bytes) for item in files]
        return [item for item in found if item is not None]
    plain = [item for item in files if item.name != STDIN and not is_rendered(item.name)]
    share = max(1, len(plain) // (count * 8))
    shares = [plain[start : start + share] for start in range(0, len(plain), share)]
    method = "fork" if sys.platform == "linux" else "spawn"
    rules()  # so that a forked process need not import them again
    with ProcessPoolExecutor(count, get_context(method)) as pool:
        results = pool.map(_look_at_share, shares, [config] * len(shares), [max_bytes] * len(shares))
        by_name = {name: report for result in results for name, report in result}
    for item in files:
        if item.name not in by_name:
            by_name[item.name] = _look(item, config, stdin, flow, max_bytes)
    return [report for item in files if (report := by_name[item.name]) is not None]


def is_rendered(name: str) -> bool:
    """Whether the text that is looked at is made of something else: a flow.py, or a split folder."""
    return name.endswith(".py") or Path(name).is_dir()


def _processes(files: Sequence[Wanted], jobs: int | None) -> int:
    if jobs is not None:
        return min(jobs, len(files))
    size = 0
    for item in files:
        try:
            size += Path(item.name).stat().st_size
        except OSError:
            continue
    return min(os.cpu_count() or 1, len(files), 8) if size > _MANY else 1


def _look_at_share(
    files: Sequence[Wanted], config: Config, max_bytes: int
) -> list[tuple[str, FileReport | None]]:
    return [(item.name, _look(item, config, bytes, _no_flow, max_bytes)) for item in files]


def _no_flow(path: Path) -> tuple[str, PythonPlaces]:
    raise BuildError("a flow.py is executed by the first process only", path=str(path))


def _look(
    item: Wanted, config: Config, stdin: Callable[[], bytes], flow: FlowReader, max_bytes: int
) -> FileReport | None:
    settings = config.settings(item.name)
    name = "<stdin>" if item.name == STDIN else item.name
    try:
        if is_rendered(item.name):
            text, places = flow(Path(item.name))
            return FileReport(item.name, _in_python(_found(text, item.name, settings, max_bytes), places))
        data = stdin() if item.name == STDIN else read_bytes(Path(item.name), max_bytes=max_bytes)
        if not item.named and not _may_be_dsl(data):
            return None
        return FileReport(name, _found(data, name, settings, max_bytes, named=item.named))
    except _NoDsl:
        return None
    except DifyflowError as err:
        return FileReport(name, (), Trouble.of(err, name))


class _NoDsl(Exception):  # not an error: an answer
    """A file of a folder that is something else."""


def _may_be_dsl(data: bytes) -> bool:
    """A quick look at a file of a folder: other YAML need not even be valid."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return any(word in data for word in (b"model_config", b"graph", b"mode", b"rag_pipeline", b"snippet"))


def is_dsl(data: dict[str, object]) -> bool:
    """True for a document that says that it is one of Dify's, be it broken."""
    if data.get("kind") in ("app", "rag_pipeline", "snippet"):
        return True
    app, workflow = data.get("app"), data.get("workflow")
    return (isinstance(workflow, dict) and "graph" in workflow) or (
        isinstance(app, dict) and "mode" in app and ("workflow" in data or "model_config" in data)
    )


def _found(
    source: str | bytes, name: str, settings: Settings, max_bytes: int, *, named: bool = True
) -> list[Finding]:
    try:
        composed, data = read_source(source, name=name, max_bytes=max_bytes)
    except ReadError:
        if named or _looks_broken(source):
            raise
        raise _NoDsl from None
    if not is_dsl(data):
        if not named:
            raise _NoDsl
        keys = ", ".join(str(key) for key in list(data)[:8]) or "none"
        raise ReadError(
            "this is no Dify document",
            path=name,
            line=1,
            code="not-dify",
            hint=f"an export has the keys app, kind, version, workflow (or model_config); this has: {keys}",
        )
    found = check(data, composed, target=settings.target, only=settings.chosen(rules()))
    return [item for item in found if settings.tells(item)]


def _looks_broken(source: str | bytes) -> bool:
    """True for a broken file that has the marks of an export."""
    text = source if isinstance(source, bytes) else source.encode()
    return (b"\nworkflow:" in text and b"graph:" in text) or b"\nmodel_config:" in text


def _in_python(findings: Sequence[Finding], places: PythonPlaces) -> list[Finding]:
    """The findings of a rendered flow where the Python writes what is meant, or what holds it."""
    made = []
    for item in findings:
        ends = range(len(item.path), -1, -1)
        line, col = next((places[item.path[:end]] for end in ends if item.path[:end] in places), (None, None))
        made.append(replace(item, line=line, col=col))
    return sorted(made, key=lambda item: (item.line or 0, item.col or 0))
