"""Fixtures of the tests of `difyflow.records`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def misprints() -> ModuleType:
    """The manglers that turn samples into what a model might print."""
    path = Path(__file__).parent / "make_jsonl_cases.py"
    spec = importlib.util.spec_from_file_location("make_jsonl_cases", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
