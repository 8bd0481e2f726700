"""Whether a function takes values by its annotations: what runs must also pass a type checker."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

_ANY: TypeAdapter[object] = TypeAdapter(object)


def takes(function: Callable[..., object], args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    """True if these arguments fit the function's parameters and their annotations."""
    signature, adapters = _signature(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return all(_fits(adapters[name], value) for name, value in _flattened(signature, bound))


def _flattened(signature: inspect.Signature, bound: inspect.BoundArguments) -> Iterable[tuple[str, object]]:
    """Each value with the parameter that it goes into; those of `*args` and `**kwargs` one by one."""
    for name, value in bound.arguments.items():
        match signature.parameters[name].kind:
            case inspect.Parameter.VAR_POSITIONAL:
                yield from ((name, item) for item in value)
            case inspect.Parameter.VAR_KEYWORD:
                yield from ((name, item) for item in value.values())
            case _:
                yield name, value


def _fits(adapter: TypeAdapter[object], value: object) -> bool:
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@cache
def _signature(function: Callable[..., object]) -> tuple[inspect.Signature, dict[str, TypeAdapter[object]]]:
    hints = typing.get_type_hints(function)
    return inspect.signature(function), {
        name: _adapter(hints.get(name, object)) for name in inspect.signature(function).parameters
    }


def _adapter(hint: Any) -> TypeAdapter[object]:  # noqa: ANN401  # an annotation can be anything
    if hint in (object, Any):
        return _ANY
    plain = isinstance(hint, type) and hasattr(hint, "model_config")
    return TypeAdapter(hint) if plain else TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
