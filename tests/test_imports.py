"""What an import may load, told by the list of modules in a fresh interpreter and not by a stopwatch."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
from collections.abc import Callable
from importlib.metadata import version
from subprocess import CompletedProcess

import click
import pytest

import difyflow
from difyflow import _catalog
from difyflow.cli import commands
from difyflow.cli.main import group

Fresh = Callable[..., CompletedProcess[str]]

# Prints the top-level modules that a piece of code loads beyond those that every start of Python loads (which
# may include what .pth files of the environment bring) and beyond the standard library.
_FOREIGN = """
import json, sys
before = {name.partition(".")[0] for name in sys.modules}
try:
    %s
finally:
    after = {name.partition(".")[0] for name in sys.modules}
    print("\\n" + json.dumps(sorted(after - before - set(sys.stdlib_module_names))))
"""


def _foreign_modules(in_new_python: Fresh, code: str) -> set[str]:
    ended = in_new_python("-c", _FOREIGN % code)
    assert ended.stdout, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def _command_line(*arguments: str) -> str:
    return f"sys.argv = {['difyflow', *arguments]!r}; from difyflow.cli.main import main; main()"


def test_importing_difyflow_loads_no_third_party_module(in_new_python: Fresh) -> None:
    assert _foreign_modules(in_new_python, "import difyflow") == {"difyflow"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_help_of_the_group_loads_click_only(in_new_python: Fresh, option: str) -> None:
    assert _foreign_modules(in_new_python, _command_line(option)) == {"difyflow", "click"}


def test_the_help_of_the_group_imports_no_command(in_new_python: Fresh) -> None:
    code = f"""
import sys
try:
    {_command_line("--help")}
finally:
    print([name for name in sys.modules if name.startswith("difyflow.cli.commands.")])
"""
    ended = in_new_python("-c", code)
    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr


@pytest.mark.parametrize("name", _catalog.names(commands))
def test_a_command_loads_click_only_until_it_is_run(in_new_python: Fresh, name: str) -> None:
    assert _foreign_modules(in_new_python, _command_line(name, "--help")) == {"difyflow", "click"}


def test_the_check_of_modules_sees_a_third_party_module(in_new_python: Fresh) -> None:
    assert "click" in _foreign_modules(in_new_python, "import click")


@pytest.mark.parametrize("name", _catalog.names(commands))
def test_every_command_answers_help_with_a_summary_and_examples(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    shown = command.get_help(click.Context(command, info_name=name))
    first, *rest = (command.help or "").strip().splitlines()
    assert first.endswith(".")
    assert len(first) <= 90
    assert first in " ".join(shown.split())
    assert "Examples:" in [line.strip() for line in shown.splitlines()]
    assert any(f"difyflow {name} " in f"{line} " for line in shown.partition("Examples:")[2].splitlines())
    assert not rest or not rest[0].strip(), "the summary is one line"


@pytest.mark.parametrize("name", _catalog.names(commands))
def test_the_list_of_commands_has_a_one_line_summary_for_each(name: str) -> None:
    summary = _catalog.summary(commands, name)
    assert summary.endswith(".")
    assert len(summary) <= 78


def test_every_public_name_resolves_once() -> None:
    assert len(difyflow.__all__) == len(set(difyflow.__all__))
    for name in difyflow.__all__:
        assert getattr(difyflow, name).__name__ == name or callable(getattr(difyflow, name))


def test_the_public_list_is_complete() -> None:
    assert set(difyflow._HOME) == set(difyflow.__all__)
    assert {"App", "Flow", "Result", "load", "read"} <= set(difyflow.__all__)
    assert set(difyflow.__all__) <= set(dir(difyflow))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'flow_of_nothing'"):
        _ = difyflow.flow_of_nothing


@pytest.mark.local
def test_every_local_adapter_can_be_imported() -> None:
    local = importlib.import_module("difyflow.run.backends.local")
    names = [info.name for info in pkgutil.walk_packages(local.__path__, f"{local.__name__}.")]
    assert names, "no adapter was found"
    for name in names:
        if not name.endswith("__main__"):
            importlib.import_module(name)


def test_the_engine_is_installed_just_where_its_tests_run(request: pytest.FixtureRequest) -> None:
    """Neither can the tests that need it be skipped in silence, nor can those of the core lean on it."""
    if request.config.getoption("--core"):
        assert importlib.util.find_spec("graphon") is None, "--core is for where it is missing"
    else:
        assert version("graphon") == "0.8.0"
