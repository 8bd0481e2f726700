"""What all tests share: golden files, the corpus beside the checkout, a clean environment, profiles.

Conventions:
- `@pytest.mark.long`: takes more than about two seconds; left out of `make test`.
- `@pytest.mark.local`: needs the packages of `difyflow[local]`. Everything under `tests/run/backends/local`
  is marked so without saying it, and is not even imported with `--core`.
- `pytest --core` runs what a bare `pip install difyflow` must be able to do. Without `--core` nothing is left
  out, so a missing package fails and is never skipped in silence.
"""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / "tests" / "run" / "backends" / "local"
GOLDEN = ROOT / "tests" / "golden"

# No deadline: a loaded machine must not fail a property. The small profile repeats the same examples in each
# run, so that a red build is red again; the big one looks for new ones, except in CI.
settings.register_profile("small", max_examples=40, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "big",
    max_examples=500,
    deadline=None,
    database=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "small"))

# A runner in the background of a shell is started with Ctrl-C ignored, which the processes that tests start
# and interrupt would inherit.
_in_main = threading.current_thread() is threading.main_thread()
if _in_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def calls_made(function: Callable[[Any], object], argument: Any) -> int:
    """How many Python and C functions one call makes: its work, on any machine the same."""
    count = 0

    def one_more(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(one_more)
    try:
        function(argument)
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def work() -> Callable[[Callable[[Any], object], Any], int]:
    """Counts the calls that a function makes on one argument; in the place of a clock."""
    return calls_made


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")
    parser.addoption("--core", action="store_true", help="leave out tests that need difyflow[local]")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    inside = collection_path == LOCAL or LOCAL in collection_path.parents
    return True if inside and config.getoption("--core") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if LOCAL in item.path.parents:
            item.add_marker(pytest.mark.local)
    if config.getoption("--core"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("local")])
        items[:] = [item for item in items if not item.get_closest_marker("local")]


def _is_foreign(name: str) -> bool:
    return (
        name.startswith(("DIFY_", "DIFYFLOW_"))
        or name.endswith(("_API_KEY", "_BASE_URL", "_ENDPOINT"))
        or name.lower().endswith("_proxy")
    )


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """No key, server or proxy of the person who runs the tests reaches them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if _is_foreign(name) and name != "DIFYFLOW_CORPUS"]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of real public DSL files, which is not part of the repository; skips without it."""
    folder = Path(os.environ.get("DIFYFLOW_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip("no corpus: set DIFYFLOW_CORPUS to its folder")
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """`golden(path, text)` compares text with a file, byte for byte.

    A relative path lies under `tests/golden`. `--update-golden` rewrites the file; without it a missing file
    is a failure.
    """

    def compare(path: str | Path, text: str) -> None:
        file = GOLDEN / path
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        if not file.is_file():
            pytest.fail(f"no golden file {file.relative_to(ROOT)}; `pytest --update-golden` writes it")
        assert text == file.read_bytes().decode(), f"differs from {file.relative_to(ROOT)}"

    return compare


@pytest.fixture(scope="session")
def in_new_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`in_new_python(*arguments, **options)` runs a fresh interpreter, outside the checkout's tests.

    Options go to `subprocess.run`; output is captured as text, and the run ends after 60 s.
    """

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        given = {"capture_output": True, "encoding": "utf-8", "timeout": 60, "cwd": ROOT, **options}
        return subprocess.run([sys.executable, *arguments], check=False, **given)

    return run


sys.path.insert(0, str(ROOT / "tests"))  # for `loopback`, the servers that tests talk to


@pytest.fixture(scope="session")
def loopback() -> Any:
    """The package `tests/loopback`: servers made of recorded answers."""
    import loopback as package

    return package


@pytest.fixture(scope="session")
def recording(loopback: Any) -> Callable[[str, str], Any]:
    """`recording("1.12.1", "run/seed-streaming")` is a recorded exchange."""
    return loopback.load


@pytest.fixture
def dify(loopback: Any) -> Iterator[Callable[..., Any]]:
    """`dify("1.12.1", ...)` starts a server that behaves like a Dify of that version."""
    servers: list[Any] = []

    def start(version: str = "1.12.1", **options: Any) -> Any:
        servers.append(loopback.Dify(version, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def flow(root: Path) -> Callable[..., dict[str, Any]]:
    """The data of a recorded file with a secret, for a server's own DSL version; three of its nodes."""
    import yaml

    text = (root / "tests/recordings/1.12.1/inputs/flow.yml").read_text(encoding="utf-8")
    known = yaml.load(text, yaml.CSafeLoader)
    graph = known["workflow"]["graph"]
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] in ("start", "split", "end")]
    graph["edges"] = [edge for edge in graph["edges"] if edge["target"] == "split"]

    def data(server: str = "1.12.1", **changes: Any) -> dict[str, Any]:
        own = {"0.15.3": "0.1.5", "1.12.1": "0.5.0", "1.15-dev": "0.6.0"}[server]
        return {**copy.deepcopy(known), "version": own, **changes}

    return data


@pytest.fixture
def console(loopback: Any) -> Iterator[Callable[..., Any]]:
    """`console(version, ...)` starts a console."""
    servers: list[Any] = []

    def start(version: str = "1.12.1", **options: Any) -> Any:
        servers.append(loopback.Console(version, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
