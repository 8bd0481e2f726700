"""What the client's tests share: servers of scripted answers and a client that does not sleep."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from difyflow.client.app_api import AppApi
from difyflow.client.console_api import ConsoleApi
from difyflow.client.faults import Retries
from difyflow.client.transport import Connection, Timeouts

KEY = "app-0123456789abcdefWXYZ"


@pytest.fixture
def server(loopback: Any) -> Iterator[Any]:
    """A server of scripted answers."""
    with loopback.Server() as one:
        yield one


@pytest.fixture(scope="session")
def answer_of(loopback: Any) -> Callable[..., Any]:
    """`answer_of(recording)` is what a server sends to give the recorded answer."""
    return loopback.Answer.of


@pytest.fixture
def waited() -> list[float]:
    """The seconds that the client of `api` would have slept."""
    return []


@pytest.fixture
def api(waited: list[float]) -> Iterator[Callable[..., AppApi]]:
    """`api(url, **options of Connection)` is a client that does not sleep and waits for nothing long."""
    opened: list[AppApi] = []

    def connect(
        url: str, *, key: str = KEY, stream_s: float = 3.0, read_s: float = 3.0, **options: Any
    ) -> AppApi:
        settings = {
            "timeouts": Timeouts(connect_s=2, read_s=read_s, stream_s=stream_s, blocking_s=read_s),
            "retries": Retries(unreachable=2, broken=3, rate_limited=4),
            "sleep": waited.append,
            "jitter": lambda: 1.0,
            **options,
        }
        opened.append(AppApi(url, key, connection=Connection(**settings)))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def flow(root: Path) -> Callable[..., dict[str, Any]]:
    """The data of a recorded file with a secret, for a server's own DSL version."""
    text = (root / "tests/recordings/1.12.1/inputs/flow.yml").read_text(encoding="utf-8")
    known = yaml.load(text, yaml.CSafeLoader)

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


@pytest.fixture
def connect() -> Iterator[Callable[..., ConsoleApi]]:
    """`connect(server)` is a client of it that does not sleep; it has not logged in."""
    opened: list[ConsoleApi] = []

    def make(
        server: Any, *, password: str = "Loopback-geheim-1", url: str | None = None, read_s: float = 3.0
    ) -> ConsoleApi:
        how = Connection(
            timeouts=Timeouts(connect_s=2, read_s=read_s),
            retries=Retries(unreachable=2, broken=2, rate_limited=2),
            sleep=lambda _seconds: None,
        )
        opened.append(
            ConsoleApi(url or server.url, email="admin@example.com", password=password, connection=how)
        )
        return opened[-1]

    yield make
    for api in opened:
        api.close()
