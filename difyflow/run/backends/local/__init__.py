"""Runs a workflow in this process on Dify's own engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from difyflow.run.backends.local.installed import require_engine
from difyflow.run.backends.local.settings import ModelConfig, ModelRule, Settings
from difyflow.terms.form import FormField

if TYPE_CHECKING:
    from difyflow.run.backends.local.backend import LocalBackend

__all__ = ["ModelConfig", "ModelRule", "Settings", "open_backend"]


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
    require_engine()
    from difyflow.run.backends.local.backend import LocalBackend

    return LocalBackend(document, target, form, settings)
