"""Faults in the settings of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from difyflow.lint.view import NodeView
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType
from lint.mutations.bench import GONE, Document, Kind, Path, Spot, kind

Test = Callable[[NodeView], bool]


def _at(
    name: str,
    kinds: tuple[str, ...],
    path: Path,
    value: object,
    *,
    breaks: bool = True,
    test: Test | None = None,
    field: str | None = None,
    target: str | None = None,
) -> Kind:
    """A value at a fixed place of nodes of some types is replaced, or goes."""

    def spots(document: Document) -> Iterable[Spot]:
        for node in document.of(*kinds):
            if _get(node.raw, path) not in (None, value) and (test is None or test(node)):
                fields = (field if field is not None else _shown(path),)
                yield Spot(((node.at(*path), value),), node.id, fields, breaks=breaks)

    return Kind(name, spots, target)


def _get(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


_MODELS = ("llm", "question-classifier", "parameter-extractor")


def _is_chat(node: NodeView) -> bool:
    return _get(node.raw, ("model", "mode")) == "chat" and isinstance(node.raw.get("prompt_template"), list)


def _has_no_memory(node: NodeView) -> bool:
    return not node.raw.get("memory") and not _get(node.raw, ("vision", "enabled"))


@kind("condition with an unknown operator")
def operator(document: Document) -> Iterable[Spot]:
    for node, path, _ in _conditions(document):
        place = (*path, "comparison_operator")
        yield Spot(((node.at(*place), "resembles"),), node.id, (_shown(path),))


@kind("number compared with a word")
def word(document: Document) -> Iterable[Spot]:
    for node, path, raw in _conditions(document):
        if raw.get("comparison_operator") in ("=", "≠", ">", "<", "≥", "≤"):
            yield Spot(((node.at(*path, "value"), "many"),), node.id, (_shown(path),))


@kind("condition with a bare number")
def bare_number(document: Document) -> Iterable[Spot]:
    for node, path, raw in _conditions(document):
        if "value" in raw:
            yield Spot(((node.at(*path, "value"), 5),), node.id, (_shown(path),))


@kind("condition without a variable")
def no_variable(document: Document) -> Iterable[Spot]:
    for node, path, _ in _conditions(document):
        yield Spot(((node.at(*path, "variable_selector"), []),), node.id, (_shown(path),))


@kind("text compared as a number")
def wrong_operator(document: Document) -> Iterable[Spot]:
    for node, path, raw in _conditions(document):
        selector = raw.get("variable_selector")
        parts = selector if isinstance(selector, list) and len(selector) > 1 else []
        if parts and document.view.resolve(Selector(parts), node).type is VarType.STRING:
            edits = ((node.at(*path, "comparison_operator"), ">"), (node.at(*path, "value"), "3"))
            yield Spot(edits, node.id, (_shown(path),))


def _conditions(document: Document) -> Iterator[tuple[NodeView, Path, dict[str, Any]]]:
    for node in document.of("if-else"):
        cases = node.raw.get("cases")
        for index, case in enumerate(cases if isinstance(cases, list) else []):
            listed = case.get("conditions") if isinstance(case, dict) else None
            for number, item in enumerate(listed if isinstance(listed, list) else []):
                if isinstance(item, dict) and item.get("comparison_operator"):
                    yield node, ("cases", index, "conditions", number), item


def _shown(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@kind("tool parameter that is bare text")
def tool_parameter(document: Document) -> Iterable[Spot]:
    for node in document.of("tool"):
        found = node.raw.get("tool_parameters")
        for name, item in found.items() if isinstance(found, dict) else ():
            if isinstance(item, dict) and item.get("value") is not None:
                yield Spot(
                    ((node.at("tool_parameters", name), "text"),), node.id, (f"tool_parameters.{name}",)
                )


@kind("assigner that writes to an output")
def assigner_target(document: Document) -> Iterable[Spot]:
    others = [node for node in document.of("llm", "code") if node.data.output_variables()]
    for node in document.of("assigner"):
        if others and isinstance(node.raw.get("items"), list) and node.raw["items"]:
            selector = [others[0].id, others[0].data.output_variables()[0].name]
            place = node.at("items", 0, "variable_selector")
            yield Spot(((place, selector),), node.id, ("items[0]",), breaks=False)


@kind("assignment with an operation of other types")
def assigner_operation(document: Document) -> Iterable[Spot]:
    for node in document.of("assigner"):
        listed = node.raw.get("items")
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            target = item.get("variable_selector") if isinstance(item, dict) else None
            if not isinstance(target, list) or len(target) < 2 or target[0] != "conversation":
                continue
            found = document.view.conversation.get(str(target[1]))
            if found is not None and found.type is not VarType.ANY:
                wrong = "+=" if found.type not in (VarType.NUMBER, VarType.INTEGER) else "append"
                yield Spot(((node.at("items", index, "operation"), wrong),), node.id, (f"items[{index}]",))


@kind("default value that is no JSON", "dify-1.12")
def default_value(document: Document) -> Iterable[Spot]:
    for node in document.running:
        if node.kind in ("llm", "code", "http-request", "tool"):
            wrong = [{"key": "text", "type": "object", "value": "{oops}"}]
            edits = ((node.at("error_strategy"), "default-value"), (node.at("default_value"), wrong))
            yield Spot(edits, node.id, ("default_value[0]",))


_BAD_KEY = "Authorization: Bearer q7Zp2LmX9vRt4KwB8nYs"

KINDS: tuple[Kind, ...] = (
    _at("no model", _MODELS, ("model",), GONE),
    _at("model without a name", _MODELS, ("model", "name"), ""),
    _at(
        "temperature that is too hot", _MODELS, ("model", "completion_params", "temperature"), 9, breaks=False
    ),
    _at("no context", ("llm",), ("context",), GONE),
    _at("no prompt", ("llm",), ("prompt_template",), GONE),
    _at("chat prompt that is a mapping", ("llm",), ("prompt_template",), {"text": "Hi"}, test=_is_chat),
    _at(
        "empty prompt",
        ("llm",),
        ("prompt_template",),
        [{"role": "system", "text": ""}],
        test=lambda node: _is_chat(node) and _has_no_memory(node),
        target="dify-1.12",
    ),
    _at("message with an unknown role", ("llm",), ("prompt_template", 0, "role"), "bot"),
    _at("memory without a window", ("llm",), ("memory", "window"), GONE, field="memory"),
    _at("classifier without classes", ("question-classifier",), ("classes",), GONE),
    _at(
        "class with an id that is a number",
        ("question-classifier",),
        ("classes", 0, "id"),
        1,
        field="classes[0].id",
    ),
    _at("extractor without a query", ("parameter-extractor",), ("query",), GONE),
    _at(
        "parameter of an unknown type",
        ("parameter-extractor",),
        ("parameters", 0, "type"),
        "integer",
        field="parameters[0]",
    ),
    _at(
        "parameter with a reserved name",
        ("parameter-extractor",),
        ("parameters", 0, "name"),
        "__reason",
        field="parameters[0]",
    ),
    _at(
        "parameter that does not say if it is required",
        ("parameter-extractor",),
        ("parameters", 0, "required"),
        GONE,
        field="parameters[0]",
    ),
    _at("search without a mode", ("knowledge-retrieval",), ("retrieval_mode",), GONE),
    _at("search without a list of knowledge bases", ("knowledge-retrieval",), ("dataset_ids",), GONE),
    _at(
        "search without settings",
        ("knowledge-retrieval",),
        ("multiple_retrieval_config",),
        None,
        test=lambda node: node.raw.get("retrieval_mode") == "multiple" and bool(node.raw.get("dataset_ids")),
    ),
    _at(
        "limit that loses the last item",
        ("list-operator",),
        ("limit",),
        {"enabled": True, "size": -1},
        field="limit.size",
    ),
    _at(
        "loop variable that begins with a word for a number",
        ("loop",),
        ("loop_variables", 0),
        {"label": "mutated", "var_type": "number", "value_type": "constant", "value": "three"},
        field="loop_variables[0].value",
    ),
    _at("no rounds at the same time", ("iteration",), ("parallel_nums",), 0, target="dify-1.16"),
    _at(
        "retries that are no number",
        ("llm", "code", "http-request", "tool"),
        ("retry_config",),
        {"retry_enabled": True, "max_retries": "many", "retry_interval": 100},
        field="retry_config.max_retries",
    ),
    _at("if-else without cases", ("if-else",), ("cases",), []),
    _at(
        "case with an id that is a truth value",
        ("if-else",),
        ("cases", 0, "case_id"),
        True,
        field="cases[0].case_id",
    ),
    operator,
    word,
    bare_number,
    no_variable,
    wrong_operator,
    _at("empty URL", ("http-request",), ("url",), ""),
    _at("URL without a scheme", ("http-request",), ("url",), "api.example.com/v1"),
    _at("unknown method", ("http-request",), ("method",), "fetch"),
    _at(
        "key without a configuration",
        ("http-request",),
        ("authorization",),
        {"type": "api-key", "config": None},
    ),
    _at(
        "JSON body without an item",
        ("http-request",),
        ("body",),
        {"type": "json", "data": []},
        test=lambda node: (
            bool(_get(node.raw, ("body", "data"))) or _get(node.raw, ("body", "type")) != "json"
        ),
    ),
    _at("request without headers", ("http-request",), ("headers",), GONE),
    _at("key in a header", ("http-request",), ("headers",), _BAD_KEY, breaks=False),
    tool_parameter,
    _at("tool of an unknown kind", ("tool",), ("provider_type",), "remote"),
    _at("tool without a name", ("tool",), ("tool_name",), ""),
    _at("agent without a strategy", ("agent",), ("agent_strategy_name",), GONE),
    _at("iteration without an input", ("iteration",), ("iterator_selector",), GONE),
    _at("iteration with an empty output", ("iteration",), ("output_selector",), []),
    _at("loop without a count", ("loop",), ("loop_count",), GONE),
    _at(
        "aggregator without variables",
        ("variable-aggregator",),
        ("variables",),
        [],
        breaks=False,
        test=lambda node: not _get(node.raw, ("advanced_settings", "group_enabled")),
    ),
    _at("extractor of documents without a file", ("document-extractor",), ("variable_selector",), []),
    _at("list operator without a limit", ("list-operator",), ("limit",), GONE),
    _at("end output without a variable", ("end",), ("outputs", 0, "value_selector"), [], field="outputs[0]"),
    _at("end without outputs", ("end",), ("outputs",), GONE),
    _at("answer without text", ("answer",), ("answer",), "", breaks=False),
    assigner_target,
    assigner_operation,
    _at(
        "assigner without its version",
        ("assigner",),
        ("version",),
        GONE,
        test=lambda node: "items" in node.raw and node.raw.get("version") == "2",
    ),
    default_value,
)
