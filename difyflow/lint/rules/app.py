"""Rules about the app of a document: its mode, its name, its icon, its body."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_MAX_NAME = 255
_GRAPH_MODES = ("workflow", "advanced-chat")
_EASY_MODES = ("chat", "agent-chat", "completion")


@rule("app-missing", severity="error")
def app_missing(view: View) -> Iterator[Found]:
    """The document has no `app`.

    What it does:
        Finds documents whose key `app` is missing, empty or no mapping.

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
    if view.kind != "app":
        return
    app = view.data.get("app")
    if not app:
        yield Found(
            ("app",), "`app` is missing or empty, and Dify refuses the import; it needs a name and a mode"
        )
    elif not isinstance(app, dict):
        yield Found(("app",), "`app` is no mapping, and Dify refuses the import; it needs a name and a mode")


@rule("app-mode", severity="error")
def app_mode(view: View) -> Iterator[Found]:
    """The mode is missing, or none that Dify imports.

    What it does:
        Finds an `app.mode` that the target does not know. `agent` came with DSL 0.7.0.

    Why is it bad:
        Dify refuses the import: "loss app mode", "'flow' is not a valid AppMode".

    Example:
        ```yaml
        app: {name: Sorter, mode: flow}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        ```

    Dify:
        Every release (`_create_or_update_app`; recorded at 0.15.3 and 1.12.1).
    """
    if view.kind != "app" or not view.app:
        return
    known = [*_GRAPH_MODES, *_EASY_MODES]
    mode = view.app.get("mode")
    if mode == "agent" and not view.holds(until="1.15"):
        return
    if mode not in known:
        said = f"{mode!r} is no mode that Dify imports" if mode else "no mode"
        yield Found(("app", "mode"), f"{said}, and the import is refused; it has: {', '.join(known)}")


@rule("app-name", severity="warning")
def app_name(view: View) -> Iterator[Found]:
    """The app has no name.

    What it does:
        Finds an empty `app.name`.

    Why is it bad:
        The app is imported without a name and is hard to find.

    Example:
        ```yaml
        app: {mode: workflow}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        ```

    Dify:
        Every release.
    """
    if view.app and not view.app.get("name"):
        yield Found((view.kind, "name"), "the app has no name")


@rule("app-name-length", severity="error", until="1.15")
def app_name_length(view: View) -> Iterator[Found]:
    """The name has more than 255 characters.

    What it does:
        Measures `app.name`.

    Why is it bad:
        The database refuses it, and the import answers HTTP 500 or 400.

    Example:
        A whole description as the name.

    Use instead:
        A short `name`; the rest belongs into `description`.

    Dify:
        Recorded at 1.12.1 and 1.15 ("value too long for type character varying(255)").
    """
    name = view.app.get("name")
    if view.kind == "app" and isinstance(name, str) and len(name) > _MAX_NAME:
        yield Found(("app", "name"), f"the name has {len(name)} characters; more than 255 are refused")


@rule("app-icon-type", severity="warning")
def app_icon_type(view: View) -> Iterator[Found]:
    """The type of the icon is none that Dify knows.

    What it does:
        Finds an `app.icon_type` other than `emoji`, `image` and `link`.

    Why is it bad:
        Dify takes it for an emoji.

    Example:
        ```yaml
        app: {name: Sorter, mode: workflow, icon_type: svg, icon: logo.svg}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow, icon_type: emoji, icon: 🤖}
        ```

    Dify:
        Every release with `icon_type` (`_create_or_update_app`).
    """
    kind = view.app.get("icon_type")
    if kind is not None and kind not in ("emoji", "image", "link"):
        yield Found(
            (view.kind, "icon_type"), f"icon_type {kind!r} is read as emoji; it has: emoji, image, link"
        )


@rule("app-image-icon", severity="warning")
def app_image_icon(view: View) -> Iterator[Found]:
    """The icon is a file of the server that the document was exported from.

    What it does:
        Finds apps with `icon_type: image`.

    Why is it bad:
        The icon is the id of an uploaded file; on another server it shows nothing.

    Example:
        ```yaml
        app: {name: Sorter, mode: workflow, icon_type: image, icon: 0f3a7c1e-...}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow, icon_type: emoji, icon: 🤖}
        ```

    Dify:
        Every release with `icon_type`.
    """
    if view.app.get("icon_type") == "image":
        yield Found((view.kind, "icon"), "the icon is a file of the exporting server and does not travel")


@rule("body-missing", severity="error")
def body_missing(view: View) -> Iterator[Found]:
    """The body that goes with the mode is missing.

    What it does:
        Finds apps of the modes `workflow` and `advanced-chat` without a `workflow`, and of `chat`,
        `agent-chat` and `completion` without a `model_config`.

    Why is it bad:
        Dify refuses the import: "Missing workflow data for workflow/advanced chat app".

    Example:
        ```yaml
        app: {name: Sorter, mode: workflow}
        graph: {nodes: [], edges: []}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        workflow: {graph: {nodes: [], edges: []}}
        ```

    Dify:
        Every release (`_create_or_update_app`).
    """
    key = "model_config" if view.mode in _EASY_MODES else "workflow" if view.has_graph else None
    if key is None:
        return
    body = view.data.get(key)
    if not body or not isinstance(body, dict):
        said = "is missing or empty" if not body else "is no mapping"
        yield Found((key,), f"`{key}` {said}, and Dify refuses the import of an app of mode {view.mode}")


@rule("body-mismatch", severity="warning")
def body_mismatch(view: View) -> Iterator[Found]:
    """The document has a body that its mode does not read.

    What it does:
        Finds a `workflow` in the modes that read `model_config`, and the other way round.

    Why is it bad:
        Dify passes it over: half of the file has no effect, or the mode is wrong.

    Example:
        ```yaml
        app: {name: Sorter, mode: chat}
        workflow: {graph: {nodes: [...]}}
        model_config: {...}
        ```

    Use instead:
        The mode that goes with the body: `workflow` or `advanced-chat` for a graph.

    Dify:
        Every release.
    """
    other = "workflow" if view.mode in _EASY_MODES else "model_config" if view.mode in _GRAPH_MODES else None
    if other is not None and view.data.get(other):
        yield Found((other,), f"an app of mode {view.mode} does not read `{other}`")
