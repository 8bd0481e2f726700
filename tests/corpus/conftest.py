"""Lines of made-up corpora."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def line() -> Any:
    """`line(("user", "a"), ("assistant", "b"), tools=[])` is a line of a corpus."""

    def make(*messages: Any, **more: Any) -> Any:
        turns = [{"role": role, "content": content} for role, content in messages]
        return (json.dumps({"messages": turns, **more}, ensure_ascii=False) + "\n").encode()

    return make


@pytest.fixture(scope="session")
def asked(line: Callable[..., bytes]) -> Any:
    """`asked(question, answer)` is a line with one pair and a system text."""
    return lambda question, answer, system="你是消防系统专家": line(
        ("system", system), ("user", question), ("assistant", answer)
    )
