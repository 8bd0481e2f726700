"""Prompts and code in files beside the flow."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from difyflow.errors import BuildError


class _HasId(Protocol):
    id: str


class Reader:
    """Reads the text files of one folder; see `beside`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, /, **nodes: _HasId) -> str:
        """The text of a file.

        Args:
            name: path inside the folder.
            nodes: what the names in the file's references stand for: with `llm=llm` the file may say
                `{{#llm.text#}}`, whatever the node's id is.

        Raises:
            BuildError: it cannot be read, or is not UTF-8.
        """
        path = self._folder / name
        try:
            text = path.read_bytes().decode("utf-8")
        except OSError as err:
            raise BuildError(
                f"{name} cannot be read: {err.strerror or err}",
                code="missing-file",
                hint=f"it is looked for in {self._folder}",
            ) from err
        except UnicodeDecodeError as err:
            raise BuildError(f"{name} is not UTF-8 at byte {err.start}", code="encoding") from err
        for short, node in nodes.items():
            text = text.replace("{{#" + short + ".", "{{#" + node.id + ".")
        return text.removesuffix("\n")


def beside(flow_file: str) -> Reader:
    """Gives a reader of the text files that lie in the folder of a flow.

    A flow says `here = beside(__file__)` once, then `here("prompts/system.md")`. The one newline that ends a
    text file is not part of the text; a text that ends in a newline has two.
    """
    return Reader(Path(flow_file).resolve().parent)
