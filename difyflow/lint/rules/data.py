"""Rules about nodes that put values together, or take them apart: aggregators, extractors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_run
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType


@rule("aggregator-variables", severity="warning")
def aggregator_variables(view: View) -> Iterator[Found]:
    """An aggregator has nothing to choose from.

    What it does:
        Finds aggregators, and groups of them, with an empty list of variables, and variables that are not
        chosen.

    Why is it bad:
        Its output does not exist, and who uses it gets null. The editor marks the node red and refuses to
        publish.

    Example:
        ```yaml
        variables: []
        ```

    Use instead:
        ```yaml
        variables: [[llm, text], [other_llm, text]]
        ```

    Dify:
        Every release (`default.ts` of variable-assigner; `VariableAggregatorNode._run`).
    """
    for node in view.of("variable-aggregator", "variable-assigner"):
        for path, listed in _lists(node):
            if listed == []:
                yield Found(path, "no variables are chosen, so the output is null; choose at least one")
            for index, item in enumerate(listed):
                if isinstance(item, list) and len(item) < 2:
                    yield Found((*path, index), "no variable is chosen here; choose one, or remove the entry")


def _groups(node: NodeView) -> Iterator[tuple[Path, Mapping[str, object]]]:
    settings = node.raw.get("advanced_settings")
    if (
        isinstance(settings, dict)
        and settings.get("group_enabled")
        and isinstance(settings.get("groups"), list)
    ):
        for index, group in enumerate(settings["groups"]):
            if isinstance(group, dict):
                yield node.at("advanced_settings", "groups", index), group


def _is_grouped(node: NodeView) -> bool:
    settings = node.raw.get("advanced_settings")
    return isinstance(settings, dict) and bool(settings.get("group_enabled"))


def _lists(node: NodeView) -> Iterator[tuple[Path, list[object]]]:
    if _is_grouped(node):
        for path, group in _groups(node):
            listed = group.get("variables")
            if isinstance(listed, list):
                yield (*path, "variables"), listed
    elif isinstance(node.raw.get("variables"), list):
        yield node.at("variables"), node.raw["variables"]


@rule("aggregator-group-name", severity="warning")
def aggregator_group_name(view: View) -> Iterator[Found]:
    """Two groups of an aggregator have one name, or a group has none.

    What it does:
        Finds groups with a repeated or empty `group_name`, and grouped aggregators without groups.

    Why is it bad:
        Outputs are named after groups: of two with one name one is lost.

    Example:
        ```yaml
        groups: [{group_name: A, output_type: string, variables: [[a, text]]},
                 {group_name: A, output_type: string, variables: [[b, text]]}]
        ```

    Use instead:
        ```yaml
        groups: [{group_name: A, output_type: string, variables: [[a, text]]},
                 {group_name: B, output_type: string, variables: [[b, text]]}]
        ```

    Dify:
        0.6.10 and later (`VariableAggregatorNode._run`).
    """
    for node in view.of("variable-aggregator", "variable-assigner"):
        if _is_grouped(node) and not any(True for _ in _groups(node)):
            yield Found(node.at("advanced_settings", "groups"), "groups are on, and there are none; add one")
        seen: set[str] = set()
        for path, group in _groups(node):
            name = group.get("group_name")
            if name == "":
                yield Found((*path, "group_name"), "this group has no name, so nobody can use its output")
            elif isinstance(name, str) and name in seen:
                yield Found((*path, "group_name"), f"two groups are named {name!r}: one output is lost")
            if isinstance(name, str):
                seen.add(name)


@rule("aggregator-type", severity="warning")
def aggregator_type(view: View) -> Iterator[Found]:
    """A variable of an aggregator is not of its declared type.

    What it does:
        Compares the types of the variables, as far as they are certain, with `output_type`.

    Why is it bad:
        The aggregator hands on whatever it finds; who relies on the declared type may fail, on one branch
        only.

    Example:
        ```yaml
        # count.result is a number
        output_type: string
        variables: [[llm, text], [count, result]]
        ```

    Use instead:
        ```yaml
        output_type: string
        variables: [[llm, text], [other_llm, text]]
        ```

    Dify:
        Every release (nobody checks it).
    """
    for node in view.of("variable-aggregator", "variable-assigner"):
        groups = list(_groups(node)) if _is_grouped(node) else [(node.at(), node.raw)]
        for path, group in groups:
            wanted = VarType.of(group.get("output_type"))
            listed = group.get("variables")
            if wanted is VarType.ANY or not isinstance(listed, list):
                continue
            for index, item in enumerate(listed):
                if not isinstance(item, list) or len(item) < 2 or not all(isinstance(x, str) for x in item):
                    continue
                kind = view.resolve(Selector(item), node).type
                if kind is not None and not _same(kind, wanted):
                    message = f"{'.'.join(item)} is {kind}, and the aggregator says {wanted}"
                    yield Found((*path, "variables", index), message)


def _same(kind: VarType, wanted: VarType) -> bool:
    plain = {VarType.INTEGER: VarType.NUMBER, VarType.SECRET: VarType.STRING}
    kind, wanted = plain.get(kind, kind), plain.get(wanted, wanted)
    loose = (VarType.ARRAY, VarType.ARRAY_ANY)
    return kind is wanted or (kind.is_array and wanted.is_array and (kind in loose or wanted in loose))


@rule("extract-document-input", severity="error")
def extract_document_input(view: View) -> Iterator[Found]:
    """A document extractor has no file chosen.

    What it does:
        Finds document extractors whose `variable_selector` is empty.

    Why is it bad:
        The run fails: there is nothing to read.

    Example:
        ```yaml
        data: {type: document-extractor, title: Read, variable_selector: []}
        ```

    Use instead:
        ```yaml
        data: {type: document-extractor, title: Read, variable_selector: [start, files]}
        ```

    Dify:
        Every release with the node ("File variable not found for selector: []").
    """
    for node in view.of("document-extractor"):
        if node.raw.get("variable_selector") == []:
            message = "no file is chosen, and the run fails; choose one, or a list of them"
            yield Found(node.at("variable_selector"), message, severity=when_run(view, node))
