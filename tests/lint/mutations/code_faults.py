"""Faults in code and templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from difyflow.lint import _python
from difyflow.lint.view import NodeView
from lint.mutations.bench import GONE, Document, Kind, Spot, kind


def _python_nodes(document: Document) -> Iterator[tuple[NodeView, str, _python.Main]]:
    """Python nodes that are in order: main, parameters and returns fit."""
    for node in document.of("code"):
        code = node.raw.get("code")
        if node.raw.get("code_language") != "python3" or not isinstance(code, str):
            continue
        main = _python.read(code).main
        names = [item.get("variable") for item in node.raw.get("variables") or [] if isinstance(item, dict)]
        if main is not None and "variables" in node.raw and set(main.required) <= set(names):
            yield node, code, main


@kind("code that does not parse")
def syntax(document: Document) -> Iterable[Spot]:
    for node, code, _ in _python_nodes(document):
        yield Spot(
            ((node.at("code"), code.replace(":", "", 1) if _first_colon(code) else code + "\n("),),
            node.id,
            ("code",),
        )


def _first_colon(code: str) -> bool:
    """True if the first colon is that of `def main`, without which the code does not parse."""
    return bool(re.match(r"\s*def main\([^:()]*\)\s*:", code))


@kind("code without main")
def no_main(document: Document) -> Iterable[Spot]:
    for node, code, _ in _python_nodes(document):
        made, times = re.subn(r"(?m)^def main\b", "def start", code)
        if times == 1:
            yield Spot(((node.at("code"), made),), node.id, ("code",))


@kind("code signature drift: a variable is renamed")
def variable_renamed(document: Document) -> Iterable[Spot]:
    for node, _, main in _python_nodes(document):
        for index, item in enumerate(node.raw.get("variables") or []):
            if item.get("variable") in main.accepts and not main.takes_any:
                place = node.at("variables", index, "variable")
                yield Spot(((place, "renamed_argument"),), node.id, (f"variables[{index}]", "code"))


@kind("code signature drift: a parameter is added")
def parameter_added(document: Document) -> Iterable[Spot]:
    for node, code, _ in _python_nodes(document):
        made, times = re.subn(r"(?m)^def main\(\s*(?=[a-zA-Z_])", "def main(one_more, ", code)
        if times == 1:
            yield Spot(((node.at("code"), made),), node.id, ("code",))


@kind("code signature drift: a variable is deleted")
def variable_deleted(document: Document) -> Iterable[Spot]:
    for node, _, main in _python_nodes(document):
        for index, item in enumerate(node.raw.get("variables") or []):
            if item.get("variable") in main.required:
                yield Spot(((node.at("variables", index), GONE),), node.id, ("code", "variables"))


def _plain(node: NodeView, main: _python.Main) -> bool:
    """True if every return is written out and fits."""
    declared = set(node.raw.get("outputs") or {})
    return bool(main.returns) and all(
        item.keys is not None and set(item.keys) == declared for item in main.returns
    )


@kind("rename an output of code")
def output_renamed(document: Document) -> Iterable[Spot]:
    for node, _, main in _python_nodes(document):
        if not _plain(node, main):
            continue
        for name, value in node.raw["outputs"].items():
            made = {
                ("renamed_output" if key == name else key): item for key, item in node.raw["outputs"].items()
            }
            users = tuple(
                (user.id, "")
                for user in document.running
                if any(reference.selector[:2] == (node.id, name) for reference in user.references)
            )
            if value:
                yield Spot(((node.at("outputs"), made),), node.id, ("code", "outputs"), users)


@kind("code output that is never returned")
def output_added(document: Document) -> Iterable[Spot]:
    for node, _, main in _python_nodes(document):
        if _plain(node, main):
            place = node.at("outputs", "one_more")
            yield Spot(((place, {"type": "string", "children": None}),), node.id, ("code", "outputs"))


@kind("code output that is not declared")
def output_dropped(document: Document) -> Iterable[Spot]:
    for node, _, main in _python_nodes(document):
        if _plain(node, main):
            for name in node.raw["outputs"]:
                yield Spot(((node.at("outputs", name), GONE),), node.id, ("code", "outputs"))


@kind("code output of an unknown type")
def output_type(document: Document) -> Iterable[Spot]:
    for node, _, _ in _python_nodes(document):
        for name, item in (node.raw.get("outputs") or {}).items():
            if isinstance(item, dict):
                yield Spot(((node.at("outputs", name, "type"), "integer"),), node.id, (f"outputs.{name}",))


@kind("code in an unknown language")
def language(document: Document) -> Iterable[Spot]:
    for node, _, _ in _python_nodes(document):
        yield Spot(((node.at("code_language"), "python"),), node.id, ("code_language",))


@kind("code that is empty")
def empty(document: Document) -> Iterable[Spot]:
    for node, _, _ in _python_nodes(document):
        yield Spot(((node.at("code"), ""),), node.id, ("code",))


@kind("code without a list of variables")
def no_variables(document: Document) -> Iterable[Spot]:
    for node, _, _ in _python_nodes(document):
        yield Spot(((node.at("variables"), GONE),), node.id, ("variables",))


def _templates(document: Document) -> Iterator[tuple[NodeView, str]]:
    for node in document.of("template-transform"):
        text = node.raw.get("template")
        if isinstance(text, str) and "{{" in text:
            yield node, text


@kind("Jinja typo: an end is missing")
def jinja_end(document: Document) -> Iterable[Spot]:
    for node, text in _templates(document):
        made = text.replace("}}", "}", 1) if text.count("}}") == 1 else text + "{{ x"
        yield Spot(((node.at("template"), made),), node.id, ("template",))


@kind("Jinja typo: a block is not closed")
def jinja_block(document: Document) -> Iterable[Spot]:
    for node, text in _templates(document):
        yield Spot(((node.at("template"), "{% if x %}" + text),), node.id, ("template",))


@kind("Jinja typo: a reference of Dify")
def jinja_reference(document: Document) -> Iterable[Spot]:
    for node, text in _templates(document):
        yield Spot(((node.at("template"), text + "{{#start.text#}}"),), node.id, ("template",))


@kind("Jinja typo: an unknown name")
def jinja_name(document: Document) -> Iterable[Spot]:
    for node, text in _templates(document):
        yield Spot(
            ((node.at("template"), text + "{{ no_such_name }}"),), node.id, ("template",), breaks=False
        )


KINDS: tuple[Kind, ...] = (
    syntax,
    no_main,
    variable_renamed,
    parameter_added,
    variable_deleted,
    output_renamed,
    output_added,
    output_dropped,
    output_type,
    language,
    empty,
    no_variables,
    jinja_end,
    jinja_block,
    jinja_reference,
    jinja_name,
)
