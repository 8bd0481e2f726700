"""Real repositories, far from the git settings of the person who runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

DOCUMENT = """\
app:
  mode: workflow
  name: {name}
kind: app
version: 0.6.0
workflow:
  graph:
    edges:
    - id: e
      source: a
      sourceHandle: source
      target: b
      targetHandle: target
    nodes:
    - data:
        title: Start
        type: start
        variables: []
      id: a
      position:
        x: 80
        y: 282
      type: custom
    - data:
        code: 'def main():

          return {{"n": {number}}}'
        code_language: python3
        outputs:
          n:
            type: number
        title: {title}
        type: code
        variables: []
      id: b
      position:
        x: {x}
        y: 282
      type: custom
"""


def document(*, name: str = "x", title: str = "Count", number: int = 1, x: int = 400) -> str:
    """A small document in Dify's own form."""
    return DOCUMENT.format(name=name, title=title, number=number, x=x)


class Repo:
    """A repository with a work tree; `git(...)` gives what git says."""

    def __init__(self, top: Path, home: Path) -> None:
        self.top = top
        self.home = home

    def run(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs git and takes whatever comes of it."""
        return subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.top,
            env={**os.environ, **more},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def git(self, *arguments: str, cwd: Path | None = None, **more: str) -> str:
        """What git says; it must not fail."""
        done = self.run(*arguments, cwd=cwd, **more)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def write(self, files: dict[str, str | bytes]) -> None:
        """Writes files of the work tree."""
        for name, text in files.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, message: str, files: dict[str, str | bytes] | None = None) -> str:
        """Commits everything, after writing these files."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with git settings of its own, and `difyflow` on the PATH."""
    place = tmp_path / "home"
    (place / "bin").mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # git starts many
    command = place / "bin" / "difyflow"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m difyflow "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    for name, value in {
        "HOME": str(place),
        "XDG_CONFIG_HOME": str(place / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(place / ".gitconfig"),
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "true",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }.items():
        monkeypatch.setenv(name, value)
    (place / ".gitconfig").write_text(
        "[user]\n\tname = Ann\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n", encoding="utf-8"
    )
    yield place


@pytest.fixture
def make_repo(tmp_path: Path, home: Path) -> Callable[[str], Repo]:
    """`make_repo("name")` is a new repository."""

    def make(name: str = "repo") -> Repo:
        top = tmp_path / name
        top.mkdir()
        repo = Repo(top, home)
        repo.git("init", "-q")
        return repo

    return make


@pytest.fixture
def repo(make_repo: Callable[[str], Repo], monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository, in which the test stands."""
    made = make_repo("repo")
    monkeypatch.chdir(made.top)
    return made


@pytest.fixture
def dsl() -> Callable[..., str]:
    """`dsl(title="Count", number=1, x=400)` is a small document."""
    return document
