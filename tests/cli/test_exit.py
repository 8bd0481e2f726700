from __future__ import annotations

import inspect

from difyflow import errors
from difyflow.cli import _exit


def test_every_error_of_the_tree_has_a_code_of_its_own_kind() -> None:
    kinds = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
    ]
    assert errors.DifyflowError in kinds
    for kind in kinds:
        if kind is not errors.DifyflowError:
            assert any(issubclass(kind, known) for known, _ in _exit._BY_TYPE), kind.__name__


def test_the_codes_are_those_that_the_manual_lists() -> None:
    listed = {int(line.split()[0]) for line in (_exit.__doc__ or "").splitlines() if line[:1].isdigit()}
    named = {value for name, value in vars(_exit).items() if name.isupper() and isinstance(value, int)}
    assert listed == named
