"""Without the engine, or on a Python that it does not exist for, one clear line says what to do."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from difyflow.errors import MissingExtra, UsageError
from difyflow.run.backends.local import Settings, open_backend


@pytest.mark.parametrize("running", [(3, 11), (3, 14)])
def test_another_python_is_told_which_one_to_take(monkeypatch: Any, running: tuple[int, int]) -> None:
    monkeypatch.setattr(sys, "version_info", (*running, 0, "final", 0))
    with pytest.raises(MissingExtra, match=rf"3\.12 or 3\.13, this is 3\.{running[1]}") as caught:
        open_backend({}, target="x", form=(), settings=Settings())
    assert "pip install 'difyflow[local]'" in str(caught.value)
    assert isinstance(caught.value, UsageError | ImportError)


@pytest.mark.parametrize("missing", ["graphon.engine", "jinja2"])
def test_a_missing_part_is_named(monkeypatch: Any, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=missing) as caught:
        open_backend({}, target="x", form=(), settings=Settings())
    assert "pip install 'difyflow[local]'" in str(caught.value)


def test_without_the_client_library_only_models_are_missed(monkeypatch: Any, local: Any, flows: Any) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtra, match="openai"):
        local.open(flows.question(), model_endpoint="http://127.0.0.1:9/v1")
    assert local.result(flows.question(), {"q": "one two three four"}).ok


def test_the_engine_is_loaded_only_when_a_backend_is_opened(in_new_python: Any) -> None:
    code = (
        "import sys, difyflow.run.backends.local\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'graphon', 'openai', 'jinja2', 'httpx', 'pandas', 'docx'}))"
    )
    done = in_new_python("-c", code)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.long  # a fresh interpreter with the engine
def test_a_demo_run_does_not_load_the_client_library_nor_pandas(in_new_python: Any) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from difyflow.dsl.reader import read_values\n"
        "from difyflow.run.backends.local import Settings, open_backend\n"
        "data = read_values(Path('tests/seed/fine-tune-corpus.yml'))\n"
        "settings = Settings(model_endpoint='demo')\n"
        "open_backend(data, target='x', form=(), settings=settings).close()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'openai', 'pandas', 'docx'}))"
    )
    assert in_new_python("-c", code).stdout.strip() == "[]"
