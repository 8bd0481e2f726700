"""Rules about the document as a whole: its version, its kind, its app."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View


@rule("app-missing", severity="error")
def app_missing(view: View) -> Iterator[Found]:
    """The document has no `app`.

    What it does:
        Finds documents whose key `app` is missing or empty.

    Why is it bad:
        Dify refuses the import: "Missing app data in YAML content".

    Example:
        ```yaml
        kind: app
        workflow: {graph: {nodes: [], edges: []}}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        kind: app
        workflow: {graph: {nodes: [], edges: []}}
        ```

    Dify:
        Every release (`AppDslService.import_app`; recorded at 0.15.3, 1.12.1, 1.15).
    """
    if view.kind == "app" and not view.data.get("app"):
        yield Found(
            ("app",), "`app` is missing or empty, and Dify refuses the import; it needs a name and a mode"
        )
