"""What every format is told about how to show a diff."""

from __future__ import annotations

from dataclasses import dataclass

from difyflow.diff.secrets import IsSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a diff is shown.

    Attributes:
        names: what the two documents are called, such as paths.
        layout: show what only the canvas shows, too.
        colour: use the colours of a terminal (in text).
        is_secret: what must not be shown besides secret environment variables.
    """

    names: tuple[str, str] = ("a", "b")
    layout: bool = False
    colour: bool = False
    is_secret: IsSecret | None = None
