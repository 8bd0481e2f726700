"""Which class of a type with several a node is of: told by its plain data, so that it can be asked alone.

A function here is named after its type and gives the number of the version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def agent(data: Mapping[str, object]) -> str:
    """Version 2 by its `agent_node_kind`, or by its number if there is no strategy."""
    if "agent_node_kind" in data or "agent_binding" in data:
        return "2"
    return "2" if data.get("version") == "2" and "agent_strategy_name" not in data else "1"


def assigner(data: Mapping[str, object]) -> str:
    """Version 2 by its number or, where that was forgotten, by its `items`."""
    return "2" if data.get("version") == "2" or "items" in data else "1"


VARIANTS: Mapping[str, Callable[[Mapping[str, object]], str]] = {"agent": agent, "assigner": assigner}
"""By type."""
