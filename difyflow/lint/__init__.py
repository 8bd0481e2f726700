"""Finds what breaks in a DSL document, or is very likely not meant."""

from difyflow.lint.engine import errors, lint, rules
from difyflow.lint.finding import Finding, Fix, Found
from difyflow.lint.fixing import Fixed, fix

__all__ = ["Finding", "Fix", "Fixed", "Found", "errors", "fix", "lint", "rules"]
