"""Rules about the document as a whole: its version, its kind, its app, its body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.dsl.releases import compare, parse
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_MAX_URL_BYTES = 10 * 1024 * 1024
_MAX_NAME = 255
_ALIAS = re.compile(r"(?:^|[\s,\[{:?])([*&][0-9A-Za-z_-]+)(?=[\s,\]}]|$)", re.MULTILINE)
_KNOWN_KEYS = frozenset(
    [
        "version",
        "kind",
        "app",
        "workflow",
        "model_config",
        "agent",
        "agent_packages",
        "dependencies",
        "rag_pipeline",
        "snippet",
        "rag_pipeline_variables",
    ]
)
_GRAPH_MODES = ("workflow", "advanced-chat")
_EASY_MODES = ("chat", "agent-chat", "completion")


@rule("doc-version-type", severity="error", fix="safe")
def doc_version_type(view: View) -> Iterator[Found]:
    """The version is no text.

    What it does:
        Finds a `version` that YAML reads as a number: `0.1` is one, `0.1.5` is not.

    Why is it bad:
        Dify refuses the import: "Invalid version type, expected str, got <class 'float'>".

    Example:
        ```yaml
        version: 0.1
        ```

    Use instead:
        ```yaml
        version: '0.1'
        ```

    Fix safety:
        Safe: the same version in quotes.

    Dify:
        Every release (`AppDslService.import_app`).
    """
    version = view.data.get("version")
    if version and not isinstance(version, str):
        fix = None
        if isinstance(version, int | float) and not isinstance(version, bool):
            fix = Fix("Put the version in quotes", ((("version",), str(version)),))
        yield Found(
            ("version",), f"version {version!r} is no text, and Dify refuses the import; quote it", fix=fix
        )


@rule("doc-version-format", severity="error", fix="unsafe")
def doc_version_format(view: View) -> Iterator[Found]:
    """The version is none that Dify can compare.

    What it does:
        Finds a `version` that is no version number, such as `latest`.

    Why is it bad:
        Dify answers the import with the status `failed`. Some releases create the app nevertheless.

    Example:
        ```yaml
        version: latest
        ```

    Use instead:
        ```yaml
        version: 0.5.0
        ```

    Fix safety:
        Unsafe: without a version the file is read as one of 0.1.0.

    Dify:
        Every release (`check_version_compatibility`; recorded at 0.15.3 and 1.12.1).
    """
    version = view.data.get("version")
    if version and isinstance(version, str) and parse(version) is None:
        fix = Fix(
            "Write 0.1.0, as which Dify reads a file without a version", ((("version",), "0.1.0"),), False
        )
        yield Found(
            ("version",), f"{version!r} is no version number; Dify answers the import with failed", fix=fix
        )


@rule("doc-version-newer", severity="warning")
def doc_version_newer(view: View) -> Iterator[Found]:
    """The document is of a newer version than the target.

    What it does:
        Compares the version with that of the releases given with `--target`.

    Why is it bad:
        The import waits for a confirmation (status `pending`), and what the older Dify does not know is lost
        or fails.

    Example:
        ```yaml
        version: 0.6.0   # --target dify-1.12, which writes 0.5.0
        ```

    Use instead:
        `difyflow migrate app.yml --to dify-1.12`, which names everything that is in the way.

    Dify:
        Every release (`check_version_compatibility`).
    """
    version = view.data.get("version")
    if view.kind != "app" or not isinstance(version, str) or parse(version) is None:
        return
    if compare(version, view.target.releases.dsl) == "pending":
        yield Found(
            ("version",),
            f"the document is of version {version}, and the target writes {view.target.releases.dsl}: "
            "the import waits for a confirmation",
        )


@rule("doc-version-older", severity="info")
def doc_version_older(view: View) -> Iterator[Found]:
    """The document is of an older version than the target.

    What it does:
        Compares the version with that of the releases given with `--target`.

    Why is it bad:
        It is not: the import answers `completed-with-warnings`. Some things have other defaults today.

    Example:
        ```yaml
        version: 0.1.5   # --target dify-1.12, which writes 0.5.0
        ```

    Use instead:
        `difyflow migrate app.yml --to dify-1.12`.

    Dify:
        Every release (`check_version_compatibility`).
    """
    version = view.data.get("version")
    if view.kind != "app" or not isinstance(version, str) or parse(version) is None:
        return
    if compare(version, view.target.releases.dsl) == "completed-with-warnings":
        yield Found(
            ("version",),
            f"the document is of version {version}, and the target writes {view.target.releases.dsl}: "
            "the import answers completed-with-warnings",
        )


@rule("doc-version-missing", severity="warning")
def doc_version_missing(view: View) -> Iterator[Found]:
    """The document has no version.

    What it does:
        Finds documents without `version`.

    Why is it bad:
        Dify reads them as 0.1.0, the oldest, and so does this linter: what only some releases refuse is not
        found.

    Example:
        ```yaml
        app: {name: Sorter, mode: workflow}
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        version: 0.5.0
        ```

    Dify:
        Every release (`AppDslService.import_app`).
    """
    if not view.data.get("version"):
        yield Found(
            ("version",), "no version: Dify reads the document as one of 0.1.0; write the one it is of"
        )


@rule("doc-kind", severity="warning", fix="safe")
def doc_kind(view: View) -> Iterator[Found]:
    """The kind is missing, or not the one of the document.

    What it does:
        Finds a `kind` that does not go with the key `app`, `rag_pipeline` or `snippet` of the document.

    Why is it bad:
        Dify sets it silently; other tools may pass the file by. A snippet is refused.

    Example:
        ```yaml
        app: {name: Sorter, mode: workflow}
        kind: workflow
        ```

    Use instead:
        ```yaml
        app: {name: Sorter, mode: workflow}
        kind: app
        ```

    Fix safety:
        Safe: Dify sets the same.

    Dify:
        Every release (`AppDslService.import_app`); `SnippetDslService.import_snippet` refuses.
    """
    kind = view.data.get("kind")
    if kind != view.kind and view.data.get(view.kind):
        fix = Fix(f"Set the kind to {view.kind}", ((("kind",), view.kind),))
        said = f"kind {kind!r} is not that of the document" if kind else "no kind"
        yield Found(("kind",), f"{said}; Dify reads it as {view.kind}", fix=fix)


@rule("doc-size", severity="warning")
def doc_size(view: View) -> Iterator[Found]:
    """The document is too large to be imported by its URL.

    What it does:
        Finds texts of more than 10 MiB.

    Why is it bad:
        An import by URL refuses it; one by text goes on, slowly.

    Example:
        A knowledge text of 12 MB in the default of an input.

    Use instead:
        Keep large texts in a knowledge base or in a file input.

    Dify:
        Every release (`DSL_MAX_SIZE`).
    """
    if len(view.text) > _MAX_URL_BYTES // 4 and len(view.text.encode()) > _MAX_URL_BYTES:
        yield Found((), "the document has more than 10 MiB, and Dify imports no larger one by its URL")


@rule("doc-unknown-key", severity="info")
def doc_unknown_key(view: View) -> Iterator[Found]:
    """A key of the document is none that Dify reads.

    What it does:
        Finds keys at the top of the document that no release reads.

    Why is it bad:
        Dify passes them over; a mistyped key is a missing one.

    Example:
        ```yaml
        dependancies: []
        ```

    Use instead:
        ```yaml
        dependencies: []
        ```

    Dify:
        Every release.
    """
    for key in view.data:
        if key not in _KNOWN_KEYS:
            yield Found((key,), f"Dify does not read the key {key!r}")


@rule("doc-alias", severity="warning")
def doc_alias(view: View) -> Iterator[Found]:
    """The document has YAML anchors or aliases.

    What it does:
        Finds `&name` and `*name`.

    Why is it bad:
        Dify reads them, but its exports have none: the text changes as soon as it passes through Dify, and
        other tools may refuse it.

    Example:
        ```yaml
        model: &model {provider: openai, name: gpt-4o, mode: chat}
        ```

    Use instead:
        Write the part out at each place.

    Dify:
        Every release (`yaml.safe_load`).
    """
    marks = (
        {match[1] for match in _ALIAS.finditer(view.text)} if "&" in view.text and "*" in view.text else ()
    )
    pairs = [name for name in marks if name[0] == "*" and f"&{name[1:]}" in marks]
    if pairs:
        yield Found(
            (), f"{min(pairs)} is a YAML alias; exports of Dify have none, so write it out", text=min(pairs)
        )


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
