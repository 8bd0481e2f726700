"""difyflow: Dify workflows as code.

The public names are loaded on first use, so that `import difyflow` costs nothing but itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difyflow.build import Flow
    from difyflow.build.load import load
    from difyflow.diff.compare import compare as diff
    from difyflow.diff.merge import merge
    from difyflow.diff.patch import patch
    from difyflow.dsl import App, read
    from difyflow.lint.engine import lint
    from difyflow.lint.finding import Finding
    from difyflow.records.result import Result

__version__ = "0.1.0"

_HOME = {
    "App": "difyflow.dsl",
    "Finding": "difyflow.lint.finding",
    "Flow": "difyflow.build",
    "Result": "difyflow.records.result",
    "diff": "difyflow.diff",
    "lint": "difyflow.lint",
    "load": "difyflow.build.load",
    "merge": "difyflow.diff.merge",
    "patch": "difyflow.diff.patch",
    "read": "difyflow.dsl",
}

__all__ = ["App", "Finding", "Flow", "Result", "diff", "lint", "load", "merge", "patch", "read"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        home = import_module(_HOME[name])
        # A room may have the name of its verb; it is callable then, for the attribute can be but one thing.
        return home if home.__name__ == f"{__name__}.{name}" else getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
