"""Rules about question classifiers and parameter extractors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.lint._consequence import when_built, when_run
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("classifier-classes", severity="error")
def classifier_classes(view: View) -> Iterator[Found]:
    """A classifier has no classes, or classes without names.

    What it does:
        Finds question classifiers with an empty list of classes, a class with an empty name, and two classes
        with one id.

    Why is it bad:
        Without classes the run fails. A class without a name is one that the model cannot choose, and of two
        with one id the ways out are the same; those are warnings.

    Example:
        ```yaml
        classes: [{id: '1', name: Billing}, {id: '2', name: ''}]
        ```

    Use instead:
        ```yaml
        classes: [{id: '1', name: Billing}, {id: '2', name: Anything else}]
        ```

    Dify:
        Every release (`QuestionClassifierNode._run` takes the first class for want of a better one; the
        editor marks such a node red).
    """
    for node in view.of("question-classifier"):
        classes = node.raw.get("classes")
        if classes == []:
            message = "there are no classes, and the run fails; give each kind of question an id and a name"
            yield Found(node.at("classes"), message, severity=when_run(view, node))
        seen: set[object] = set()
        for index, item in enumerate(classes if isinstance(classes, list) else []):
            if not isinstance(item, dict):
                continue
            if isinstance(item.get("name"), str) and not item["name"].strip():
                message = "this class has no name, so the model cannot choose it; say what belongs in it"
                yield Found(node.at("classes", index, "name"), message, severity="warning")
            class_id = item.get("id")
            if isinstance(class_id, str) and class_id in seen:
                message = f"two classes have the id {class_id!r}: their ways out are one and the same"
                yield Found(node.at("classes", index, "id"), message, severity="warning")
            seen.add(class_id if isinstance(class_id, str) else None)


@rule("model-query", severity="warning")
def model_query(view: View) -> Iterator[Found]:
    """A classifier, extractor or search has nothing to work on.

    What it does:
        Finds classifiers and knowledge searches with an empty `query_variable_selector`, and extractors with
        an empty `query`.

    Why is it bad:
        The model is asked about nothing: it chooses some class, or invents parameters. The editor marks the
        node red and refuses to publish.

    Example:
        ```yaml
        query_variable_selector: []
        ```

    Use instead:
        ```yaml
        query_variable_selector: [start, question]
        ```

    Dify:
        Every release (`default.ts` of the three nodes).
    """
    keys = {
        "question-classifier": "query_variable_selector",
        "parameter-extractor": "query",
        "knowledge-retrieval": "query_variable_selector",
    }
    for kind, key in keys.items():
        for node in view.of(kind):
            empty = node.raw.get(key) in ([], "")
            if empty and not (kind == "knowledge-retrieval" and node.raw.get("query_attachment_selector")):
                message = "no variable is chosen: there is nothing to work on; choose the text"
                yield Found(node.at(key), message)


_PARAMETER_TYPES = (
    "string",
    "number",
    "boolean",
    "bool",
    "select",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[boolean]",
)


@rule("extractor-parameters", severity="error", fix="safe")
def extractor_parameters(view: View) -> Iterator[Found]:
    """A parameter of an extractor is none that Dify takes.

    What it does:
        Looks at the parameters of parameter extractors: reserved names (`__reason`, `__is_success`), unknown
        types, names that occur twice, a `select` without options, no parameters at all.

    Why is it bad:
        With a reserved name or an unknown type the node cannot be built, and no run begins. The other faults
        are warnings: the value of one parameter is lost, or the model may answer anything.

    Example:
        ```yaml
        parameters: [{name: amount, type: integer, description: The sum, required: true}]
        ```

    Use instead:
        ```yaml
        parameters: [{name: amount, type: number, description: The sum, required: true}]
        ```

    Fix safety:
        Safe: `integer`, `float` and `int` become `number`, `text` and `str` become `string`.

    Dify:
        Every release (`ParameterConfig`).
    """
    for node in view.of("parameter-extractor"):
        listed = node.raw.get("parameters")
        if listed == []:
            message = "there are no parameters, so nothing is extracted; add one"
            yield Found(node.at("parameters"), message, severity="warning")
        seen: set[str] = set()
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(item, dict):
                yield from _parameter_faults(view, node, index, item, seen)


_OTHER_TYPES = {"integer": "number", "int": "number", "float": "number", "text": "string", "str": "string"}


def _parameter_faults(
    view: View, node: NodeView, index: int, item: Mapping[str, object], seen: set[str]
) -> Iterator[Found]:
    name, kind = item.get("name"), item.get("type")
    place = node.at("parameters", index)
    if name in ("__reason", "__is_success"):
        message = (
            f"{name!r} is the name of an output that the node has anyway, and Dify refuses it; choose another"
        )
        yield Found((*place, "name"), message, severity=when_built(view, node))
    elif isinstance(name, str) and name in seen:
        yield Found((*place, "name"), f"two parameters are named {name!r}: one is lost", severity="warning")
    if isinstance(name, str):
        seen.add(name)
    if isinstance(kind, str) and kind not in _PARAMETER_TYPES:
        better = _OTHER_TYPES.get(kind)
        fix = Fix(f"Write {better}", (((*place, "type"), better),)) if better else None
        message = f"{kind!r} is no type of a parameter; it may be: {', '.join(_PARAMETER_TYPES)}"
        yield Found((*place, "type"), message, severity=when_built(view, node), fix=fix)
    if kind == "select" and not item.get("options"):
        message = "a `select` without options lets the model answer anything; list them"
        yield Found((*place, "options"), message, severity="warning")
    if item.get("description") == "":
        message = "the model is told the description of a parameter, and this one has none"
        yield Found((*place, "description"), message, severity="warning")
