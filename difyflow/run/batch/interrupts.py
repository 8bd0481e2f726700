"""Ctrl-C during a batch: once to finish what runs, twice to stop it, three times to leave at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LEAVE_AT_ONCE = 3


class Interrupts:
    """Counts them, and has done what each one means.

    Args:
        finish: called the first time, in a signal handler: nothing new is to begin.
        stop: called the second time: what runs is to be stopped.
    """

    def __init__(self, *, finish: Callable[[], None], stop: Callable[[], None]) -> None:
        self._finish, self._stop = finish, stop
        self.count = 0

    def interrupt(self) -> None:
        """One more.

        Raises:
            KeyboardInterrupt: the third time.
        """
        self.count += 1
        if self.count == 1:
            self._finish()
        elif self.count < LEAVE_AT_ONCE:
            self._stop()
        else:
            raise KeyboardInterrupt

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ctrl-C counts as an interrupt, in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def caught(_number: int, _frame: FrameType | None) -> None:
            self.interrupt()

        before = signal.signal(signal.SIGINT, caught)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
