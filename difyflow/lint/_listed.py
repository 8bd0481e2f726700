"""The environment and conversation variables of a document, as the rules about them go through them."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.view import Plain, View

LISTS = (("environment_variables", "environment"), ("conversation_variables", "conversation"))
"""The lists of `workflow`, and what their variables are called in messages."""


def variables(view: View, *keys: str) -> Iterator[tuple[str, str, tuple[str | int, ...], Plain]]:
    """(list, what it is called, place, variable) of every variable that is a mapping."""
    if not view.has_graph or view.kind != "app":
        return
    for key, word in LISTS:
        found = view.workflow.get(key)
        if not isinstance(found, list) or (keys and key not in keys):
            continue
        for index, item in enumerate(found):
            if isinstance(item, dict):
                yield key, word, ("workflow", key, index), item
