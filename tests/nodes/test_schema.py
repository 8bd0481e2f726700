"""JSON schemas."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from difyflow.nodes._schema import json_schema, schema_outputs, type_of_schema
from difyflow.terms.vartype import VarType


class Inner(BaseModel):
    """Inside."""

    title: str
    count: int = 0


class Outer(BaseModel):
    inner: Inner
    many: list[Inner]


class Endless(BaseModel):
    again: Endless | None = None


def test_a_models_schema_stands_alone_and_is_closed() -> None:
    inner = {
        "type": "object",
        "description": "Inside.",
        "properties": {"title": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    assert json_schema(Outer) == {
        "type": "object",
        "properties": {"inner": inner, "many": {"type": "array", "items": inner}},
        "required": ["inner", "many"],
        "additionalProperties": False,
    }


def test_a_recursive_model_is_refused() -> None:
    with pytest.raises(ValueError, match="Endless refers to itself"):
        json_schema(Endless)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, VarType.NUMBER),
        ({"type": "array", "items": {"type": "string"}}, VarType.ARRAY_STRING),
        ({"type": "array"}, VarType.ARRAY_ANY),
        ({"type": ["string", "null"]}, VarType.ANY),
        ({}, VarType.ANY),
        (None, VarType.ANY),
    ],
)
def test_schema_types_are_variable_types(schema, kind) -> None:
    assert type_of_schema(schema) is kind


def test_what_is_no_schema_of_an_object_says_nothing() -> None:
    assert schema_outputs(None) is None
    assert schema_outputs({"type": "object"}) is None
    assert schema_outputs({"properties": {}}) == ()
