"""Prompts and code in files beside the flow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from difyflow.errors import BuildError


def beside(flow_file: str) -> Callable[[str], str]:
    """Gives a reader of the text files that lie in the folder of a flow.

    A flow says `here = beside(__file__)` once, then `here("prompts/system.md")`. The one newline that ends a
    text file is not part of the text; a text that ends in a newline has two.
    """
    folder = Path(flow_file).resolve().parent

    def here(name: str) -> str:
        path = folder / name
        try:
            text = path.read_bytes().decode("utf-8")
        except OSError as err:
            raise BuildError(
                f"cannot be read: {err.strerror or err}", path=str(path), code="missing-file"
            ) from err
        except UnicodeDecodeError as err:
            raise BuildError(f"not UTF-8 at byte {err.start}", path=str(path), code="encoding") from err
        return text.removesuffix("\n")

    return here
