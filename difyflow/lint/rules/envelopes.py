"""Rules about how the editor shows a node: its envelope, its title, the text of a note."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from difyflow.lint._consequence import when_built
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.nodes._base import UnknownNode

_GRAPH = ("workflow", "graph")
_PLACEHOLDERS = ("start-placeholder", "datasource-empty")
_FARTHEST = 50


@rule("node-envelope", severity="warning", fix="safe")
def node_envelope(view: View) -> Iterator[Found]:
    """The envelope of a node does not go with its type.

    What it does:
        Compares the envelope's `type` with that which the editor writes for the node type: `custom` for all
        but notes and the start nodes of containers.

    Why is it bad:
        The editor draws such a node as an empty box or not at all, and its checklist passes it by. The engine
        does not care.

    Example:
        ```yaml
        nodes: [{id: ask, type: llm, data: {type: llm}}]
        ```

    Use instead:
        ```yaml
        nodes: [{id: ask, type: custom, data: {type: llm}}]
        ```

    Fix safety:
        Safe: it is what the editor writes.

    Dify:
        Every release (`workflow/index.tsx`, `nodeTypes`).
    """
    for node in view.nodes:
        if not node.kind or isinstance(node.data, UnknownNode) or "type" not in node.envelope:
            continue
        wanted, found = node.data.ENVELOPE, node.envelope.get("type")
        if found != wanted:
            place = (*node.path, "type")
            fix = Fix(f"Set the envelope to {wanted}", ((place, wanted),))
            yield Found(
                place, f"the editor draws no envelope {found!r}; for {node.kind} it is {wanted}", fix=fix
            )


@rule("node-title", severity="error", until="1.12", fix="safe")
def node_title(view: View) -> Iterator[Found]:
    """A node has no title.

    What it does:
        Finds nodes whose data has no `title`, or one that is no text. An empty one is a title.

    Why is it bad:
        The node cannot be built: "title Field required".

    Example:
        ```yaml
        data: {type: start, variables: []}
        ```

    Use instead:
        ```yaml
        data: {type: start, title: Start, variables: []}
        ```

    Fix safety:
        Safe: the title is the type of the node; only people read it.

    Dify:
        Up to 1.12 (`BaseNodeData`); later ones take an empty title.
    """
    for node in view.nodes:
        if node.kind and not isinstance(node.raw.get("title"), str):
            place = node.at("title")
            fix = Fix(f"Call it {node.kind}", ((place, node.kind),))
            text = f"the {node.kind} node has no title, and Dify up to 1.12 cannot build it"
            yield Found(place, text, fix=fix, severity=when_built(view, node))


@rule("note-text", severity="warning")
def note_text(view: View) -> Iterator[Found]:
    """The text of a note is not what the editor writes.

    What it does:
        Finds notes whose `text` is neither empty nor the JSON of a Lexical editor.

    Why is it bad:
        The editor shows the note empty, or breaks.

    Example:
        ```yaml
        {type: custom-note, data: {type: '', text: Remember this}}
        ```

    Use instead:
        `note(text=lexical("Remember this"))` in a flow, or an empty text and the editor.

    Dify:
        Every release with notes (0.6.11 on).
    """
    for node in view.all_nodes:
        text = node.raw.get("text")
        if not node.is_note or not text:
            continue
        try:
            fits = isinstance(json.loads(text)["root"], dict)
        except (ValueError, TypeError, KeyError, RecursionError):
            fits = False
        if not fits:
            yield Found(
                node.at("text"), "this is no text of the note editor (Lexical JSON), which shows nothing"
            )


@rule("node-title-duplicate", severity="info")
def node_title_duplicate(view: View) -> Iterator[Found]:
    """Two nodes have the same title.

    What it does:
        Finds nodes whose type and title another one has too.

    Why is it bad:
        Logs and the editor's lists of variables tell them by the title.

    Example:
        ```yaml
        nodes: [{id: a, data: {type: llm, title: LLM}}, {id: b, data: {type: llm, title: LLM}}]
        ```

    Use instead:
        Titles that say what the nodes do.

    Dify:
        Every release.
    """
    titles = Counter(
        (node.kind, node.raw["title"]) for node in view.nodes if isinstance(node.raw.get("title"), str)
    )
    for node in view.nodes:
        title = node.raw.get("title")
        if isinstance(title, str) and title and titles[node.kind, title] > 1:
            yield Found(node.at("title"), f"{titles[node.kind, title]} nodes have the title {title!r}")
