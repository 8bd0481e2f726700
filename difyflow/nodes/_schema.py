"""JSON schemas as Dify uses them: for structured output, for what a tool puts out, for inputs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from difyflow.terms.vartype import OutputVar, VarType

_TYPES = {
    "string": VarType.STRING,
    "number": VarType.NUMBER,
    "integer": VarType.NUMBER,
    "boolean": VarType.BOOLEAN,
    "object": VarType.OBJECT,
    "array": VarType.ARRAY_ANY,
    "file": VarType.FILE,
}


def schema_outputs(schema: object) -> tuple[OutputVar, ...] | None:
    """The variables that a JSON schema of an object describes; None where it does not say."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return None
    return tuple(
        OutputVar(str(name), type_of_schema(part), schema_outputs(part)) for name, part in properties.items()
    )


def type_of_schema(schema: object) -> VarType:
    """The variable type of a JSON schema; `any` where it does not say."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "array" and isinstance(schema, dict):
        return type_of_schema(schema.get("items")).array
    return _TYPES.get(kind, VarType.ANY) if isinstance(kind, str) else VarType.ANY


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a pydantic model in the form that Dify's structured output takes.

    Definitions are put in place, titles and defaults left out, further properties refused.

    Raises:
        ValueError: the model refers to itself; Dify knows no recursive schemas.
    """
    schema = model.model_json_schema()
    plain = _inlined(schema, schema.get("$defs", {}), ())
    assert isinstance(plain, dict)
    return plain


def _inlined(schema: object, definitions: dict[str, Any], inside: tuple[str, ...]) -> object:
    if isinstance(schema, list):
        return [_inlined(item, definitions, inside) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(reference := schema.get("$ref"), str):
        name = reference.rpartition("/")[2]
        if name in inside:
            raise ValueError(f"{name} refers to itself: Dify knows no recursive schemas")
        return _inlined(definitions[name], definitions, (*inside, name))
    made: dict[str, object] = {}
    for key, item in schema.items():
        if key == "properties" and isinstance(item, dict):
            made[key] = {name: _inlined(part, definitions, inside) for name, part in item.items()}
        elif key not in ("$defs", "title", "default"):
            made[key] = _inlined(item, definitions, inside)
    if made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
