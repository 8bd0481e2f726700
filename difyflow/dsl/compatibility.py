"""A file seen from all Dify releases: who imports it and how, and what in it needs which."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from difyflow.dsl import _yaml
from difyflow.dsl.app import App
from difyflow.dsl.imports import Answer, answers
from difyflow.dsl.releases import NO_VERSION, Releases, needs, releases_of
from difyflow.errors import ReadError
from difyflow.nodes._record import READING, Newcomer, numbers


@dataclass(frozen=True, slots=True)
class Report:
    """What `examine` found.

    Attributes:
        file: its name.
        version: its DSL version as it stands there; None if there is none, or no text.
        kind: app, rag_pipeline or snippet; empty if it cannot be told.
        mode: `app.mode`.
        app: the document, if it is one.
        answers: what each group of releases answers to an import as an app, the oldest first.
        needs: what in it needs a newer Dify than 0.6.0, the newest last.
    """

    file: str
    version: str | None
    kind: str
    mode: str
    app: App | None
    answers: tuple[Answer, ...]
    needs: tuple[Newcomer, ...]

    @property
    def written_by(self) -> tuple[Releases, ...]:
        """The releases that write this DSL version; pipelines and snippets count versions of their own."""
        return releases_of(self.version or NO_VERSION) if self.kind == "app" else ()

    @property
    def runs_since(self) -> str | None:
        """The first release that knows everything in it; None if all do."""
        return self.needs[-1].since if self.needs else None

    def unknown_to(self, releases: Releases) -> tuple[Newcomer, ...]:
        """What in it even the last of these releases does not know."""
        return tuple(item for item in self.needs if numbers(item.since) > releases.highest)

    def place(self, item: Newcomer) -> str:
        """Where it is, in words: the node, or the path."""
        path = item.path
        if self.app is not None and path[:3] == ("workflow", "graph", "nodes") and isinstance(path[3], int):
            node = self.app.nodes[path[3]]
            return f'node {node.id} "{node.data.title}"' if node.data.title else f"node {node.id}"
        return ".".join(str(part) for part in path)


def examine(source: str | bytes, *, name: str, max_bytes: int = _yaml.MAX_BYTES) -> Report:
    """Looks at a file as Dify's importers do; it need not be one that they take.

    Args:
        source: the text, or its UTF-8 bytes.
        name: its name, for messages.
        max_bytes: size above which nothing is parsed.
    """
    data: object = None
    try:
        data = _yaml.compose(source, name=name, max_bytes=max_bytes).data
        app = App.model_validate(data, context=READING) if isinstance(data, dict) else None
    except (ReadError, ValidationError):
        app = None
    found = answers(source, name=name)
    kind = next((key for key in ("rag_pipeline", "snippet", "app") if app and getattr(app, key)), "")
    return Report(
        file=name,
        version=app.version if app else None,
        kind=kind,
        mode=app.mode if app else "",
        app=app,
        answers=found,
        needs=needs(app) if app else (),
    )
