"""What changes in a node when its file moves to another Dify release, what cannot, what is left to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

Path = tuple[str | int, ...]
Release = tuple[int, ...]
"""A Dify release as numbers: (1, 10, 0)."""

PLUGINS: Final[Release] = (1, 0, 0)
"""Since this release models and most tools are plugins."""


class _Gone(Enum):
    """The type of `GONE`."""

    GONE = "gone"


GONE: Final = _Gone.GONE
"""In place of a value: the key goes."""


@dataclass(frozen=True, slots=True)
class Move:
    """A value that is written differently in the other release; `value` is plain data, or `GONE`."""

    path: Path
    value: object
    why: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that the other release cannot say."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that nobody can do but a person, on the server."""

    path: Path
    what: str


Step = Move | Obstacle | Advice

_BARE: Final = re.compile("[a-z0-9_-]+")


def provider_steps(name: str, release: Release, path: Path) -> Iterator[Step]:
    """The name of a model provider: `openai` before Dify 1.0, `langgenius/openai/openai` since then."""
    if release >= PLUGINS:
        if _BARE.fullmatch(name):
            # The one whose plugin has another name (`ModelProviderID`).
            plugin = "gemini" if name == "google" else name
            yield Move(path, f"langgenius/{plugin}/{name}", "model providers are plugins since Dify 1.0")
    elif "/" in name:
        yield from plugin_name_steps(name, release, path, also=(("gemini", "google"),))


def plugin_name_steps(
    name: str, release: Release, path: Path, *, also: tuple[tuple[str, str], ...] = ()
) -> Iterator[Step]:
    """Back from a plugin's name, if Dify itself once had what it brings.

    Args:
        name: `author/plugin/provider`.
        release: where to; nothing happens from 1.0 on.
        path: where the name stands.
        also: names of plugins that differ from that of their provider.
    """
    author, _, rest = name.partition("/")
    plugin, _, provider = rest.partition("/")
    if release >= PLUGINS or not provider:
        return
    if author == "langgenius" and (plugin == provider or (plugin, provider) in also):
        yield Move(path, provider, "there are no plugins before Dify 1.0")
    else:
        yield Obstacle(path, f"{name} is a plugin, and Dify has plugins since 1.0 only")
