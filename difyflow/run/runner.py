"""Carries one run from checked inputs to its result."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from difyflow.records.events import Event
from difyflow.records.result import Result
from difyflow.run.backend import Backend, Run


def unique_user() -> str:
    """A `user` for one run: its first 30 characters are unique, for that is what Dify's logs search by."""
    return f"difyflow-{secrets.token_hex(10)}"


def execute(
    backend: Backend,
    inputs: Mapping[str, object],
    *,
    on_event: Callable[[Event], None],
    user: str | None = None,
    query: str = "",
    conversation_id: str = "",
) -> Result:
    """Runs once and tells every event.

    Ctrl-C asks the run to stop and waits for its end; a second one leaves at once.

    Raises:
        ApiError: the server refused the run.
        ConnectionLost: its outcome could not be learned.
        KeyboardInterrupt: the second Ctrl-C.
    """
    run = backend.start(inputs, user=user or unique_user(), query=query, conversation_id=conversation_id)
    with _stopping_on_interrupt(run):
        for event in run.events():
            on_event(event)
    return run.result()


@contextmanager
def _stopping_on_interrupt(run: Run) -> Iterator[None]:
    """SIGINT asks the run to stop, from a thread: the call may wait on the network."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopper: list[threading.Thread] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if stopper:
            raise KeyboardInterrupt
        stopper.append(threading.Thread(target=run.stop, daemon=True))
        stopper[0].start()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
