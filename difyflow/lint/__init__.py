"""Finds what breaks in a DSL document, or is very likely not meant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from difyflow.lint.engine import errors, lint, rules
from difyflow.lint.finding import Finding, Fix, Found
from difyflow.lint.fixing import Fixed, fix
from difyflow.lint.rule import Rule

if TYPE_CHECKING:
    from difyflow.dsl.app import App
    from difyflow.dsl.reader import Document

__all__ = ["Finding", "Fix", "Fixed", "Found", "errors", "fix", "lint", "rules"]


class _Room(ModuleType):
    """This room is called like its verb, and `difyflow.lint` can be but one thing: so it can be called."""

    def __call__(
        self,
        source: str | bytes | App | Document,
        *,
        path: str = "<text>",
        target: str | None = None,
        only: Sequence[Rule] | None = None,
    ) -> list[Finding]:
        """As `difyflow.lint.engine.lint`."""
        return lint(source, path=path, target=target, only=only)


sys.modules[__name__].__class__ = _Room
