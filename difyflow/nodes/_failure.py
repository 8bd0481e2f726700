"""What happens when a node fails: values in place of its outputs, and new attempts."""

from __future__ import annotations

import json

from difyflow.nodes._base import DefaultValue, RetryConfig


def defaults(**values: object) -> tuple[DefaultValue, ...]:
    """`error_strategy="default-value", default_value=defaults(text="")`: the outputs of a node that failed.

    Raises:
        ValueError: a value is no text, number, list or mapping.
    """
    return tuple(_default(key, value) for key, value in values.items())


def _default(key: str, value: object) -> DefaultValue:
    match value:
        case str():
            return DefaultValue(key=key, type="string", value=value)
        case int() | float() if not isinstance(value, bool):
            return DefaultValue(key=key, type="number", value=value)
        case list():
            return DefaultValue(key=key, type=_list_type(value), value=json.dumps(value, ensure_ascii=False))
        case dict():
            return DefaultValue(key=key, type="object", value=json.dumps(value, ensure_ascii=False))
        case _:
            raise ValueError(f"{key}: a default is text, a number, a list or a mapping, not {value!r}")


def _list_type(items: list[object]) -> str:
    if items and all(isinstance(item, str) for item in items):
        return "array[string]"
    if items and all(isinstance(item, int | float) for item in items):
        return "array[number]"
    return "array[object]"


def retry(max_retries: int = 3, *, interval_ms: int = 1000) -> RetryConfig:
    """`retry_config=retry(3)`: at most 10 new attempts, 100 to 5000 ms apart."""
    return RetryConfig(retry_enabled=True, max_retries=max_retries, retry_interval=interval_ms)
