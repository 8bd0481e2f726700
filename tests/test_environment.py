"""The tests reach no network and see nothing of the person who runs them."""

from __future__ import annotations

import os
import socket

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as plug, pytest.raises(SocketConnectBlockedError):
        plug.connect(("192.0.2.1", 80))


def test_a_connection_to_this_machine_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as plug:
        plug.connect(server.getsockname())


def test_no_key_and_no_proxy_reaches_a_test() -> None:
    assert [name for name in os.environ if name.endswith("_API_KEY") or name.lower().endswith("_proxy")] == []


def test_a_warning_is_an_error() -> None:
    with pytest.raises(UserWarning):
        import warnings

        warnings.warn("something is about to change", UserWarning, stacklevel=1)
