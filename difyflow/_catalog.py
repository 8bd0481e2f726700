"""Finds plug-in modules by looking in a folder.

A module of the folder is a plug-in; its file name is its name (hyphens as underscores) and it holds one
agreed object. Nothing is registered and nothing is imported before it is asked for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def names(package: ModuleType) -> tuple[str, ...]:
    """The plug-in names of a package in alphabetical order, with hyphens, without `_private` modules."""
    return tuple(
        sorted(
            info.name.replace("_", "-")
            for info in pkgutil.iter_modules(package.__path__)
            if not info.name.startswith("_")
        )
    )


def has(package: ModuleType, name: str) -> bool:
    """Whether a name is one of `names`, told without a look at the other modules."""
    stem = name.replace("-", "_")
    if "_" in name or stem.startswith("_") or not stem.isidentifier():
        return False
    spec = find_spec(f"{package.__name__}.{stem}")
    return spec is not None and spec.has_location  # else a folder of other files


def module(package: ModuleType, name: str) -> ModuleType:
    """Imports the plug-in module with this name.

    Raises:
        KeyError: the folder has no such module; the valid names are in the message.
    """
    if not has(package, name):
        raise KeyError(f"{name!r} is not one of: {', '.join(names(package))}")
    return import_module(f"{package.__name__}.{name.replace('-', '_')}")


def summary(package: ModuleType, name: str) -> str:
    """The first line of the docstring of a plug-in module, read from its source: nothing is imported.

    Empty if there is no docstring or no source.
    """
    import ast  # only the list of commands needs these two, and every start would wait for them
    from importlib.abc import InspectLoader

    spec = find_spec(f"{package.__name__}.{name.replace('-', '_')}")
    source = spec.loader.get_source(spec.name) if spec and isinstance(spec.loader, InspectLoader) else None
    text = ast.get_docstring(ast.parse(source)) if source else None
    return text.splitlines()[0] if text else ""
