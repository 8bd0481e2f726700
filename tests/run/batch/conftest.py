"""What the tests of batches share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

_DRIVER = Path(__file__).with_name("driver.py")


@pytest.fixture(scope="session")
def driver() -> Any:
    """The module `driver.py` beside this file."""
    spec = importlib.util.spec_from_file_location("batch_driver", _DRIVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
