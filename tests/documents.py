"""Pairs of documents for diff and merge: any plain data at all, and real apps with random edits."""

from __future__ import annotations

import copy
import datetime
import re
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

SOME = settings(max_examples=min(60, settings().max_examples))
"""Examples of properties whose documents take long to draw."""

IDS = ("start", "llm", "1717000000001", "if", "it", "end")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from((0.0, -0.0, 1.0, 0.5, float("nan"), float("inf"))),
    st.sampled_from(("", "a", "b", "llm", "{{#llm.text#}}", "two\nlines", "two\nother lines", "$map", "1")),
    st.dates(datetime.date(2020, 1, 1), datetime.date(2020, 1, 3)),
    st.sampled_from((b"", b"\xff")),
)
KEYS = st.one_of(
    st.sampled_from(("id", "name", "variable", "value", "$set", "role", "key")), st.integers(0, 2)
)
SELECTORS = st.sampled_from((("llm", "text"), ("start", "query"), ("sys", "query"), ())).map(list)
VALUES = st.recursive(
    st.one_of(SCALARS, SELECTORS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=5,
)
TYPES = st.sampled_from(("start", "llm", "code", "if-else", "end", "tool", "unheard-of", "iteration"))


@st.composite
def nodes(draw: st.DrawFn) -> Any:
    """A node of a file of unknown origin."""
    if draw(st.integers(0, 11)) == 0:
        return draw(VALUES)
    data: dict[str, Any] = {"type": draw(TYPES), "title": draw(st.sampled_from(("A", "B", "LLM", 3)))}
    data |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "variables": VALUES,
                "prompt_template": st.lists(
                    st.fixed_dictionaries({"role": st.sampled_from(("system", "user")), "text": SCALARS}),
                    max_size=3,
                ),
                "value_selector": SELECTORS,
                "tool_parameters": VALUES,
                "outputs": VALUES,
                "model": VALUES,
            },
        )
    )
    return {
        "id": draw(st.sampled_from((*IDS, 7))),
        "data": data,
        "position": draw(st.sampled_from(({"x": 1, "y": 2}, {"x": 5.5, "y": 2}, None))),
        **({"parentId": draw(st.sampled_from(IDS))} if draw(st.booleans()) else {}),
    }


EDGES = st.one_of(
    st.fixed_dictionaries(
        {"id": st.sampled_from(("e", "f")), "source": st.sampled_from(IDS), "target": st.sampled_from(IDS)},
        optional={"sourceHandle": st.sampled_from(("source", "true", "false")), "data": VALUES},
    ),
    SCALARS,
)
VARIABLES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(("key", "url")), "value": SCALARS},
        optional={"value_type": st.sampled_from(("secret", "string"))},
    ),
    max_size=3,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document whose shape may be wrong anywhere."""
    graph = {
        "nodes": draw(st.lists(nodes(), max_size=4)),
        "edges": draw(st.lists(EDGES, max_size=4)),
        "viewport": draw(VALUES),
    }
    workflow = {"graph": graph, "environment_variables": draw(VARIABLES), "features": draw(VALUES)}
    return {
        "app": {"mode": draw(st.sampled_from(("workflow", "advanced-chat"))), "name": "x"},
        "kind": "app",
        "workflow": draw(st.one_of(*[st.just(workflow)] * 9, VALUES)),
        "dependencies": draw(st.one_of(st.just([]), VALUES)),
    }


@st.composite
def edited(draw: st.DrawFn, document: dict[str, Any], *, most: int = 6) -> dict[str, Any]:
    """A copy of a document with random edits: values set, items removed, added, moved, ids changed."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, most))):
        _edit(draw, made)
    return made


@st.composite
def removed(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """A copy of a document without things that others may refer to: inputs, outputs, nodes, edges."""
    made = copy.deepcopy(document)
    graph = made["workflow"]["graph"]
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(graph["nodes"]))
        found = node["data"]
        match draw(st.sampled_from(("input", "output", "node", "edge", "type"))):
            case "input" if found.get("variables"):
                found["variables"].pop()
            case "output" if isinstance(found.get("outputs"), dict) and found["outputs"]:
                found["outputs"].popitem()
            case "node" if len(graph["nodes"]) > 2:
                graph["nodes"].remove(node)
                graph["edges"] = [
                    edge for edge in graph["edges"] if node["id"] not in (edge["source"], edge["target"])
                ]
            case "edge" if graph["edges"]:
                graph["edges"].remove(draw(st.sampled_from(graph["edges"])))
            case _:
                found["title"] = f"{found.get('title')} too"
    return made


@st.composite
def referring(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """A copy of a document whose nodes refer to more than before: in texts and selectors, by edges."""
    made = copy.deepcopy(document)
    graph = made["workflow"]["graph"]
    for _ in range(draw(st.integers(1, 4))):
        node, other = draw(st.sampled_from(graph["nodes"])), draw(st.sampled_from(graph["nodes"]))
        data, its = node["data"], other["data"]
        names = [item["variable"] for item in its.get("variables") or [] if its.get("type") == "start"]
        names += its["outputs"] if isinstance(its.get("outputs"), dict) else []
        name = draw(st.sampled_from(names or ["text", "output", "result"]))
        match data.get("type"):
            case "answer":
                data["answer"] = f"{data.get('answer', '')} {{{{#{other['id']}.{name}#}}}}"
            case "llm" if data.get("prompt_template") and isinstance(data["prompt_template"], list):
                data["prompt_template"][-1]["text"] += f" {{{{#{other['id']}.{name}#}}}}"
            case "end":
                data.setdefault("outputs", []).append(
                    {"variable": f"more_{name}", "value_selector": [other["id"], name]}
                )
            case "code" | "template-transform" if isinstance(data.get("variables"), list):
                data["variables"].append({"variable": f"v_{name}", "value_selector": [other["id"], name]})
            case _:
                graph["edges"].append(
                    {"id": f"new-{node['id']}-{other['id']}", "source": node["id"], "sourceHandle": "source"}
                    | {"target": other["id"], "targetHandle": "target"}
                )
    return made


def _edit(draw: st.DrawFn, document: dict[str, Any]) -> None:
    holder = _somewhere(draw, document)
    if isinstance(holder, dict) and holder:
        key = draw(st.sampled_from(list(holder)))
        match draw(st.sampled_from(("set", "remove", "add", "text"))):
            case "set":
                holder[key] = draw(VALUES)
            case "remove" if holder is not document:
                del holder[key]
            case "text" if isinstance(holder[key], str):
                holder[key] += draw(st.sampled_from((" more", "\nmore", "{{#llm.text#}}")))
            case _:
                holder[draw(KEYS)] = draw(VALUES)
    elif isinstance(holder, list):
        if not holder:
            holder.append(draw(VALUES))
            return
        at = draw(st.integers(0, len(holder) - 1))
        match draw(st.sampled_from(("remove", "copy", "move", "add"))):
            case "remove":
                del holder[at]
            case "copy":
                holder.append(copy.deepcopy(holder[at]))
            case "move":
                holder.insert(draw(st.integers(0, len(holder) - 1)), holder.pop(at))
            case _:
                holder.insert(at, draw(VALUES))


def _somewhere(draw: st.DrawFn, document: dict[str, Any]) -> Any:
    """A mapping or list at any depth, found by going down."""
    here: Any = document
    for _ in range(draw(st.integers(0, 9))):
        items = list(here.values()) if isinstance(here, dict) else here
        below = [item for item in items if isinstance(item, dict | list)]
        if not below:
            break
        here = draw(st.sampled_from(below))
    return here


def with_new_ids(document: dict[str, Any], start: int = 1_800_000_000_000) -> dict[str, Any]:
    """A copy in which every node has another id, as after a rebuild; references follow everywhere."""
    found = [node["id"] for node in document["workflow"]["graph"]["nodes"]]
    new = {name: str(start + number) for number, name in enumerate(found)}

    def changed(value: Any, key: object = None) -> Any:
        if isinstance(value, dict):
            return {name: changed(item, name) for name, item in value.items()}
        if isinstance(value, list):
            selector = len(value) > 1 and all(isinstance(item, str) for item in value) and value[0] in new
            return [new[value[0]], *value[1:]] if selector else [changed(item) for item in value]
        if isinstance(value, str):
            if key in ("id", "source", "target", "parentId", "iteration_id", "loop_id", "start_node_id"):
                return new.get(value, value)
            return re.sub(r"\{\{#(\w+)\.", lambda hit: "{{#" + new.get(hit[1], hit[1]) + ".", value)
        return value

    made: dict[str, Any] = {**document, "workflow": changed(document["workflow"])}
    return made
