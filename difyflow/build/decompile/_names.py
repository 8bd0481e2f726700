"""Names of a generated module: those that are taken, those that are imported, those of the nodes."""

from __future__ import annotations

import builtins
import keyword
import sys
from collections.abc import Iterable, Sequence

from difyflow.build import _python as py
from difyflow.nodes._base import NodeData
from difyflow.nodes._record import Record

_OWN = ("flow", "here", "Flow", "beside", "Selector", "Dependency", "Features", "FileUpload")


def module_of(data: NodeData) -> str:
    """The module that a person imports a node's class and its helpers from."""
    name = type(data).__module__
    package, _, file = name.rpartition(".")
    if file.startswith("_") and hasattr(sys.modules.get(f"{package}.{data.type}"), type(data).__name__):
        return f"{package}.{data.type}"
    return name


def reserved(nodes: Iterable[NodeData]) -> set[str]:
    """Names that a variable may not have: those of Python, of a flow, and of what it may import."""
    taken = {*_OWN, *dir(builtins), *keyword.kwlist, *keyword.softkwlist}
    for module in {module_of(data) for data in nodes}:
        taken |= {name for name in vars(sys.modules[module]) if not name.startswith("_")}
    return taken


class Imports:
    """What a generated module imports."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str]] = {}

    def use(self, module: str, name: str) -> str:
        """Imports a name and gives the one that it has here: another if a second module has it too."""
        known = self._names.setdefault(module, {})
        if name in known:
            return known[name]
        same = getattr(sys.modules.get(module), name, None)
        for other, names in self._names.items():
            if same is not None and name in names and getattr(sys.modules.get(other), name, None) is same:
                return names[name]
        others = {alias for names in self._names.values() for alias in names.values()}
        short = module.rpartition(".")[2].strip("_")
        known[name] = f"{short}_{name}" if name in others else name
        return known[name]

    def use_class(self, cls: type[Record], home: str) -> str:
        """Imports a class from the module of a node type if that has it, else from its own."""
        found = getattr(sys.modules[home], cls.__name__, None) is cls
        return self.use(home if found else cls.__module__, cls.__name__)

    def kept(self) -> dict[str, dict[str, str]]:
        """What is imported now, for `back_to`."""
        return {module: dict(names) for module, names in self._names.items()}

    def back_to(self, kept: dict[str, dict[str, str]]) -> None:
        """Forgets what was imported since then."""
        self._names = kept

    def lines(self) -> list[str]:
        """The import statements."""
        lines: list[str] = []
        for module, names in sorted(pair for pair in self._names.items() if pair[1]):
            shown = sorted(name for name, alias in names.items() if alias == name)
            others = sorted(f"{name} as {alias}" for name, alias in names.items() if alias != name)
            for group in (shown, *([item] for item in others)):
                lines += _import(module, group)
        return lines


def _import(module: str, names: Sequence[str]) -> list[str]:
    """The statement that imports names from a module, in lines."""
    line = f"from {module} import {', '.join(names)}"
    if py.columns(line) <= py.WIDTH:
        return [line] if names else []
    return [f"from {module} import (", *(f"    {item}," for item in names), ")"]
