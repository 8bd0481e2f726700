"""Short ways to ask a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from difyflow.nodes._base import NodeData, class_for
from difyflow.nodes._record import READING


@pytest.fixture(scope="session")
def read() -> Callable[..., NodeData]:
    """`read("code", outputs={...})`: node data as it comes out of a file."""

    def from_file(node_type: str, **fields: Any) -> NodeData:
        data = {"type": node_type, **fields}
        found = class_for("custom", data).model_validate(data, context=READING)
        assert found.type == node_type
        return found

    return from_file


@pytest.fixture(scope="session")
def outputs() -> Callable[[NodeData], dict[str, str]]:
    """The outputs that the editor offers, by name, with their types."""

    def by_name(node: NodeData) -> dict[str, str]:
        return {item.name: str(item.type) for item in node.output_variables() if not item.run_time_only}

    return by_name


@pytest.fixture(scope="session")
def handles() -> Callable[[NodeData], list[str]]:
    """The ids of the ways out."""

    def ids(node: NodeData) -> list[str]:
        return [item.id for item in node.source_handles()]

    return ids


@pytest.fixture(scope="session")
def refs() -> Callable[[NodeData], dict[str, str]]:
    """The references: `{"url": "start.id"}`; several in one text are joined by a comma."""

    def by_path(node: NodeData) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for item in node.references():
            found.setdefault(".".join(map(str, item.path)), []).append(".".join(item.selector))
        return {path: ", ".join(names) for path, names in found.items()}

    return by_path
