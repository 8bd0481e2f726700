"""For which Dify releases a document is judged."""

from __future__ import annotations

from collections.abc import Mapping

from difyflow.dsl.releases import RELEASES, Target, parse, releases_of, target_named
from difyflow.nodes._record import numbers

_OWN_LINE = {"rag_pipeline": "1.9.0", "snippet": "1.15.0"}
"""Kinds of documents that count their versions themselves, and the release that brought them."""


def target_of(data: Mapping[object, object], name: str | None = None) -> Target:
    """The releases that are meant.

    Args:
        data: the document.
        name: `dify-1.12`, `0.5.0`; None = what the document's own version says. Without a version that is
            every release, so that only what holds in all of them is found.

    Raises:
        UsageError: a name that is no release.
    """
    if name is not None:
        return target_named(name)
    first = _OWN_LINE.get(str(data.get("kind")))
    if first is not None:
        return _from(f"{first} and later", first)
    version = data.get("version")
    if not isinstance(version, str) or parse(version) is None:
        return _from("every release", RELEASES[0].first)
    older = [item.dsl for item in RELEASES if numbers(item.dsl) <= numbers(version)]
    lines = releases_of(older[-1] if older else RELEASES[0].dsl)
    return Target(version, lines[-1], numbers(lines[0].first), lines[-1].highest)


def _from(name: str, first: str) -> Target:
    newest = RELEASES[-1]
    return Target(name, newest, numbers(first), newest.highest)


def within(target: Target, since: str | None, until: str | None) -> bool:
    """True if all releases of the target lie between these two, both included.

    `until="0.15"` stands for all patches of it.
    """
    if since is not None and target.lowest < numbers(since):
        return False
    return until is None or target.highest <= (*numbers(until), 999, 999)[:3]
