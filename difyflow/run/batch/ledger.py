"""What became of each row so far: an entry of a few bytes for each, kept in step with the journal."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from difyflow.records.result import RunStatus

NEW, SENT, INVALID = "new", "sent", "invalid"
_NAMES = (NEW, SENT, INVALID, *RunStatus)
_CODES = {str(name): code for code, name in enumerate(_NAMES)}
FINAL = frozenset(str(one) for one in RunStatus)
_WANTED = _CODES[NEW]


@dataclass(frozen=True, slots=True)
class Key:
    """A row of the batch and which of its repeats, both from 1."""

    row: int
    repeat: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A run whose end is not known.

    Attributes:
        attempt: from 1; part of the run's `user`.
        digest: of the row's inputs.
        at: when it was to be sent, Unix seconds.
        stopping: we asked for it to stop.
        blocking: it answers at its end only, and lives on without its client on every server.
    """

    attempt: int = 1
    digest: str = ""
    at: float = 0.0
    run_id: str = ""
    task_id: str = ""
    stopping: bool = False
    blocking: bool = False


def user_of(batch: str, key: Key, attempt: int) -> str:
    """The `user` of a run: 29 characters, of which Dify's log search reads 30, and no two are alike."""
    return f"df-{batch}-{key.row:08d}-{key.repeat:03d}-{attempt:02d}"


class Ledger:
    """The states of `rows` x `repeat` runs; 9 bytes each, and more only for those that are under way."""

    def __init__(self, rows: int, repeat: int) -> None:
        self.rows, self.repeat = rows, repeat
        self._state = bytearray(rows * repeat)
        self._at = array("q", bytes(8 * rows * repeat))
        self.open: dict[int, Sent] = {}
        self.attempts: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._state)

    def index(self, key: Key) -> int:
        """Position of a run in the order of the input."""
        return (key.row - 1) * self.repeat + key.repeat - 1

    def key(self, index: int) -> Key:
        """The reverse of `index`."""
        row, repeat = divmod(index, self.repeat)
        return Key(row + 1, repeat + 1)

    def state(self, index: int) -> str:
        """`new`, `sent`, `invalid` or the status of its result."""
        return str(_NAMES[self._state[index]])

    def at(self, index: int) -> int:
        """Where the result stands: byte in the file of results."""
        return self._at[index]

    def attempt(self, index: int) -> int:
        """Which try the next one is, from 1."""
        return self.attempts.get(index, 1)

    def sending(self, index: int, sent: Sent) -> None:
        """It is about to be sent."""
        self._state[index] = _CODES[SENT]
        self.open[index] = sent

    def given(self, index: int) -> None:
        """It is under way in this process, or waits to be sent again."""
        self._state[index] = _CODES[SENT]

    def place(self, index: int, at: int) -> None:
        """Its result was written there."""
        self._at[index] = at

    def started(self, index: int, run_id: str, task_id: str) -> None:
        """The server has named it."""
        self.open[index] = replace(self.open.get(index, Sent()), run_id=run_id, task_id=task_id)

    def stopping(self, index: int) -> None:
        """We asked for it to stop."""
        self.open[index] = replace(self.open.get(index, Sent()), stopping=True)

    def unsent(self, index: int) -> None:
        """It was refused before a run existed."""
        self._state[index] = _WANTED
        self.open.pop(index, None)

    def again(self, index: int, attempt: int) -> None:
        """It is to be run anew."""
        self.attempts[index] = attempt
        self.unsent(index)

    def done(self, index: int, status: str, at: int) -> None:
        """It has a result; of an unknown one the ids are kept, it may be found later."""
        self._state[index] = _CODES[status]
        self._at[index] = at
        if status != RunStatus.UNKNOWN:
            self.open.pop(index, None)

    def lost_result(self, index: int) -> None:
        """Its result is not on the disk although the journal says so."""
        self._state[index] = _CODES[SENT]
        self.open.setdefault(index, Sent(attempt=self.attempt(index)))

    def invalid(self, row: int) -> None:
        """The row does not fit the inputs and is left out."""
        for repeat in range(1, self.repeat + 1):
            self._state[self.index(Key(row, repeat))] = _CODES[INVALID]

    def next_new(self, start: int) -> int:
        """The first one from `start` on that is to be sent; -1 if there is none."""
        return self._state.find(_WANTED, start)

    def all_in(self, *states: str) -> Iterator[int]:
        """The positions with one of these states, in order."""
        codes = {_CODES[str(one)] for one in states}
        return (index for index, code in enumerate(self._state) if code in codes)

    def counts(self) -> dict[str, int]:
        """How many have which state; only states that occur."""
        return {str(_NAMES[code]): count for code, count in sorted(Counter(self._state).items())}
