"""Which Dify releases write which DSL version, how they compare versions, and what in a document needs which.

From dsl.md 2.1 and 2.2; the rule of the 0.1.5 servers from a recorded Dify 0.15.3 and from the code of a 1.x.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from difyflow.errors import UsageError
from difyflow.nodes._record import Newcomer, numbers

if TYPE_CHECKING:
    from difyflow.dsl.app import App

Status = Literal["completed", "completed-with-warnings", "pending", "failed"]

NO_VERSION = "0.1.0"
"""How Dify reads a file without a version."""


@dataclass(frozen=True, slots=True)
class Releases:
    """Dify releases that share a DSL version.

    Attributes:
        first: the first of them.
        last: the last of them; `x` stands for all that followed, an empty text for none known.
        dsl: the version that they write.
        known: where the answers to an import are known from; empty if these releases give none of those.
    """

    first: str
    last: str
    dsl: str
    known: str = ""

    @property
    def highest(self) -> tuple[int, ...]:
        """The last of them as numbers; 999 stands for all that followed."""
        return numbers(self.last.replace("x", "999")) if self.last else (999,)

    def __str__(self) -> str:
        if not self.last:
            return f"{self.first} and later"
        same_line = self.first.rpartition(".")[0] == self.last.rpartition(".")[0]
        return self.last if same_line and self.last.endswith("x") else f"{self.first} to {self.last}"


RELEASES = (
    Releases("0.6.13", "0.6.x", "0.1.0"),
    Releases("0.7.0", "0.7.x", "0.1.1"),
    Releases("0.8.0", "0.10.x", "0.1.2"),
    Releases("0.11.0", "0.12.x", "0.1.3"),
    Releases("0.13.0", "0.14.1", "0.1.4"),
    Releases("0.14.2", "0.15.x", "0.1.5", "recorded from a 0.15.3"),
    Releases("1.0.0", "1.2.x", "0.1.5", "from the code"),
    Releases("1.3.0", "1.3.x", "0.2.0", "concluded from later ones"),
    Releases("1.4.0", "1.6.x", "0.3.0", "concluded from later ones"),
    Releases("1.7.0", "1.7.x", "0.3.1", "concluded from later ones"),
    Releases("1.8.0", "1.9.x", "0.4.0", "concluded from later ones"),
    Releases("1.10.0", "1.12.x", "0.5.0", "recorded from a 1.12.1"),
    Releases("1.13.0", "1.15.x", "0.6.0", "recorded from a 1.15 in development"),
    Releases("1.16.0", "", "0.7.0", "from documentation"),
)

_PEP_440 = re.compile(
    r"v?(?:\d+!)?(?P<release>\d+(?:\.\d+)*)(?P<pre>[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(?P<post>-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?(?P<dev>[-_.]?dev[-_.]?\d*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class _Version:
    release: tuple[int, ...]
    stage: int
    """-1 before the release itself, 1 after it."""


def parse(version: str) -> _Version | None:
    """A version as Dify compares it; None if it is none (`latest`)."""
    found = _PEP_440.fullmatch(version.strip())
    if found is None:
        return None
    release = tuple(map(int, found["release"].split(".")))
    release += (0,) * (3 - len(release))
    while len(release) > 3 and release[-1] == 0:
        release = release[:-1]
    stage = -1 if found["pre"] or found["dev"] else 1 if found["post"] else 0
    return _Version(release, stage)


def compare(version: str, current: str) -> Status:
    """How a server of DSL version `current` takes a file's version (`check_version_compatibility`).

    Until 0.1.5 a server wants the same major and minor number; later ones take what is older, with warnings.
    """
    imported, own = parse(version), parse(current)
    assert own is not None
    if imported is None:
        return "failed"
    if own.release <= (0, 1, 5):
        if imported.release[:2] != own.release[:2]:
            return "pending"
        return "completed" if imported.release[2] == own.release[2] else "completed-with-warnings"
    if imported > own or imported.release[0] < own.release[0]:
        return "pending"
    return "completed-with-warnings" if imported.release[1] < own.release[1] else "completed"


def releases_of(dsl_version: str) -> tuple[Releases, ...]:
    """The releases that write this DSL version; none if we know none."""
    return tuple(item for item in RELEASES if item.dsl == dsl_version)


@dataclass(frozen=True, slots=True)
class Target:
    """The releases that a user means by `0.6.0`, `dify-1.12` or `dify-1.12.1`.

    Attributes:
        name: as he wrote it.
        releases: the line that they belong to.
        lowest: the oldest of them.
        highest: the newest of them; 999 stands for all patches.
    """

    name: str
    releases: Releases
    lowest: tuple[int, ...]
    highest: tuple[int, ...]


def target_named(name: str) -> Target:
    """Finds the releases that a name stands for.

    Raises:
        UsageError: no DSL version and no release that we know.
    """
    if name.startswith("dify-") and (found := _release_named(name.removeprefix("dify-"))):
        return Target(name, *found)
    if lines := releases_of(name):
        line = lines[-1]
        return Target(name, line, numbers(line.first), line.highest)
    known = ", ".join(dict.fromkeys(item.dsl for item in RELEASES))
    raise UsageError(
        f"{name!r} is no DSL version and no Dify release that is known here",
        code="unknown-release",
        hint=f"DSL versions: {known}; releases are written dify-1.12",
    )


def _release_named(text: str) -> tuple[Releases, tuple[int, ...], tuple[int, ...]] | None:
    if not re.fullmatch(r"\d+(\.\d+){1,2}", text):
        return None
    wanted = numbers(text)
    lowest = (*wanted, 0)[:3]
    highest = (*wanted, 999)[:3]
    line = next((item for item in reversed(RELEASES) if numbers(item.first) <= highest), None)
    return None if line is None or lowest > line.highest else (line, lowest, highest)


def needs(app: App) -> tuple[Newcomer, ...]:
    """What in the document needs which Dify, the newest last; what all releases know is not listed."""
    found = [*app.newcomers(), *_parallel_branches(app), *_new_system_variables(app)]
    return tuple(sorted(found, key=lambda item: numbers(item.since)))


def _parallel_branches(app: App) -> Iterator[Newcomer]:
    ways = Counter((edge.source, edge.sourceHandle) for edge in app.graph.edges)
    for index, edge in enumerate(app.graph.edges):
        if ways.pop((edge.source, edge.sourceHandle), 0) > 1:
            path = ("workflow", "graph", "edges", index)
            yield Newcomer(path, f"parallel branches after {edge.source}", "0.8.0")


_SYSTEM_VARIABLES = {"timestamp": "1.10.0"}


def _new_system_variables(app: App) -> Iterator[Newcomer]:
    for index, node in enumerate(app.nodes):
        for reference in node.data.references():
            root, name, *_ = (*reference.selector, "", "")
            if root == "sys" and name in _SYSTEM_VARIABLES:
                path = ("workflow", "graph", "nodes", index, "data", *reference.path)
                yield Newcomer(path, f"sys.{name}", _SYSTEM_VARIABLES[name])
