"""Rules about references in text: what looks like one and is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.lint._consequence import when_run
from difyflow.lint._names import listed
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.nodes._templates import template_texts
from difyflow.terms.selector import PLACEHOLDER

_LOOKALIKE = re.compile(
    r"\{\{\s*#\s*([^{}#\n]{1,200}?)\s*#\s*\}\}|\{\{#([^{}#\n]{1,200}?)\}\}|\{\{([^{}#\n]{1,200}?)#\}\}"
    r"|\{\{#([^{}#\n]{1,200}?)#\}(?!\})|(?<!\{)\{#([^{}#\n]{1,200}?)#\}\}?"
)
_SPECIAL = frozenset(("context", "histories", "query", "url"))
_BARE = re.compile(r"\{\{\s*([A-Za-z_][\w.]{0,80})\s*\}\}")
_PATH = re.compile(r"[^\s.#{}]+(?:\.[^\s.#{}]+)+")


@rule("ref-placeholder", severity="error", fix="unsafe")
def ref_placeholder(view: View) -> Iterator[Found]:
    """A text has what looks like a reference and is none.

    What it does:
        Finds `{{# node.name #}}` with blanks, a hyphen or other signs in a node id, names of more than 30
        signs or that begin with a digit, a missing `#` or brace.

    Why is it bad:
        The engine leaves it in the text as it stands, braces and all, though the editor shows a reference. An
        error if it names a variable that exists.

    Example:
        ```yaml
        text: 'Summarise {{#my-node.text#}}'
        ```

    Use instead:
        ```yaml
        text: 'Summarise {{#my_node.text#}}'   # and the id of the node likewise
        ```

    Fix safety:
        Unsafe: only blanks and missing signs are mended; the text then changes when it runs.

    Dify:
        Every release (`VARIABLE_PATTERN`, graphon `VariableTemplateParser`).
    """
    for node in view.nodes:
        for path, text in template_texts(node.data):
            if "{" not in text or "#" not in text:
                continue
            for match in _LOOKALIKE.finditer(text):
                words = match[0]
                if PLACEHOLDER.fullmatch(words):
                    continue
                inner = next(part for part in match.groups() if part is not None).strip()
                said = _wrong(view, node, words, inner)
                if said is not None:
                    message, mended, severity = said
                    fix = None
                    if mended is not None:
                        made = text[: match.start()] + mended + text[match.end() :]
                        fix = Fix(f"Write {mended}", ((node.at(*path), made),), safe=False)
                    yield Found(
                        node.at(*path), message, fix=fix, severity=severity, text=words, start=match.start()
                    )


def _wrong(
    view: View, node: NodeView, words: str, inner: str
) -> tuple[str, str | None, Severity | None] | None:
    """What is wrong with a lookalike, how it is mended, and how bad it is; None if it is no reference."""
    if inner in _SPECIAL or inner.startswith(("$output.", "rag.")):
        return None  # a datasource has a pattern of its own, in which a part may begin with a digit
    if inner in view.by_id and words.startswith("{{") and words.endswith("}}") and words.count("#") == 2:
        known = listed(view.outputs(view.by_id[inner])) or "none"
        why = f"it names a node and none of its outputs, which are: {known}"
        return f"{words} is left in the text as it stands: {why}", None, when_run(view, node)
    if not _PATH.fullmatch(inner):
        return None
    if "{{" not in words and "}}" not in words and not _exists(view, inner):
        return None  # {#part.one#} is a sign of other languages, too
    mended = f"{{{{#{inner}#}}}}"
    if PLACEHOLDER.fullmatch(mended):
        real = _exists(view, inner)
        return (
            f"{words} is left in the text as it stands; write {mended}",
            mended,
            None if real else "warning",
        )
    root, _, _ = inner.partition(".")
    real = root in view.by_id
    why = "a node id in text has letters, digits and _ only, at most 50"
    if re.fullmatch(r"[A-Za-z0-9_]{1,50}", root):
        why = "a name in text begins with a letter or _, has letters, digits and _ only, and at most 30"
    harm: Severity | None = None if real and view.is_reached(node) else "warning"
    return f"{words} is left in the text as it stands: {why}", None, harm


def _exists(view: View, inner: str) -> bool:
    return inner.partition(".")[0] in (*view.by_id, "sys", "env", "conversation")


@rule("ref-braces", severity="warning")
def ref_braces(view: View) -> Iterator[Found]:
    """A text has a variable in plain braces where Dify wants `{{#...#}}`.

    What it does:
        Finds `{{name}}` and `{{node.name}}` in fields that resolve `{{#node.name#}}`, where the name is that
        of a node or of an input. Jinja2 texts are left alone.

    Why is it bad:
        It stays in the text as it is.

    Example:
        ```yaml
        text: 'Answer {{question}}'
        ```

    Use instead:
        ```yaml
        text: 'Answer {{#start.question#}}'
        ```

    Dify:
        Every release.
    """
    inputs = {name: node.id for node in view.of("start") for name in view.outputs(node)}
    for node in view.nodes:
        for path, text in template_texts(node.data):
            if "{{" not in text:
                continue
            for match in _BARE.finditer(text):
                wanted = _meant(view, match[1], inputs)
                if wanted is not None:
                    said = f"{match[0]} is left in the text as it stands; for the variable write {wanted}"
                    yield Found(node.at(*path), said, text=match[0], start=match.start())


def _meant(view: View, name: str, inputs: dict[str, str]) -> str | None:
    """The reference that bare braces seem to mean."""
    root, _, rest = name.partition(".")
    if rest:
        return f"{{{{#{name}#}}}}" if root in view.by_id or root in ("sys", "env", "conversation") else None
    return f"{{{{#{inputs[name]}.{name}#}}}}" if name in inputs else None
