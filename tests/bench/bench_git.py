"""What git waits for: `python tests/bench/bench_git.py`.

Processor time (user and system) of each call that git makes for one document, beside that of
`python -c 'import yaml, pydantic, click'`: medians of 7 starts of each, which take turns. The document is the
founding one, 25 kB. Ends with 1 if a usual call takes more than 1.5 times that. And the time of
`difyflow diff HEAD~1` in a repository of 300 documents of which 3 changed, beside that in one of 3.

Usual is what asks no node class: edits of prompts, code, titles, models, layout. Where inputs, outputs or
references may break, a diff asks the classes, which pydantic builds; where two sides' edits may break a rule
together, a merge asks the linter. These two are shown and not judged: the classes alone take longer.
"""

from __future__ import annotations

import copy
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import difyflow
from difyflow.dsl.canonical import canonical

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = ROOT / "tests" / "seed" / "fine-tune-corpus.yml"
MOST = 1.5
STARTS = 7
BASE = "import yaml, pydantic, click"
JUDGED = ("textconv", "usual")


def used() -> float:
    """Seconds of processor time of all processes that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def time_of(run: Callable[[], object]) -> float:
    before = used()
    run()
    return used() - before


def medians(*runs: Callable[[], object], starts: int = STARTS) -> list[float]:
    """The middle time of each; they take turns, so that a busy machine is unfair to none."""
    for run in runs:
        run()  # writes the byte code and fills the caches
    rounds = [[time_of(run) for run in runs] for _ in range(starts)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


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


def documents() -> dict[str, str]:
    """The document, and what people make of it."""
    base = difyflow.read(SEED.read_text(encoding="utf-8")).data()

    def made(change: Callable[[dict[str, Any]], object]) -> str:
        """The text after a change; it gets the nodes by type."""
        document = copy.deepcopy(base)
        change({node["data"]["type"]: node for node in document["workflow"]["graph"]["nodes"]})
        return canonical(document)

    def usual(nodes: dict[str, Any]) -> None:
        nodes["llm"]["data"]["prompt_template"][0]["text"] += "\nIn short sentences."
        nodes["llm"]["data"]["model"]["completion_params"]["temperature"] = 0.9
        nodes["end"]["position"] = {"x": 1, "y": 2}

    return {
        "base": canonical(base),
        "usual": made(usual),
        "tuned": made(lambda nodes: nodes["llm"]["data"]["model"]["completion_params"].update(max_tokens=99)),
        "moved": made(lambda nodes: nodes["start"].update(position={"x": 3, "y": 4})),
        "contract": made(lambda nodes: nodes["start"]["data"]["variables"].pop()),
        "titled": made(lambda nodes: nodes["end"]["data"].update(title="The end")),
    }


def calls(folder: Path) -> dict[str, Callable[[], None]]:
    """Each call of git."""
    texts = documents()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")

    def diff(new: str) -> Callable[[], None]:
        sides = ("x.yml", str(folder / "base"), "1", "100644", str(folder / new), "2", "100644")
        return lambda: python("-m", "difyflow", "git", "diff-driver", "--", *sides)

    def merge(ours: str, theirs: str) -> Callable[[], None]:
        def run() -> None:
            (folder / "ours").write_text(texts[ours], encoding="utf-8")
            sides = (str(folder / name) for name in ("base", "ours", theirs))
            python("-m", "difyflow", "git", "merge-driver", "--", *sides, "7", "x.yml", "a", "b", "c")

        return run

    return {
        "textconv (log -p, show, blame)": lambda: python(
            "-m", "difyflow", "git", "textconv", str(folder / "base")
        ),
        "diff, usual: prompt, temperature, move": diff("usual"),
        "diff of a contract: an input is gone": diff("contract"),
        "merge, usual: prompt and move here, move there": merge("usual", "moved"),
        "merge, usual: two parameters of one model": merge("usual", "tuned"),
        "merge that asks the linter": merge("contract", "titled"),
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
            base, took = medians(base_alone, call)
            late = took / base > MOST and any(word in what for word in JUDGED)
            over = over or late
            print(f"{what:48} {took:.3f} s  {took / base:.2f} times {base:.3f} s{'  OVER' if late else ''}")
        for count in (3, 300):
            top = repository(folder / f"of-{count}", count)
            (took,) = medians(partial(python, "-m", "difyflow", "diff", "HEAD~1", cwd=top), starts=3)
            print(f"diff HEAD~1, 3 of {count:<30} {took:.3f} s")
    return int(over)


def base_alone() -> None:
    python("-c", BASE)


if __name__ == "__main__":
    sys.exit(main())
