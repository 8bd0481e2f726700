"""What git waits for: `python tests/bench/bench_git.py`.

Processor time (user and system) of each call that git makes for one document, beside that of
`python -c 'import yaml, pydantic, click'`: the best of 8 starts of each, by turns. The document is the
founding one, 25 kB. Ends with 1 if a call takes more than 1.5 times that. And the time of
`difyflow diff HEAD~1` in a repository of 300 documents of which 3 changed, beside that in one of 3.

The text of a document needs no model. A diff asks the nodes what breaks and whom it affects, and a merge asks
the linter, so these load the model, which alone takes more than twice the base.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = ROOT / "tests" / "seed" / "fine-tune-corpus.yml"
MOST = 1.5
STARTS = 8


def used() -> float:
    """Seconds of processor time of all processes that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def time_of(run: Callable[[], object]) -> float:
    before = used()
    run()
    return used() - before


def best(*runs: Callable[[], object], starts: int = STARTS) -> list[float]:
    """The best time of each; they take turns, so that a busy machine is unfair to none."""
    rounds = [[time_of(run) for run in runs] for _ in range(starts)]
    return [min(times) for times in zip(*rounds, strict=True)]


def python(*arguments: str, cwd: Path = ROOT) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def calls(folder: Path) -> dict[str, Callable[[], None]]:
    """Each call of git, over three versions of the document."""
    text = SEED.read_text(encoding="utf-8")
    versions = {
        "base": text,
        "ours": text.replace("temperature: 0.3", "temperature: 0.9"),
        "theirs": text.replace("max_tokens: 4096", "max_tokens: 99"),
    }
    for name, version in versions.items():
        (folder / name).write_text(version, encoding="utf-8")
    base, ours, theirs = (str(folder / name) for name in versions)

    def merge() -> None:
        Path(ours).write_text(versions["ours"], encoding="utf-8")
        python("-m", "difyflow", "git", "merge-driver", base, ours, theirs, "7", "x.yml", "a", "b", "c")

    sides = ("x.yml", base, "1", "100644", ours, "2", "100644")
    return {
        "textconv (log -p, show, blame)": lambda: python("-m", "difyflow", "git", "textconv", base),
        "diff driver (git diff)": lambda: python("-m", "difyflow", "git", "diff-driver", *sides),
        "merge driver": merge,
    }


def git(top: Path, *words: str) -> None:
    settings = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", *settings, *words], cwd=top, check=True, stdout=subprocess.DEVNULL)


def repository(top: Path, count: int) -> Path:
    """A repository of so many documents, three of which changed in its last commit."""
    top.mkdir()
    git(top, "init", "-q")
    text = SEED.read_text(encoding="utf-8")
    for message, change in (("one", "temperature: 0.3"), ("two", "temperature: 0.9")):
        for number in range(count if message == "one" else 3):
            file = top / f"w{number}.yml"
            file.write_text(text.replace("temperature: 0.3", change), encoding="utf-8")
        git(top, "add", ".")
        git(top, "commit", "-qm", message)
    return top


def main() -> int:
    over = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, call in calls(folder).items():
            base, took = best(lambda: python("-c", "import yaml, pydantic, click"), call)
            over = over or took / base > MOST
            mark = "  OVER" if took / base > MOST else ""
            print(f"{what:34} {took:.3f} s  {took / base:.2f} times {base:.3f} s{mark}")
        for count in (3, 300):
            top = repository(folder / f"of-{count}", count)
            (took,) = best(lambda top=top: python("-m", "difyflow", "diff", "HEAD~1", cwd=top), starts=3)
            print(f"diff HEAD~1, 3 of {count:<16} {took:.3f} s")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
