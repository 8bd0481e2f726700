"""A document without nodes: an app of a mode that has no graph (chat, agent-chat, completion, agent)."""

from __future__ import annotations

import json

from difyflow.dsl.app import App
from difyflow.errors import BuildError
from difyflow.nodes._record import READING


class Verbatim:
    """Stands in a `flow.py` where a `Flow` would.

    Args:
        text: the document as JSON, as `difyflow decompile` writes it.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def build(self) -> App:
        """The document.

        Raises:
            BuildError: not JSON, or not a mapping.
        """
        try:
            data = json.loads(self._text)
        except (ValueError, RecursionError) as err:
            raise BuildError(f"not JSON: {err}", code="verbatim") from err
        if not isinstance(data, dict):
            raise BuildError("a document is a mapping", code="verbatim")
        return App.model_validate(data, context=READING)

    def render(self) -> str:
        """The text that Dify would export."""
        return self.build().render()
