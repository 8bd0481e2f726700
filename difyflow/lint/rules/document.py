"""Rules about the document as a whole: its version, its kind, its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.dsl.releases import compare, parse
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_MAX_URL_BYTES = 10 * 1024 * 1024
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


def _import_answer(view: View) -> tuple[str, str | None]:
    """The version, and what an import answers to it; None where no version decides that."""
    version = view.data.get("version")
    if view.kind != "app" or not isinstance(version, str) or parse(version) is None:
        return "", None
    return version, compare(version, view.target.releases.dsl)


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
    version, answer = _import_answer(view)
    if answer == "pending":
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
    version, answer = _import_answer(view)
    if answer == "completed-with-warnings":
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
