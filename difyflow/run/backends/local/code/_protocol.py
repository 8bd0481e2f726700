"""What a runner of code is asked and what it answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

FaultKind = Literal[
    "exception", "timeout", "memory", "output-too-large", "bad-result", "killed", "stopped", "forbidden"
]
"""Why code gave no result:

- `exception`: it raised, or does not compile;
- `timeout`: the wall clock or the CPU time ran out;
- `memory`: it asked for more than it may have;
- `output-too-large`: its result or its folder outgrew the limit;
- `bad-result`: what it returned, or what stands in place of the result, is no JSON object;
- `killed`: its process ended before `main` returned, by itself, by a crash or by a signal;
- `stopped`: the caller's stop event was set;
- `forbidden`: the isolation refused what it tried.
"""


@dataclass(frozen=True)
class Limits:
    """What one call may use."""

    wall_s: float = 15.0
    """Time from start to end, in seconds."""
    cpu_s: float = 15.0
    """CPU time of all its threads, in seconds; the kernel counts whole ones."""
    memory_bytes: int = 512 * 1024 * 1024
    """Address space of the process (Python) or its writable memory (node)."""
    output_bytes: int = 16 * 1024 * 1024
    """Size of the result as JSON."""
    stdout_bytes: int = 256 * 1024
    """How much of what it prints is kept; the rest is dropped and no fault."""
    file_bytes: int = 16 * 1024 * 1024
    """Size of any one file and of the private folder as a whole. The folder is measured while the code runs,
    so a fast writer may overshoot for a moment, and files that are open but unlinked are not seen: the bound
    that always holds is `file_bytes * open_files`."""
    open_files: int = 64
    """Open descriptors."""


@dataclass(frozen=True)
class HttpSandbox:
    """Where a dify-sandbox service listens."""

    endpoint: str = "http://127.0.0.1:8194"
    """Base URL; `/v1/sandbox/run` is added."""
    api_key: str = "dify-sandbox"
    """Sent as `X-Api-Key`; the default is that of Dify's own docker compose file."""
    enable_network: bool = True
    """What Dify asks for. A service configured without network answers True with an error (-400)."""
    connect_timeout_s: float = 10.0


@dataclass(frozen=True)
class CodeFault:
    """Why a call gave no result."""

    kind: FaultKind
    message: str
    """For the author of the code: the traceback in lines of his own source, without ours."""


@dataclass(frozen=True)
class CodeOutcome:
    """What a call came to: exactly one of `result` and `error` is there."""

    result: Mapping[str, object] | None
    """JSON values. Floats may be NaN or infinite, and a string such as `1e+5` has become a number, both as
    on a Dify server."""
    error: CodeFault | None
    stdout: str
    """What the code printed, up to `Limits.stdout_bytes`."""
    elapsed_s: float


class CodeRunner(Protocol):
    """Runs the source of Code nodes. Thread-safe: several nodes may run at once."""

    @property
    def name(self) -> str:
        """The choice that opens this runner."""
        ...

    @property
    def isolated(self) -> bool:
        """False if the code can do whatever the user can."""
        ...

    def describe(self) -> str:
        """One line for the run header, such as `sandbox (Landlock ABI 6, seccomp, rlimits)`."""
        ...

    def supports(self, language: str) -> str | None:
        """None if code in this language runs here, else the reason why not."""
        ...

    def run(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None = None
    ) -> CodeOutcome:
        """Calls `main` of the source with the inputs; what goes wrong in the code is a value.

        Args:
            language: `python3` or `javascript`.
            source: defines `main`, in Python with the inputs as keyword arguments.
            inputs: JSON values by name.
            stop: ends the call within a tenth of a second when set.

        Raises:
            NotRunnable: `supports(language)` gives a reason, or the isolation cannot be set up any more.
            ApiError, ConnectionLost: the service behind the runner failed (`http` only).
            TypeError, ValueError: the inputs are no JSON values.
        """
        ...

    def close(self) -> None:
        """Ends the runner and what it started."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
