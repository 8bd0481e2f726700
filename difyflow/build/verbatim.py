"""A document without nodes: an app of a mode that has no graph (chat, agent-chat, completion, agent)."""

from __future__ import annotations

import json

from difyflow.dsl.app import App
from difyflow.dsl.reader import read
from difyflow.errors import BuildError, ReadError
from difyflow.nodes._record import READING


class Verbatim:
    """Stands in a `flow.py` where a `Flow` would.

    Args:
        text: the document as JSON, or as YAML, as `difyflow decompile` writes it.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def build(self) -> App:
        """The document.

        Raises:
            BuildError: neither JSON nor YAML, or no document.
        """
        try:
            data = json.loads(self._text)
        except (ValueError, RecursionError):
            return self._of_yaml()
        if not isinstance(data, dict):
            raise BuildError("a document is a mapping", code="verbatim")
        return App.model_validate(data, context=READING)

    def _of_yaml(self) -> App:
        try:
            return read(self._text)
        except ReadError as err:
            raise BuildError(f"no document: {err.message}", code="verbatim", hint=err.hint) from err

    def render(self) -> str:
        """The text that Dify would export."""
        return self.build().render()
