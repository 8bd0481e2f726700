"""What each type of node must hold, or no Dify can build it (dsl.md 5; graphon 0.8, Dify 0.15.3 and 1.12.1).

Only what all releases with the type ask for; what one release asks for has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._shape import (
    BOOL,
    INT,
    MAPPING,
    SELECTOR,
    TEXT,
    TEXTS,
    Each,
    Fault,
    Is,
    Map,
    Need,
    OneOf,
    Shape,
    Values,
    choice,
    kept,
    may,
    need,
    vital,
)

MODEL = Map(
    {
        "provider": need(TEXT),
        "name": need(TEXT),
        "mode": need(TEXT, "chat"),
        "completion_params": kept(MAPPING),
    }
)
_MEMORY = Map(
    {
        "window": need(Map({"enabled": need(BOOL, False), "size": may(INT)}), {"enabled": False, "size": 10}),
        "query_prompt_template": may(TEXT),
        "role_prefix": may(Map({"user": need(TEXT, ""), "assistant": need(TEXT, "")})),
    }
)
_VISION = Map(
    {
        "enabled": kept(BOOL),
        "configs": may(Map({"variable_selector": kept(SELECTOR), "detail": kept(choice("low", "high"))})),
    }
)
_NAMED = Each(Map({"variable": need(TEXT), "value_selector": need(SELECTOR)}))
"""Variables with names."""

_OPERATORS = choice(
    "contains",
    "not contains",
    "start with",
    "end with",
    "is",
    "is not",
    "empty",
    "not empty",
    "in",
    "not in",
    "all of",
    "=",
    "≠",
    ">",
    "<",
    "≥",
    "≤",
    "null",
    "not null",
    "exists",
    "not exists",
)
OPERATORS = tuple(_OPERATORS.wanted.removeprefix("one of: ").split(", "))
"""What the backend knows."""

_AND_OR = choice("and", "or")
_ONE_CONDITION = Map(
    {
        "variable_selector": need(SELECTOR),
        "comparison_operator": need(TEXT),
        "sub_variable_condition": may(
            Map(
                {
                    "logical_operator": need(_AND_OR),
                    "conditions": kept(
                        Each(
                            Map(
                                {
                                    "key": need(TEXT),
                                    "comparison_operator": need(_OPERATORS),
                                    "value": may(OneOf((TEXT, TEXTS), "text or a list of texts")),
                                }
                            )
                        )
                    ),
                }
            )
        ),
    }
)
_CONDITIONS = Each(_ONE_CONDITION)
_CASES = Each(
    Map(
        {
            "case_id": need(TEXT),
            "logical_operator": need(_AND_OR),
            "conditions": need(_CONDITIONS, []),
        }
    )
)
_MESSAGE = Map(
    {
        "role": need(choice("system", "user", "assistant", "tool")),
        "text": kept(TEXT),
        "edition_type": may(choice("basic", "jinja2")),
        "jinja2_text": may(TEXT),
    }
)
_ONE_PROMPT = Map(
    {"text": need(TEXT), "edition_type": may(choice("basic", "jinja2")), "jinja2_text": may(TEXT)}
)


class _Prompt(Shape):
    """A list of messages, or one prompt."""

    wanted = "a list of messages with role and text (chat models), or a mapping with text (completion models)"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """Those of the form that it has."""
        if isinstance(value, list):
            yield from Each(_MESSAGE).faults(value, path)
        else:
            yield from _ONE_PROMPT.faults(value, path)


_INPUT = Map({"type": need(choice("mixed", "variable", "constant"))})
"""`{type, value}`; what the value must be is the matter of `tool-input`."""


_OPERATIONS = choice(
    "over-write", "clear", "append", "extend", "set", "+=", "-=", "*=", "/=", "remove-first", "remove-last"
)


class _Assigner(Shape):
    """Version 2 with `items`, else version 1."""

    wanted = "a mapping"
    _second = Map(
        {
            "items": kept(
                Each(
                    Map(
                        {
                            "variable_selector": need(SELECTOR),
                            "input_type": need(choice("variable", "constant")),
                            "operation": need(_OPERATIONS),
                        }
                    )
                )
            )
        }
    )
    _first = Map(
        {
            "assigned_variable_selector": need(SELECTOR),
            "write_mode": need(choice("over-write", "append", "clear")),
            "input_variable_selector": need(SELECTOR),
        }
    )

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """Those of its version."""
        second = isinstance(value, dict) and (value.get("version") == "2" or "items" in value)
        yield from (self._second if second else self._first).faults(value, path)


SHAPES: Mapping[str, Shape] = {
    "assigner": _Assigner(),
    "start": Map({"variables": vital(Each(Map({"variable": need(TEXT), "label": need(TEXT)})), [])}),
    "end": Map({"outputs": need(Each(Map({"variable": need(TEXT), "value_selector": need(SELECTOR)})), [])}),
    "answer": Map({"answer": need(TEXT, "")}),
    "llm": Map(
        {
            "model": vital(MODEL),
            "prompt_template": vital(_Prompt()),
            "prompt_config": may(Map({"jinja2_variables": may(_NAMED)})),
            "context": need(
                Map({"enabled": need(BOOL, False), "variable_selector": may(SELECTOR)}),
                {"enabled": False, "variable_selector": []},
            ),
            "memory": may(_MEMORY),
            "vision": kept(_VISION),
        }
    ),
    "question-classifier": Map(
        {
            "query_variable_selector": need(SELECTOR),
            "model": vital(MODEL),
            "classes": vital(Each(Map({"id": need(TEXT), "name": need(TEXT)}))),
            "instruction": may(TEXT),
            "memory": may(_MEMORY),
            "vision": kept(_VISION),
        }
    ),
    "parameter-extractor": Map(
        {
            "model": vital(MODEL),
            "query": need(SELECTOR),
            "parameters": need(
                Each(
                    Map(
                        {
                            "name": need(Is("a name", bool)),
                            "type": need(TEXT),
                            "description": need(TEXT),
                            "required": need(BOOL),
                            "options": may(TEXTS),
                        }
                    )
                )
            ),
            "instruction": may(TEXT),
            "memory": may(_MEMORY),
            "reasoning_mode": Need(choice("function_call", "prompt", ""), null=True),
            "vision": kept(_VISION),
        }
    ),
    "knowledge-retrieval": Map(
        {
            "query_variable_selector": may(OneOf((SELECTOR, TEXT), "a list of texts")),
            "dataset_ids": vital(TEXTS, []),
            "retrieval_mode": need(choice("single", "multiple")),
            "multiple_retrieval_config": may(Map({"top_k": need(INT), "reranking_enable": kept(BOOL)})),
        }
    ),
    "agent": Map(
        {
            "agent_strategy_provider_name": need(TEXT),
            "agent_strategy_name": need(TEXT),
            "agent_strategy_label": need(TEXT),
            "agent_parameters": need(Values(_INPUT)),
            "memory": may(_MEMORY),
        }
    ),
    "if-else": Map({"cases": may(_CASES), "conditions": may(_CONDITIONS), "logical_operator": may(_AND_OR)}),
    "iteration": Map(
        {
            "iterator_selector": need(SELECTOR),
            "output_selector": need(SELECTOR),
            "is_parallel": kept(BOOL),
            "parallel_nums": kept(INT),
        }
    ),
    "loop": Map(
        {
            "loop_count": need(INT),
            "break_conditions": vital(_CONDITIONS, []),
            "logical_operator": need(_AND_OR),
            "loop_variables": may(
                Each(
                    Map(
                        {
                            "label": need(TEXT),
                            "var_type": need(
                                choice(
                                    "string",
                                    "number",
                                    "object",
                                    "boolean",
                                    "array[string]",
                                    "array[number]",
                                    "array[object]",
                                    "array[boolean]",
                                )
                            ),
                            "value_type": need(choice("variable", "constant")),
                        }
                    )
                )
            ),
        }
    ),
    "code": Map(
        {
            "variables": vital(_NAMED, []),
            "code_language": need(TEXT),
            "code": need(TEXT),
            "outputs": need(Values(Map({"type": need(TEXT)}))),
        }
    ),
    "template-transform": Map({"variables": vital(_NAMED, []), "template": need(TEXT, "")}),
    "variable-aggregator": Map(
        {
            "output_type": need(TEXT, "any"),
            "variables": need(Each(SELECTOR), []),
            "advanced_settings": may(
                Map(
                    {
                        "group_enabled": need(BOOL, False),
                        "groups": need(
                            Each(
                                Map(
                                    {
                                        "output_type": need(TEXT, "any"),
                                        "variables": need(Each(SELECTOR), []),
                                        "group_name": need(TEXT),
                                    }
                                )
                            ),
                            [],
                        ),
                    }
                )
            ),
        }
    ),
    "document-extractor": Map({"variable_selector": need(SELECTOR)}),
    "http-request": Map(
        {
            "method": need(TEXT),
            "url": need(TEXT),
            "authorization": need(
                Map({"type": need(choice("no-auth", "api-key"))}), {"type": "no-auth", "config": None}
            ),
            "headers": need(TEXT, ""),
            "params": need(TEXT, ""),
            "body": vital(
                Map(
                    {
                        "type": need(
                            choice("none", "form-data", "x-www-form-urlencoded", "raw-text", "json", "binary")
                        ),
                        "data": may(
                            OneOf(
                                (
                                    Each(
                                        Map(
                                            {
                                                "type": need(choice("file", "text")),
                                                "key": kept(TEXT),
                                                "value": kept(TEXT),
                                                "file": kept(SELECTOR),
                                            }
                                        )
                                    ),
                                    TEXT,
                                ),
                                "a list of items {type: text or file, key, value} (or one text)",
                            )
                        ),
                    }
                ),
                {"type": "none", "data": []},
                optional=True,
            ),
            "timeout": may(Map({"connect": may(INT), "read": may(INT), "write": may(INT)})),
            "ssl_verify": may(BOOL),
        }
    ),
    "tool": Map(
        {
            "provider_id": need(TEXT),
            "provider_type": need(
                choice("plugin", "builtin", "workflow", "api", "app", "dataset-retrieval", "mcp")
            ),
            "provider_name": need(TEXT),
            "tool_name": need(TEXT),
            "tool_label": need(TEXT),
            "tool_configurations": need(MAPPING, {}),
            "tool_parameters": vital(MAPPING, {}),
        }
    ),
    "list-operator": Map(
        {
            "variable": kept(SELECTOR),
            "filter_by": need(
                Map({"enabled": kept(BOOL), "conditions": kept(Each(MAPPING))}),
                {"enabled": False, "conditions": []},
            ),
            "order_by": need(
                Map({"enabled": kept(BOOL), "key": kept(TEXT), "value": kept(choice("asc", "desc"))}),
                {"enabled": False, "key": "", "value": "asc"},
            ),
            "limit": need(Map({"enabled": kept(BOOL), "size": kept(INT)}), {"enabled": False, "size": 10}),
            "extract_by": kept(Map({"enabled": kept(BOOL), "serial": kept(TEXT)})),
        }
    ),
    "datasource": Map({"plugin_id": need(TEXT), "provider_name": need(TEXT), "provider_type": need(TEXT)}),
    "trigger-plugin": Map(
        {
            "plugin_id": need(TEXT),
            "provider_id": need(TEXT),
            "event_name": need(TEXT),
            "subscription_id": need(TEXT, ""),
            "plugin_unique_identifier": need(TEXT),
        }
    ),
}
