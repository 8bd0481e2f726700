"""Rules about what a code node gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.lint._code import at_line, sources
from difyflow.lint._consequence import when_built
from difyflow.lint._python import Return, Spot
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.nodes.code import OUTPUT_TYPES


@rule("code-outputs", severity="error")
def code_outputs(view: View) -> Iterator[Found]:
    r"""What `main` returns is not what the node declares.

    What it does:
        Looks at the returns of `main` whose dictionary is written out, or filled step by step
        (`out["a"] = 1`, `out.update(a=1)`, `out |= {...}`), and compares its keys with `outputs`. A key that
        is set in a branch or a loop may be there. Where a return gives something that cannot be seen
        (`**other`, a call that gets the dictionary), nothing is said of it.

    Why is it bad:
        A declared output that is not returned fails the run ("Output result is missing."), and so does a key
        that is not declared ("Not all output parameters are validated."). It is an error if no return fits,
        a warning if some do: then the run fails on the others.

    Example:
        ```yaml
        code: "def main(text):\n    return {'answer': text}"
        outputs: {result: {type: string, children: null}}
        ```

    Use instead:
        ```yaml
        code: "def main(text):\n    return {'result': text}"
        outputs: {result: {type: string, children: null}}
        ```

    Dify:
        Every release (`CodeNode._transform_result`).
    """
    for node, source in sources(view):
        main, declared = source.main, node.raw.get("outputs")
        if main is None or not isinstance(declared, dict) or main.is_async or main.yields:
            continue
        wrong = [(item, said) for item in main.returns if (said := _misfit(item, declared))]
        if main.falls_through and not main.returns and declared:
            spot = Spot("", main.line)
            yield at_line(view, node, spot, f"`main` returns nothing; it must return {_wanted(declared)}")
        milder: Severity | None = "warning" if len(wrong) < len(main.returns) else None
        for item, said in wrong:
            yield at_line(view, node, Spot(said, item.line), f"{said}, and the run fails here", milder)


def _misfit(item: Return, declared: Mapping[str, object]) -> str:
    """What is wrong with the keys of a return; empty if nothing is, or nobody can say."""
    if item.keys is None:
        if item.kind and declared and item.kind != "object":
            what = "nothing" if item.kind == "null" else f"{_article(item.kind)}"
            return f"`main` returns {what} in place of a dictionary with {_wanted(declared)}"
        return ""
    missing = [name for name in declared if name not in item.keys and name not in item.maybe]
    extra = [name for name in item.keys if name not in declared]
    parts = []
    if missing:
        parts.append(f"lacks the declared output {', '.join(map(repr, missing))}")
    if extra:
        parts.append(f"has {', '.join(map(repr, extra))}, which the node does not declare")
    return f"the returned dictionary {' and '.join(parts)}" if parts else ""


def _wanted(declared: Mapping[str, object]) -> str:
    return f"the keys {', '.join(map(str, declared))}" if declared else "a dictionary"


def _article(kind: str) -> str:
    names = {"array": "a list", "object": "an object", "string": "a text", "number": "a number"}
    return names.get(kind, "something else")


@rule("code-output-value", severity="error")
def code_output_value(view: View) -> Iterator[Found]:
    r"""A value that `main` returns does not have the declared type, or is too large.

    What it does:
        Compares the values in returned dictionaries, as far as their type can be seen in the source, with the
        declared types, and what is written out with the most that Dify takes: 30 texts or objects in a list,
        1000 numbers, 400,000 characters (80,000 before 1.9.2), objects of four levels.

    Why is it bad:
        Dify checks every output and fails the node: "Output result must be a string, got int instead."
        It is an error if every return has the fault, else a warning.

    Example:
        ```yaml
        code: "def main(items):\n    return {'result': len(items)}"
        outputs: {result: {type: string, children: null}}
        ```

    Use instead:
        ```yaml
        code: "def main(items):\n    return {'result': len(items)}"
        outputs: {result: {type: number, children: null}}
        ```

    Dify:
        Every release (`CodeNode._transform_result`; limits `CODE_MAX_*`, which a server may set higher).
    """
    for node, source in sources(view):
        main, declared = source.main, node.raw.get("outputs")
        if main is None or not isinstance(declared, dict):
            continue
        for name, output in declared.items():
            kind = output.get("type") if isinstance(output, dict) else None
            if not isinstance(kind, str):
                continue
            most = {**_MOST, "string": 80_000 if view.holds(until="1.9.1") else 400_000}
            faults = [(item, _value_fault(item, name, kind, most)) for item in main.returns]
            wrong = [(item, said) for item, said in faults if said]
            milder: Severity | None = "warning" if len(wrong) < len(faults) else None
            for item, said in wrong:
                yield at_line(view, node, Spot(said, item.line), said, milder, word=str(name))


_MOST = {"array[string]": 30, "array[object]": 30, "array[number]": 1000}


_DEEPEST = 4
"""Objects in one another: `CODE_MAX_DEPTH` is 5, and the returned dictionary counts."""


def _value_fault(item: Return, name: str, kind: str, most: Mapping[str, int]) -> str:
    found = (item.keys or {}).get(name, "")
    if found in ("", "null") or kind in ("boolean", "any") or kind not in OUTPUT_TYPES:
        return ""
    wanted = "array" if kind.startswith("array") else kind
    fits = found == wanted or (wanted == "number" and found == "boolean")
    if not fits:
        return (
            f"output {name!r} is declared as {kind}, and this return gives {_article(found)}: the run fails"
        )
    length = item.lengths.get(name, 0)
    if kind in most and length > most[kind]:
        what = f"a text of {length} characters" if kind == "string" else f"a list of {length}"
        return f"output {name!r} is {what}, and Dify takes at most {most[kind]}"
    if item.levels.get(name, 0) > _DEEPEST:
        return f"output {name!r} has {item.levels[name]} objects in one another, and Dify takes {_DEEPEST}"
    return ""


@rule("code-output-type", severity="error")
def code_output_type(view: View) -> Iterator[Found]:
    """The declared type of an output is none that a code node may have.

    What it does:
        Finds outputs of a code node with types such as `integer`, `bool`, `file`, `any`, `array[file]`, and
        `array[boolean]` or `boolean` for releases before 1.8.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        outputs: {count: {type: integer, children: null}}
        ```

    Use instead:
        ```yaml
        outputs: {count: {type: number, children: null}}
        ```

    Dify:
        Every release (`CodeNodeData.Output`; recorded at 0.15.3); boolean and array[boolean] since 1.8.
    """
    known: tuple[str, ...] = OUTPUT_TYPES
    if view.holds(until="1.7"):
        known = tuple(item for item in OUTPUT_TYPES if "boolean" not in item)
    for node in view.of("code"):
        declared = node.raw.get("outputs")
        for name, output in declared.items() if isinstance(declared, dict) else ():
            kind = output.get("type") if isinstance(output, dict) else None
            if isinstance(kind, str) and kind not in known:
                # A file that says 1.7 and has a type of 1.8 more likely says the wrong version.
                late = kind in OUTPUT_TYPES and not view.holds(until="0.15")
                yield Found(
                    node.at("outputs", name, "type"),
                    f"{kind!r} is no type for an output of code; it may be: {', '.join(known)}",
                    severity="warning" if late else when_built(view, node),
                )


@rule("code-outputs-empty", severity="warning")
def code_outputs_empty(view: View) -> Iterator[Found]:
    """A code node declares no outputs.

    What it does:
        Finds code nodes whose `outputs` is an empty mapping.

    Why is it bad:
        Nothing comes out of the node, and a `main` that returns any key fails the run ("Not all output
        parameters are validated.").

    Example:
        ```yaml
        outputs: {}
        ```

    Use instead:
        ```yaml
        outputs: {result: {type: string, children: null}}
        ```

    Dify:
        Every release (`CodeNode._transform_result`).
    """
    for node in view.of("code"):
        if node.raw.get("outputs") == {}:
            yield Found(
                node.at("outputs"),
                "no outputs are declared: declare each key that `main` returns, with its type",
            )
