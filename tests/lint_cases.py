"""Documents for the tests of lint rules, written short; the case files in `tests/cases/lint` use this form.

A case file `<rule id>.yml` has the lists `pass` and `fail`. A case is a mapping with some of these keys:

    target: dify-1.12            the releases it is judged for; default: the version of the document, 0.5.0
    text: |                      the document as text, or
    document: {...}              as data, or by parts:
      mode, version, features    (mode: workflow)
      app, top                   more keys of `app` and of the document
      environment, conversation  lists of variables
      nodes:                     data of nodes; `id`, `in` (the container), `envelope` go into the envelope
      edges: [a > b, "a:true > b"]
    finds: [{node, field, severity, line, message}]
                                 what must be found at least; default: something
    fixed: {...}                 the same keys as the case: what `--fix` (or `--unsafe-fixes`) makes of it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from difyflow.dsl import _yaml

_ENVELOPES = {
    "iteration-start": "custom-iteration-start",
    "loop-start": "custom-loop-start",
    "loop-end": "custom-simple",
}
_VARIABLES = {"environment": "environment_variables", "conversation": "conversation_variables"}


def text_of(case: Mapping[str, Any]) -> str:
    """The document of a case as text."""
    return str(case["text"]) if "text" in case else _yaml.dump(data_of(case))


def data_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a case that is not written as text."""
    if "document" not in case:
        return document(case)
    found = case["document"]
    assert isinstance(found, dict)
    return found


def document(case: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a case that is written by parts."""
    nodes = [_node(dict(item)) for item in case.get("nodes", ())]
    workflow: dict[str, Any] = {
        "graph": {
            "nodes": nodes,
            "edges": [_edge(item, index) for index, item in enumerate(case.get("edges", ()))],
        },
        "features": case.get("features", {}),
    }
    for key, name in _VARIABLES.items():
        workflow[name] = case.get(key, [])
    made = {
        "app": {"name": "Case", "mode": case.get("mode", "workflow"), **case.get("app", {})},
        "kind": "app",
        "version": case.get("version", "0.5.0"),
        "workflow": workflow,
    }
    return {**made, **case.get("top", {})}


def _node(data: dict[str, Any]) -> dict[str, Any]:
    envelope: dict[str, Any] = {"id": data.pop("id"), "type": _ENVELOPES.get(data.get("type", ""), "custom")}
    home = data.pop("in", None)
    if home is not None:
        envelope["parentId"] = home
    envelope |= data.pop("envelope", {})
    data.setdefault("title", str(envelope["id"]))
    return {"position": {"x": 0, "y": 0}, "data": data, **envelope}


def _edge(item: str | dict[str, Any], index: int) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    source, target = (part.strip() for part in item.split(">"))
    source, _, handle = source.partition(":")
    return {
        "id": f"e{index}",
        "source": source,
        "sourceHandle": handle or "source",
        "target": target,
        "targetHandle": "target",
        "type": "custom",
    }
