"""What a flow's code handles: nodes whose outputs are attributes, and the references they give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NoReturn, Protocol, Self, TypeVar

from difyflow.errors import BuildError, NoSuchOutput
from difyflow.nodes._base import NodeData
from difyflow.nodes._condition import Condition
from difyflow.nodes._record import Number
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

Target = TypeVar("Target", bound="NodeRef | tuple[NodeRef, ...] | list[NodeRef]")
"""What `>>` leads to: a node, or several side by side."""


class OutputRef(Selector):
    """A reference that knows its type; its attributes are the keys inside: `start.file.name`."""

    _var: OutputVar

    def __new__(cls, path: Iterable[str], var: OutputVar) -> Self:
        """A reference to the variable at this path."""
        made = super().__new__(cls, path)
        made._var = var
        return made

    @property
    def type(self) -> VarType:
        """Type of the variable."""
        return self._var.type

    def __getattr__(self, name: str) -> OutputRef:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.key(name)

    def _judged(self, other: object) -> NoReturn:
        raise BuildError(
            f"{'.'.join(self)} has no value yet that could be compared with {other!r}",
            hint=f"say a condition: when({'.'.join(self)}) > 3, when(...).is_('x'), when(...).not_empty()",
        )

    __lt__ = __le__ = __gt__ = __ge__ = _judged

    def key(self, name: str) -> OutputRef:
        """The key inside with this name; for names that an attribute cannot have (`type`, `count`).

        Raises:
            NoSuchOutput: the variable is known not to have it.
        """
        child = self._var.child(name)
        if child is None:
            known = ", ".join(item.name for item in self._var.children or ())
            raise NoSuchOutput(
                f"{'.'.join(self)} ({self.type}) has no key {name!r}",
                hint=f"it has: {known}" if known else "only objects and files have keys",
            )
        return OutputRef((*self, name), child)


class Canvas(Protocol):
    """What nodes ask of the flow that they belong to."""

    def add(
        self,
        data: NodeData,
        *,
        id: str | None = None,
        at: tuple[Number, Number] | None = None,
        inside: ContainerRef | None = None,
    ) -> NodeRef:
        """Puts a node on the canvas."""
        ...

    def connect(self, source: NodeRef, target: NodeRef, *, handle: str = "source") -> None:
        """Adds an edge."""
        ...

    def container(
        self,
        data: NodeData,
        *,
        id: str | None = None,
        at: tuple[Number, Number] | None = None,
        inside: ContainerRef | None = None,
    ) -> ContainerRef:
        """Puts an iteration or a loop on the canvas."""
        ...

    def set_data(self, node: NodeRef, **changes: object) -> NodeData:
        """Sets fields of a node that is on the canvas."""
        ...


class NodeRef:
    """A node of a flow: its outputs are attributes, `>>` connects it.

    `node["name"]` gives an output whose name an attribute cannot have.
    """

    __slots__ = ("_flow", "data", "id")

    def __init__(self, flow: Canvas, node_id: str, data: NodeData) -> None:
        self._flow = flow
        self.id = node_id
        self.data = data

    def is_of(self, flow: Canvas) -> bool:
        """True for a node of this flow."""
        return self._flow is flow

    def __getattr__(self, name: str) -> OutputRef:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> OutputRef:
        known = self.data.all_outputs()
        for var in known:
            if var.name == name:
                return OutputRef((self.id, name), var)
        if self.data.open_outputs():
            return OutputRef((self.id, name), OutputVar(name, VarType.ANY))
        names = ", ".join(var.name for var in known)
        raise NoSuchOutput(
            f"node {self.id!r} ({self.data.type or 'note'}) has no output {name!r}",
            hint=f"it has: {names}" if names else "it has no outputs",
        )

    def __rshift__(self, other: Target) -> Target:
        return Way(self, "source") >> other

    def __rrshift__(self, others: Sequence[NodeRef]) -> Self:
        """`(one, other) >> node`: this node follows both."""
        for source in others:
            source >> self
        return self

    def on(self, handle: str) -> Way:
        """The way out with this handle: a case, a class, an action or `fail-branch`.

        Raises:
            NoSuchOutput: the node has no such handle.
        """
        known = [item.id for item in self.data.source_handles()]
        if handle not in known:
            hint = f"it has: {', '.join(known) or 'none'}"
            if handle == "fail-branch" and self.data.CAN_FAIL:
                hint = f"it has one with {type(self.data).__name__}(error_strategy='fail-branch', ...)"
            raise NoSuchOutput(f"node {self.id!r} ({self.data.type}) has no way out {handle!r}", hint=hint)
        return Way(self, handle)

    def __format__(self, spec: str) -> str:
        names = [var.name for var in self.data.all_outputs()]
        raise BuildError(
            f"a text names node {self.id!r} itself, and not what it puts out",
            hint=f"name an output: {', '.join(names)}" if names else "it has no outputs",
        )

    def __repr__(self) -> str:
        return f"<{self.data.type or 'note'} {self.id!r}>"


class ContainerRef(NodeRef):
    """An iteration or loop: what is added to it runs once per round; `start` is where a round begins.

    Inside, `item` and `index` of an iteration and the variables of a loop are attributes, like outputs.
    """

    __slots__ = ("start",)

    def __init__(self, flow: Canvas, node_id: str, data: NodeData, start: NodeRef) -> None:
        super().__init__(flow, node_id, data)
        self.start = start

    def __getitem__(self, name: str) -> OutputRef:
        for var in self.data.inner_variables():
            if var.name == name:
                return OutputRef((self.id, name), var)
        return super().__getitem__(name)

    def add(
        self, data: NodeData, *, id: str | None = None, at: tuple[Number, Number] | None = None
    ) -> NodeRef:
        """Puts a node into the container; see `Flow.add`."""
        return self._flow.add(data, id=id, at=at, inside=self)

    def container(
        self, data: NodeData, *, id: str | None = None, at: tuple[Number, Number] | None = None
    ) -> ContainerRef:
        """Puts a container into the container; the editor offers that nowhere, but files may have it."""
        return self._flow.container(data, id=id, at=at, inside=self)

    def gives(self, output: Selector, *, output_type: str | None = None) -> None:
        """Says which variable of a round an iteration collects: its `output_selector`.

        Args:
            output: put out by a node inside.
            output_type: type of the list; default: by the type of the output.
        """
        more = {"output_type": output_type} if output_type else {}
        self.data = self._flow.set_data(self, output_selector=output, **more)

    def until(self, *conditions: Condition, logical_operator: Literal["and", "or"] | None = None) -> None:
        """Says when a loop ends before its last round, by its own variables: its `break_conditions`.

        Args:
            conditions: `when(loop.tries) >= 3`.
            logical_operator: whether all must hold, or any; default: as the loop says, else `and`.
        """
        more = {"logical_operator": logical_operator} if logical_operator else {}
        self.data = self._flow.set_data(self, break_conditions=conditions, **more)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Way:
    """One way out of a node; as a block it shows what lies on it: `with ask.on("no") as no:`."""

    __slots__ = ("_handle", "_node")

    def __init__(self, node: NodeRef, handle: str) -> None:
        self._node = node
        self._handle = handle

    def __rshift__(self, other: Target) -> Target:
        targets: Sequence[NodeRef] = (other,) if isinstance(other, NodeRef) else other
        for target in targets:
            if not isinstance(target, NodeRef):
                raise BuildError(
                    f"{self._node!r} >> {target!r}: a {type(target).__name__} is no node of a flow",
                    hint="first: node = flow.add(...)",
                )
            self._node._flow.connect(self._node, target, handle=self._handle)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None
