"""Diff and merge beside PyYAML: `python tests/bench/bench_diff.py [CORPUS]`.

CORPUS is the folder that holds `history/*/*.yml` (else `DIFYFLOW_CORPUS`, else `../shared/corpus` beside the
checkout). Of the five largest pairs of versions: reading, comparing and showing both as text as a ratio to
`yaml.load(CSafeLoader)` of both (at most 5); reading three, merging and writing as a ratio to loading three
(at most 8). Then graphs of 1,000, 2,500 and 5,000 nodes in which every tenth node changed, and in which every
id is another one: seconds per thousand nodes must not grow more than twofold. Best of 5; ends with 1 if
something is slower than that.
"""

from __future__ import annotations

import copy
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from difyflow.diff import compare
from difyflow.diff.formats.text import show
from difyflow.diff.merge import merge
from difyflow.dsl import App, read_document
from difyflow.dsl.edit import rewrite
from difyflow.nodes._record import READING

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_FOR_DIFF = 5
MOST_FOR_MERGE = 8
MOST_GROWTH = 2.0
ROUNDS = 5
SIZES = (1000, 2500, 5000)


def corpus() -> Path:
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DIFYFLOW_CORPUS")
    return Path(given) if given else ROOT.parent / "shared" / "corpus"


def largest(folder: Path) -> list[list[bytes]]:
    """Two versions after each other, the five largest pairs that there are."""
    pairs = []
    for place in sorted(path for path in (folder / "history").iterdir() if path.is_dir()):
        texts = [file.read_bytes() for file in sorted(place.glob("*.yml"))]
        pairs += [list(pair) for pair in itertools.pairwise(texts)]
    if not pairs:
        sys.exit(f"no versions in {folder / 'history'}")
    return sorted(pairs, key=lambda pair: -sum(map(len, pair)))[:5]


def best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def load(texts: list[bytes]) -> Callable[[], object]:
    return lambda: [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]


def diffed(texts: list[bytes]) -> str:
    one, other = (read_document(text) for text in texts)
    return show(compare(one, other))


def merged(texts: list[bytes]) -> str:
    base, ours, theirs = (read_document(text) for text in texts)
    made = merge(base, ours, theirs)
    return rewrite(ours, App.model_validate(made.data, context=READING), reformat=False)


def edited(text: bytes) -> bytes:
    """Another edit of the same file: every title has a sign more."""
    data: Any = yaml.load(text, Loader=yaml.CSafeLoader)
    for node in data["workflow"]["graph"]["nodes"]:
        node["data"]["title"] = f"{node['data'].get('title', '')}!"
    return App.model_validate(data, context=READING).render().encode()


def graph(count: int) -> dict[str, Any]:
    """A chain of nodes with prompts that refer to the one before."""
    nodes = [
        {
            "id": f"n{number}",
            "type": "custom",
            "position": {"x": number, "y": 0},
            "data": {
                "type": "llm",
                "title": f"Node {number % 50}",
                "model": {
                    "provider": "p",
                    "name": "m",
                    "mode": "chat",
                    "completion_params": {"temperature": 0.3},
                },
                "prompt_template": [
                    {
                        "id": str(number),
                        "role": "system",
                        "text": f"Line {number}.\nUse {{{{#n{number - 1}.text#}}}}.\n" * 3,
                    }
                ],
            },
        }
        for number in range(count)
    ]
    edges = [
        {"id": f"e{number}", "source": f"n{number}", "target": f"n{number + 1}", "sourceHandle": "source"}
        for number in range(count - 1)
    ]
    return {"app": {"name": "x", "mode": "workflow"}, "workflow": {"graph": {"nodes": nodes, "edges": edges}}}


def changed(document: dict[str, Any], start: int) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for node in made["workflow"]["graph"]["nodes"][start::10]:
        node["data"]["prompt_template"][0]["text"] += f"More {start}.\n"
    return made


def renamed(document: dict[str, Any]) -> dict[str, Any]:
    from difyflow.diff._rename import renamed as with_names

    nodes = document["workflow"]["graph"]["nodes"]
    return with_names(document, {node["id"]: f"m{number}" for number, node in enumerate(nodes)})


def growth(name: str, run: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the time per node grows too much with their number."""
    rates = []
    for size in SIZES:
        document = graph(size)
        rates.append(best(lambda given=document: run(given), rounds=1) / size * 1000)  # type: ignore[misc]
    shown = ", ".join(f"{size:,}: {rate:.3f} s" for size, rate in zip(SIZES, rates, strict=True))
    print(f"{name:<24} per 1,000 nodes, with {shown}   growth {rates[-1] / rates[0]:.2f}")
    return rates[-1] / rates[0] > MOST_GROWTH


def ratios(texts: list[bytes]) -> tuple[float, float]:
    """What diff and merge take, beside loading what they read."""
    base, ours = best(load(texts)), best(lambda: diffed(texts))
    three = [texts[0], edited(texts[0]), texts[1]]
    base_three, ours_three = best(load(three)), best(lambda: merged(three))
    print(
        f"{sum(map(len, texts)) / 1e3:4.0f} kB   diff {ours:.3f} s to {base:.3f} s, ratio {ours / base:.2f}"
        f"   merge {ours_three:.3f} s to {base_three:.3f} s, ratio {ours_three / base_three:.2f}"
    )
    return ours / base, ours_three / base_three


def main() -> int:
    print(f"PyYAML {yaml.__version__}, best of {ROUNDS}")
    found = [ratios(texts) for texts in largest(corpus())]
    slow = [max(one for one, _ in found) > MOST_FOR_DIFF, max(two for _, two in found) > MOST_FOR_MERGE]
    slow.append(growth("diff, a tenth changed", lambda given: show(compare(given, changed(given, 0)))))
    slow.append(growth("diff, all ids changed", lambda given: show(compare(given, renamed(given)))))
    slow.append(growth("merge", lambda given: merge(given, changed(given, 0), changed(given, 5))))
    return int(any(slow))


if __name__ == "__main__":
    sys.exit(main())
