"""Starter workflows: found in the installed package, else in the checkout; copied, never imported."""

from __future__ import annotations

import shutil
from pathlib import Path

import difyflow
from difyflow.errors import UsageError

_MARK = "__NAME__"


def folder() -> Path:
    """Where the templates lie. An editable install has no copy of its own and uses the checkout's."""
    package = Path(difyflow.__file__).parent
    return next(path for path in (package / "_templates", package.parent / "templates") if path.is_dir())


def names() -> tuple[str, ...]:
    """The templates in alphabetical order."""
    return tuple(sorted(path.name for path in folder().iterdir() if (path / "flow.py").is_file()))


def summary(name: str) -> str:
    """The first line of a template's docstring, without its name."""
    first = (folder() / name / "flow.py").read_text(encoding="utf-8").splitlines()[0]
    return first.strip('"').partition(": ")[2].strip()


def make(name: str, target: Path, *, template: str) -> tuple[Path, ...]:
    """Copies a template to a folder that does not exist yet and gives the app this name.

    Raises:
        UsageError: no such template, or the folder exists or cannot be made.
    """
    if template not in names():
        raise UsageError(f"no template {template!r}", hint=f"there are: {', '.join(names())}")
    if target.exists():
        raise UsageError("exists already", path=str(target), code="exists", hint="choose another name")
    try:
        shutil.copytree(folder() / template, target, ignore=shutil.ignore_patterns("__pycache__"))
        flow = target / "flow.py"
        text = flow.read_text(encoding="utf-8")
        flow.write_text(text.replace(_MARK, _quotable(name)), encoding="utf-8", newline="\n")
    except OSError as err:
        raise UsageError(f"cannot be made: {err.strerror or err}", path=str(target)) from err
    return tuple(sorted(path for path in target.rglob("*") if path.is_file()))


def _quotable(name: str) -> str:
    """The name as it can stand inside the double quotes of a Python string and of a docstring."""
    shown = "".join(char for char in name if char.isprintable())
    return shown.replace("\\", "\\\\").replace('"', '\\"')
