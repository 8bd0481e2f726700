"""What a flow refuses as soon as it is said."""

from __future__ import annotations

from typing import get_args

from difyflow.errors import BuildError
from difyflow.nodes._base import NodeData, wrong_types


def refuse_no_node(data: object, *, container: bool = False) -> None:
    """Refuses to add what is no node, and a container as if it held nothing.

    Raises:
        BuildError: the one or the other.
    """
    if not isinstance(data, NodeData):
        raise BuildError(
            f"a {type(data).__name__} is no node",
            hint="add(...) takes what a node does: LLM(...), Code(...), End(...)",
            code="no-node",
        )
    if data.CONTAINER and not container:
        raise BuildError(
            f"{data.type} holds other nodes",
            hint=f"with flow.container({type(data).__name__}(...)) as each: each.add(...)",
            code="container",
        )


def refuse_wrong_types(data: NodeData, node_id: str) -> None:
    """Refuses references of a type with which the node cannot run.

    Raises:
        BuildError: names the first one.
    """
    for wrong in wrong_types(data):
        place = ".".join(str(part) for part in wrong.path)
        raise BuildError(
            f"{node_id!r} ({data.type}): {place} takes {wrong.takes}, "
            f"and {'.'.join(wrong.selector)} is {wrong.kind}",
            code="wrong-type",
        )


def refuse_other_than(choices: object, value: object, name: str, hint: str) -> None:
    """Refuses a value that is none of a `Literal`.

    Raises:
        BuildError: the value is none of the choices.
    """
    known = get_args(choices)
    if value not in known:
        raise BuildError(f"{name} is {' or '.join(map(repr, known))}, and not {value!r}", hint=hint)
