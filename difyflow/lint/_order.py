"""What comes before what in one part of a graph: the canvas, or the inside of a container.

Works on numbers. A way out of a branching node is a vertex of its own, so that "passes through it" can be
asked of dominators: a vertex dominates another if every path from the entries to that one leads through it.
The cost is that of the edges; only which of two vertices can reach the other, where neither dominates, costs
more, and is answered for many pairs at once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

_ROOT = 0
_BATCH = 1024
"""Vertices whose descendants are followed at the same time, a bit for each."""


class Order:
    """An order of vertices; 0 is a root in front of all entries.

    Attributes:
        reached: by vertex, whether a path from the root leads to it.
        back: edges (source, target) that close a cycle.
    """

    def __init__(self, after: Sequence[Sequence[int]]) -> None:
        """Takes for every vertex, the root first, those that its edges lead to."""
        self._after = after
        count = len(after)
        self.reached = [False] * count
        self.back: list[tuple[int, int]] = []
        self._sequence = self._search()
        self._rank = {vertex: rank for rank, vertex in enumerate(self._sequence)}
        self._parent = list(range(count))
        self._depth = [0] * count
        self._jump = list(range(count))
        self._find_dominators()
        self._answers: dict[tuple[int, int], bool] = {}

    def _search(self) -> list[int]:
        """The reached vertices, each behind all that lead to it but by `back` edges."""
        unseen, open_, done = 0, 1, 2
        state = [unseen] * len(self._after)
        finished: list[int] = []
        stack = [(_ROOT, iter(self._after[_ROOT]))]
        state[_ROOT] = open_
        self.reached[_ROOT] = True
        while stack:
            vertex, targets = stack[-1]
            for target in targets:
                if state[target] == unseen:
                    state[target] = open_
                    self.reached[target] = True
                    stack.append((target, iter(self._after[target])))
                    break
                if state[target] == open_:
                    self.back.append((vertex, target))
            else:
                state[vertex] = done
                finished.append(vertex)
                stack.pop()
        finished.reverse()
        return finished

    def _find_dominators(self) -> None:
        """Cooper, Harvey and Kennedy in one pass, for there is no cycle in the order; with jump pointers."""
        known: set[int] = {_ROOT}
        for vertex in self._sequence:
            for target in self._after[vertex]:
                if self._rank[target] <= self._rank[vertex]:
                    continue
                if target in known:
                    parent = self.nearest(self._parent[target], vertex)
                else:
                    known.add(target)
                    parent = vertex
                self._parent[target] = parent
            # What leads to the next vertex of the sequence is all seen: its place is final.
            following = self._rank[vertex] + 1
            if following < len(self._sequence):
                self._settle(self._sequence[following])

    def _settle(self, vertex: int) -> None:
        parent = self._parent[vertex]
        self._depth[vertex] = self._depth[parent] + 1
        far = self._jump[parent]
        even = self._depth[parent] - self._depth[far] == self._depth[far] - self._depth[self._jump[far]]
        self._jump[vertex] = self._jump[far] if even else parent

    def dominator(self, vertex: int) -> int:
        """The nearest vertex that every path to this one leads through; the root for the root."""
        return self._parent[vertex]

    def nearest(self, one: int, other: int) -> int:
        """The nearest vertex that dominates both."""
        if self._depth[one] > self._depth[other]:
            one, other = other, one
        other = self._raised(other, self._depth[one])
        while one != other:
            if self._jump[one] != self._jump[other]:
                one, other = self._jump[one], self._jump[other]
            else:
                one, other = self._parent[one], self._parent[other]
        return one

    def _raised(self, vertex: int, depth: int) -> int:
        """The dominator of a vertex at this depth."""
        while self._depth[vertex] > depth:
            far = self._jump[vertex]
            vertex = far if self._depth[far] >= depth else self._parent[vertex]
        return vertex

    def below(self, top: int, vertex: int) -> int:
        """On the way from `vertex` up to its dominator `top`, the last vertex before it."""
        return self._raised(vertex, self._depth[top] + 1)

    def dominates(self, one: int, other: int) -> bool:
        """True if every path to `other` leads through `one`; every vertex dominates itself."""
        return self._depth[one] <= self._depth[other] and self._raised(other, self._depth[one]) == one

    def lengths(self, counted: Container[int]) -> list[int]:
        """By vertex, how many of the counted vertices are on the longest way from the root to it."""
        found = [0] * len(self._after)
        for vertex in self._sequence:
            found[vertex] += vertex in counted
            for target in self._after[vertex]:
                if self._rank[target] > self._rank[vertex]:
                    found[target] = max(found[target], found[vertex])
        return found

    def prepare(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Finds out at once for many pairs whether the first reaches the second."""
        asked: dict[int, list[int]] = {}
        for one, other in pairs:
            if (one, other) not in self._answers:
                asked.setdefault(one, []).append(other)
        sources = list(asked)
        for start in range(0, len(sources), _BATCH):
            batch = sources[start : start + _BATCH]
            marks = self._marked(batch)
            for bit, one in enumerate(batch):
                for other in asked[one]:
                    self._answers[one, other] = bool(marks.get(other, 0) >> bit & 1)

    def _marked(self, sources: Sequence[int]) -> dict[int, int]:
        """By vertex, a bit for each of the sources that comes before it."""
        bits = {vertex: 1 << bit for bit, vertex in enumerate(sources)}
        first = min((self._rank.get(vertex, 0) for vertex in sources), default=0)
        marks: dict[int, int] = {}
        for vertex in self._sequence[first:]:
            mark = marks.get(vertex, 0) | bits.get(vertex, 0)
            if mark:
                for target in self._after[vertex]:
                    if self._rank[target] > self._rank[vertex]:
                        marks[target] = marks.get(target, 0) | mark
        return marks

    def reaches(self, one: int, other: int) -> bool:
        """True if a path leads from one vertex to the other one."""
        if one == other or not (self.reached[one] and self.reached[other]):
            return False
        if self.dominates(one, other):
            return True
        if (one, other) not in self._answers:
            self.prepare([(one, other)])
        return self._answers[one, other]
