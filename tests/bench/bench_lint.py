"""How long lint takes: `python tests/bench/bench_lint.py [CORPUS]` (the folder with the public DSL files).

Compares with `yaml.load(CSafeLoader)` of the same files, and twice as many nodes with once as many.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from difyflow.dsl import _yaml
from difyflow.errors import DifyflowError
from difyflow.lint import lint, rules

ROUNDS = 5
TEXT = "Summarise what follows for {{#n0.text#}}, then for {{#n%d.text#}}. " + "Keep to what is said. " * 40


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Processor seconds of the fastest of several rounds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def corpus(folder: Path) -> None:
    files = [(file.name, file.read_bytes()) for file in sorted(folder.glob("*.yml"))]
    rules()

    def load() -> None:
        for _, data in files:
            try:
                yaml.load(data, yaml.CSafeLoader)
            except yaml.YAMLError:
                continue

    def look() -> None:
        for name, data in files:
            try:
                lint(data, path=name)
            except DifyflowError:
                continue

    base, ours = best(load), best(look)
    print(f"{len(files)} files, {sum(len(data) for _, data in files):,} bytes, {len(rules())} rules")
    print(f"CSafeLoader {base:.2f} s, lint {ours:.2f} s, ratio {ours / base:.2f} (wanted: 4, goal 3)")


def flow(count: int) -> str:
    """A flow of so many nodes, 1.9 kB each: model nodes one after the other, every tenth behind a branch."""
    nodes: list[dict[str, Any]] = [
        {
            "id": "n0",
            "type": "custom",
            "position": {"x": 0, "y": 0},
            "data": {
                "type": "start",
                "title": "s",
                "variables": [{"variable": "text", "type": "paragraph", "label": "T", "required": True}],
            },
        }
    ]
    edges = []
    for index in range(1, count):
        branch = index % 10 == 0
        data: dict[str, object] = {
            "type": "if-else" if branch else "llm",
            "title": f"Node {index}",
            "desc": "",
        }
        if branch:
            condition = {
                "id": f"c{index}",
                "variable_selector": [f"n{index - 1}", "text"],
                "comparison_operator": "contains",
                "value": "x" * 900,
                "varType": "string",
            }
            data["cases"] = [
                {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}
            ]
        else:
            data |= {
                "model": {
                    "provider": "openai",
                    "name": "gpt-4o",
                    "mode": "chat",
                    "completion_params": {"temperature": 0.7},
                },
                "prompt_template": [{"id": f"p{index}", "role": "user", "text": TEXT % _before(index)}],
                "context": {"enabled": False, "variable_selector": []},
                "vision": {"enabled": False},
            }
        nodes.append(
            {
                "id": f"n{index}",
                "type": "custom",
                "position": {"x": index * 300, "y": 282},
                "positionAbsolute": {"x": index * 300, "y": 282},
                "height": 98,
                "width": 244,
                "selected": False,
                "sourcePosition": "right",
                "targetPosition": "left",
                "data": data,
            }
        )
        for handle in ("true", "false") if (index - 1) % 10 == 0 and index > 1 else ("source",):
            edges.append(
                {
                    "id": f"n{index - 1}-{handle}-n{index}",
                    "type": "custom",
                    "source": f"n{index - 1}",
                    "sourceHandle": handle,
                    "target": f"n{index}",
                    "targetHandle": "target",
                    "data": {
                        "sourceType": nodes[-2]["data"]["type"],
                        "targetType": data["type"],
                        "isInIteration": False,
                    },
                }
            )
    document = {
        "app": {"name": "Large", "mode": "workflow"},
        "kind": "app",
        "version": "0.5.0",
        "workflow": {"graph": {"nodes": nodes, "edges": edges}},
    }
    return _yaml.dump(document)


def _before(index: int) -> int:
    """A model node in front of this one."""
    found = max(0, index - 7)
    return found + 1 if found % 10 == 0 and found else found


def growth() -> None:
    small, large = flow(5000), flow(10000)
    rules()
    times = [best(lambda text=text: lint(text), 3) for text in (small, large)]  # type: ignore[misc]  # bound now
    print(f"5,000 nodes ({len(small):,} bytes) {times[0]:.2f} s, 10,000 nodes {times[1]:.2f} s")
    print(f"ratio {times[1] / times[0]:.2f} (wanted: 2.3)")
    print(f"findings: {len(lint(small))}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        corpus(Path(sys.argv[1]))
    growth()
