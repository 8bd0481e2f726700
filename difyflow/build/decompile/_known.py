"""References as a person writes them: `llm.text`, of the nodes and variables that a flow has so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from difyflow.build import _python as py
from difyflow.build.refs import ContainerRef, NodeRef, OutputRef
from difyflow.errors import DifyflowError
from difyflow.terms.selector import Selector


class Known:
    """The nodes of the flow beside, and how each is called.

    Attributes:
        nodes: by id.
        names: variable by id of a node; by `root.name` of `sys`, `env` and `conversation` variables.
    """

    def __init__(self, on_unknown: Callable[[], str]) -> None:
        """`on_unknown` gives the name of `Selector` in the generated module."""
        self.nodes: dict[str, NodeRef] = {}
        self.names: dict[str, str] = {}
        self._on_unknown = on_unknown
        self._typed = True

    @contextmanager
    def without_types(self) -> Iterator[None]:
        """Meanwhile references to nodes are bare selectors, which may stand anywhere."""
        self._typed = False
        try:
            yield
        finally:
            self._typed = True

    def add(self, node: NodeRef, name: str) -> None:
        """A node that is written now."""
        self.nodes[node.id], self.names[node.id] = node, name
        if isinstance(node, ContainerRef):
            self.add(node.start, f"{name}.start")

    def dotted(self, selector: Selector) -> str | None:
        """`llm.text`, if that is all there is to it: what may stand in an f-string."""
        expression = self._spoken(selector)
        return expression.text if isinstance(expression, py.Raw) else None

    def reference(self, selector: Selector) -> tuple[Selector, py.Expression]:
        """What a reference is in the flow beside, where it knows its type, and how it is written."""
        expression = self._spoken(selector) if self._typed else None
        if expression is None:
            args = (py.literal(tuple(selector)),) if selector else ()
            return selector, py.Call(self._on_unknown(), args)
        return self._found(selector) or selector, expression

    def _spoken(self, selector: Selector) -> py.Expression | None:
        if len(selector) == 2 and (variable := self.names.get(".".join(selector))):
            return py.Raw(variable)
        found = self._found(selector)
        if found is None:
            return None
        shown: py.Expression = py.Raw(self.names[selector.node_id])
        for owner, step in zip((NodeRef, *(OutputRef for _ in selector)), selector[1:], strict=False):
            if _is_attribute(step, owner) and isinstance(shown, py.Raw):
                shown = py.Raw(f"{shown.text}.{step}")
            elif owner is NodeRef:
                shown = py.Item(shown, step)
            else:
                shown = py.Then(shown, "key", (py.literal(step),))
        return shown

    def _found(self, selector: Selector) -> Selector | None:
        """The same reference by the node that it names; None where that has no such output."""
        node = self.nodes.get(selector.node_id)
        if node is None or len(selector) < 2:
            return None
        try:
            found = node[selector[1]]
            for step in selector[2:]:
                found = found.key(step)
        except DifyflowError:
            return None
        return found


def _is_attribute(name: str, owner: type[NodeRef | OutputRef]) -> bool:
    own = {*dir(owner), *dir(ContainerRef)} if owner is NodeRef else set(dir(owner))
    return py.is_name(name) and not name.startswith("__") and name not in own
