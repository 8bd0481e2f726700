"""Rules about what a code node runs, and with what."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint import _sandbox
from difyflow.lint._code import at_line, language, sources
from difyflow.lint._consequence import when_built, when_run
from difyflow.lint._python import Main, Spot
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View

_ALIASES = {
    "python": "python3",
    "py": "python3",
    "python2": "python3",
    "js": "javascript",
    "nodejs": "javascript",
}


@rule("code-language", severity="error", fix="safe")
def codelanguage(view: View) -> Iterator[Found]:
    """The language of a code node is none that Dify knows.

    What it does:
        Finds code nodes whose `code_language` is neither `python3` nor `javascript`.

    Why is it bad:
        Dify cannot build the node: from 1.9 on no run begins, before that each one fails at this node. The
        spelling `python` is by far the commonest fault of files that were written by a generator.

    Example:
        ```yaml
        code_language: python
        ```

    Use instead:
        ```yaml
        code_language: python3
        ```

    Fix safety:
        Safe: `python` and `py` become `python3`, `js` and `nodejs` become `javascript`.

    Dify:
        Every release (`CodeNodeData`; recorded at 0.15.3 and 1.12.1).
    """
    for node in view.of("code"):
        value = node.raw.get("code_language")
        if isinstance(value, str) and value not in ("python3", "javascript"):
            better = _ALIASES.get(value.lower())
            place = node.at("code_language")
            yield Found(
                place,
                f"{value!r} is no language of code: Dify cannot build the node; write python3 or javascript",
                fix=Fix(f"Write {better}", ((place, better),)) if better else None,
                severity=when_built(view, node),
            )


@rule("code-empty", severity="error")
def code_empty(view: View) -> Iterator[Found]:
    r"""A code node has no code.

    What it does:
        Finds code nodes whose `code` is empty.

    Why is it bad:
        The sandbox calls a function `main` that does not exist, and the run fails.

    Example:
        ```yaml
        code: ''
        ```

    Use instead:
        ```yaml
        code: "def main(text: str) -> dict:\n    return {'result': text}\n"
        ```

    Dify:
        Every release (`python3_transformer.py`; the editor marks the node red, too).
    """
    for node in view.of("code"):
        code = node.raw.get("code")
        if isinstance(code, str) and not code.strip():
            yield Found(
                node.at("code"),
                "there is no code, and the sandbox finds no `main`; define one that returns a dictionary",
                severity=when_run(view, node),
            )


@rule("code-syntax", severity="error")
def code_syntax(view: View) -> Iterator[Found]:
    r"""The code of a code node cannot be parsed.

    What it does:
        Parses Python, and with `difyflow[javascript]` installed JavaScript; without it JavaScript is not
        looked at. For releases whose sandbox has Python 3.10 (up to Dify 1.12) it also finds what only newer
        Pythons take, such as quotes of the same kind inside of an f-string.

    Why is it bad:
        The sandbox answers with a SyntaxError, and the run fails.

    Example:
        ```yaml
        code: "def main(text)\n    return {'result': text}"
        ```

    Use instead:
        ```yaml
        code: "def main(text):\n    return {'result': text}"
        ```

    Dify:
        Every release. What only a newer Python takes is an error up to 1.12 and a warning for targets that
        may have either sandbox.
    """
    for node, source in sources(view):
        if source.fault is not None:
            yield at_line(view, node, source.fault, f"this is no {language(node)}: {source.fault.message}")
        elif source.newer is not None and not view.holds("1.14.0"):
            said = f"{source.newer.message}: the sandbox's Python 3.10 refuses it (Dify up to 1.12)"
            milder: Severity | None = None if view.holds(until="1.12") else "warning"
            yield at_line(view, node, source.newer, said, milder)


@rule("code-main", severity="error")
def code_main(view: View) -> Iterator[Found]:
    r"""A code node does not define the function `main`.

    What it does:
        Finds code without a function `main` on its top level, and a `main` that is asynchronous or yields,
        which gives no dictionary. Code that may get its `main` some other way is left alone.

    Why is it bad:
        Dify calls `main` and nothing else: without it the run fails.

    Example:
        ```yaml
        code: "def run(text):\n    return {'result': text}"
        ```

    Use instead:
        ```yaml
        code: "def main(text):\n    return {'result': text}"
        ```

    Dify:
        Every release (`python3_transformer.py`, `javascript_transformer.py`).
    """
    for node, source in sources(view):
        if source.fault is not None or source.hidden:
            continue
        if source.main is None:
            if str(node.raw.get("code")).strip():
                message = "there is no function `main`, which is what the sandbox calls; rename yours to main"
                yield Found(node.at("code"), message, severity=when_run(view, node))
        elif source.main.is_async or source.main.yields:
            what = "is asynchronous" if source.main.is_async else "yields"
            message = f"`main` {what}, so it gives no dictionary, and the run fails; make it a plain function"
            yield at_line(view, node, Spot(message, source.main.line), message)


@rule("code-parameters", severity="error")
def code_parameters(view: View) -> Iterator[Found]:
    r"""The parameters of `main` are not the input variables of the node.

    What it does:
        Compares the parameters of `main` with the names in `variables`. In JavaScript, which gets them as one
        object, it compares the names that `main` takes out of it.

    Why is it bad:
        Dify calls `main` with the variables by name: Python raises a TypeError for one that is missing or
        unknown, and the run fails. JavaScript goes on with `undefined`, which is why that is a warning.

    Example:
        ```yaml
        variables: [{variable: text, value_selector: [start, text]}]
        code: "def main(txt):\n    return {'result': txt}"
        ```

    Use instead:
        ```yaml
        variables: [{variable: text, value_selector: [start, text]}]
        code: "def main(text):\n    return {'result': text}"
        ```

    Dify:
        Every release (`main(**inputs_obj)`; recorded at 0.15.3 and 1.12.1: "main() missing 1 required
        positional argument").
    """
    for node, source in sources(view):
        main = source.main
        listed = node.raw.get("variables")
        if main is None or not isinstance(listed, list):
            continue
        names = [item.get("variable") for item in listed if isinstance(item, dict)]
        milder = "warning" if language(node) == "JavaScript" else when_run(view, node)
        yield from _missing(node, main, names, milder)
        yield from _unknown(node, main, names, milder)


def _missing(node: NodeView, main: Main, names: list[object], milder: Severity | None) -> Iterator[Found]:
    is_python = language(node) == "Python"
    for name in main.required if is_python or main.takes_any else sorted(main.accepts):
        if name in main.positional:
            message = f"`main` takes {name!r} by position only, and Dify gives its variables by name"
            yield Found(node.at("code"), message, text=name, severity=milder)
        elif name not in names:
            known = ", ".join(str(item) for item in names) or "none"
            message = f"`main` wants {name!r}, which is no input variable of the node; it has: {known}"
            yield Found(node.at("code"), message, text=name, severity=milder)


def _unknown(node: NodeView, main: Main, names: list[object], milder: Severity | None) -> Iterator[Found]:
    if main.takes_any:
        return
    for index, name in enumerate(names):
        if isinstance(name, str) and name not in main.accepts and name not in main.positional:
            known = ", ".join(sorted(main.accepts)) or "nothing"
            wrong = "is not used by" if language(node) == "JavaScript" else "is no parameter of"
            message = f"{name!r} {wrong} `main`, which takes: {known}; rename one of the two"
            yield Found(node.at("variables", index, "variable"), message, severity=milder)


@rule("code-variable-empty", severity="warning")
def code_variable_empty(view: View) -> Iterator[Found]:
    """An input of a code or template node has no variable chosen, or its name twice.

    What it does:
        Finds entries of `variables` with an empty `value_selector`, and names that occur twice.

    Why is it bad:
        The code gets null for it; of two inputs with one name only the last one arrives. The editor marks an
        input without a variable red and refuses to publish.

    Example:
        ```yaml
        variables: [{variable: text, value_selector: []}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: text, value_selector: [start, text]}]
        ```

    Dify:
        Every release (`default.ts` of code and template-transform; `CodeNode._run`).
    """
    for node in view.of("code", "template-transform"):
        listed = node.raw.get("variables")
        seen: set[str] = set()
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            name = item.get("variable") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            if item.get("value_selector") == []:
                place = node.at("variables", index, "value_selector")
                yield Found(
                    place, f"no variable is chosen for the input {name!r}: it is null when the node runs"
                )
            if name in seen:
                place = node.at("variables", index, "variable")
                yield Found(place, f"two inputs are named {name!r}: only the last one arrives; rename one")
            seen.add(name)


@rule("code-import", severity="warning")
def code_import(view: View) -> Iterator[Found]:
    r"""A module is imported that the sandbox does not have as it is published.

    What it does:
        Finds imports of modules outside of Python's standard library and of requests, httpx and jinja2, which
        the published sandbox brings.

    Why is it bad:
        The run fails with ModuleNotFoundError, unless the owner of the server has added the package to the
        sandbox (`python-requirements.txt`). That is why it is a warning. Dify's cloud has no such packages.

    Example:
        ```yaml
        code: "import pandas\ndef main(text):\n    return {'result': text}"
        ```

    Use instead:
        ```yaml
        code: "import csv\ndef main(text):\n    return {'result': text}"
        ```

    Dify:
        Every release (dify-sandbox, `docker/`; recorded at 1.12.1: "No module named 'pandas'").
    """
    for node, source in sources(view):
        told: set[str] = set()
        for module, line in source.imports:
            if module not in told and not _sandbox.is_shipped(module):
                told.add(module)
                message = (
                    f"the sandbox as published has no module {module!r}: the run fails, unless the server's "
                    "owner has added it"
                )
                yield at_line(view, node, Spot(message, line), message, word=module)


@rule("code-process", severity="warning")
def code_process(view: View) -> Iterator[Found]:
    r"""Code starts another process, which the sandbox forbids.

    What it does:
        Finds calls of `subprocess`, `os.system`, `os.popen`, `os.fork` and the like.

    Why is it bad:
        The sandbox filters system calls: such a call ends the code with "operation not permitted". A server
        with another sandbox may allow it, which is why it is a warning.

    Example:
        ```yaml
        code: "import os\ndef main(text):\n    os.system('ls')\n    return {'result': text}"
        ```

    Use instead:
        ```yaml
        code: "def main(text):\n    return {'result': text}"
        ```

    Dify:
        Every release (dify-sandbox, `add_seccomp.go`).
    """
    for node, source in sources(view):
        for spot in source.forbidden:
            message = f"the sandbox does not allow {spot.message}: it forbids other processes"
            yield at_line(view, node, spot, message, word=spot.message.partition(".")[2])
