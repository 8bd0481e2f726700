"""The strings under fields, in the JSON Schema of a record.

They are read from the source when a schema is asked for. Pydantic's `use_attribute_docstrings` reads them for
every class at its import, which every command waits for and hardly any needs.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic import BaseModel


def describe(cls: type[BaseModel], schema: Mapping[str, Any]) -> None:
    """Puts the strings under the fields of a class into its JSON Schema, where no description is yet."""
    found: dict[str, str | None] = {}
    for owner in reversed(cls.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            found.update(_strings(owner))
    properties = schema.get("properties", {})
    for name, field in cls.model_fields.items():
        place = properties.get(field.alias or name)
        if isinstance(place, dict) and (text := found.get(name)) is not None:
            place.setdefault("description", text)


def _strings(cls: type) -> Iterator[tuple[str, str | None]]:
    """The attributes that a class declares, each with the string under it; none without source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for item, below in pairwise([*body, ast.Pass()]):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            value = below.value if isinstance(below, ast.Expr) else None
            text = value.value if isinstance(value, ast.Constant) else None
            yield item.target.id, inspect.cleandoc(text) if isinstance(text, str) else None
