"""What the client's tests share: servers of scripted answers and a client that does not sleep."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

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
