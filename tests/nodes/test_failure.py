"""Values in place of outputs, and new attempts."""

import pytest

from difyflow.nodes._failure import defaults, retry


def test_defaults_are_typed_and_structures_are_json_text() -> None:
    made = defaults(a="x", b=1, c={"k": 1}, d=["x"], e=[1.5], f=[])
    assert [(item.key, item.type, item.value) for item in made] == [
        ("a", "string", "x"),
        ("b", "number", 1),
        ("c", "object", '{"k": 1}'),
        ("d", "array[string]", '["x"]'),
        ("e", "array[number]", "[1.5]"),
        ("f", "array[object]", "[]"),
    ]


@pytest.mark.parametrize("value", [None, True])
def test_dify_has_no_such_default(value) -> None:
    with pytest.raises(ValueError, match="a: a default is"):
        defaults(a=value)


def test_retry_is_on() -> None:
    assert retry(5, interval_ms=200).dump() == {
        "retry_enabled": True,
        "max_retries": 5,
        "retry_interval": 200,
    }
