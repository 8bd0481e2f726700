"""Runs a workflow in this process on Dify's own engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from difyflow.errors import MissingExtra
from difyflow.run.backends.local.settings import ModelConfig, ModelRule, Settings
from difyflow.terms.form import FormField

if TYPE_CHECKING:
    from difyflow.run.backends.local.backend import LocalBackend

__all__ = ["ModelConfig", "ModelRule", "Settings", "open_backend"]

_PYTHONS = ((3, 12), (3, 13))  # the engine's own `Requires-Python`


def open_backend(
    document: Mapping[str, object], *, target: str, form: tuple[FormField, ...], settings: Settings
) -> LocalBackend:
    """Checks a workflow and makes it ready to run; nothing of it runs yet.

    Args:
        document: plain data of a DSL file, as YAML gives it.
        target: path that it came from, for messages.
        form: the inputs of its start node.
        settings: keys, endpoints and limits.

    Raises:
        MissingExtra: the engine is not installed, or does not exist for this Python.
        NotRunnable: the workflow cannot run here; every reason is in the message.
        UsageError: a setting is wrong in itself.
    """
    _require_engine()
    from difyflow.run.backends.local.backend import LocalBackend

    return LocalBackend(document, target, form, settings)


def _require_engine() -> None:
    running = sys.version_info[:2]
    if running not in _PYTHONS:
        raise MissingExtra(
            f"local runs need Python 3.12 or 3.13, this is {running[0]}.{running[1]}: Dify's engine is made"
            " for those",
            hint="install difyflow there with: pip install 'difyflow[local]'; or run on a server",
        )
    try:
        import graphon.engine  # noqa: F401
        import jinja2  # noqa: F401
        import openai  # noqa: F401
    except ImportError as err:
        raise MissingExtra(
            f"local runs need Dify's engine, and a part of it is missing: {err.name or err}",
            hint="pip install 'difyflow[local]'",
        ) from err
