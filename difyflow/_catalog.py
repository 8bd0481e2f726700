"""Finds plug-in modules by looking in a folder.

A module of the folder is a plug-in; its file name is its name (hyphens as underscores) and it holds one
agreed object. Nothing is registered and nothing is imported before it is asked for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
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


def module(package: ModuleType, name: str) -> ModuleType:
    """Imports the plug-in module with this name.

    Raises:
        KeyError: the folder has no such module; the valid names are in the message.
    """
    if name not in names(package):
        raise KeyError(f"{name!r} is not one of: {', '.join(names(package))}")
    return import_module(f"{package.__name__}.{name.replace('-', '_')}")
