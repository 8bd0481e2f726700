"""Every error that difyflow raises on purpose.

    DifyflowError
    ├── UsageError            wrong input, a missing key, an option that does not fit   (exit 2)
    │   ├── InputError        a value that the start node does not take
    │   └── MissingExtra      an optional part is not installed (also an ImportError)
    ├── DslError              a file that cannot be used as a DSL file                  (exit 3)
    │   ├── ReadError         not readable as YAML, or not shaped as a DSL document
    │   ├── VersionError      a DSL version that cannot be handled
    │   └── CannotEdit        a change that the text of a file does not take in place
    ├── BuildError            a flow.py that says something impossible                  (exit 3)
    │   └── NoSuchOutput      a node has no output of that name (also an AttributeError)
    ├── MergeConflict         two edits that cannot both hold                           (exit 1)
    ├── ApiError              a server answered with an error                           (exit 4)
    │   ├── AuthError         401 or 403
    │   ├── RateLimited       too many requests; nothing was started
    │   └── ServerError       500 and above
    ├── ConnectionLost        no answer, or the answer broke off                        (exit 4 or 5)
    ├── NotRunnable           this backend cannot run this workflow                     (exit 2)
    └── RunFailed             the run ended without success                             (exit 1)

A message says what, where and how to mend. `code` is stable and in kebab-case; whether a call may be
repeated is decided by `transient` and never by the text.
"""

from __future__ import annotations

from collections.abc import Sequence


class DifyflowError(Exception):
    """Base of all errors that difyflow raises on purpose.

    Args:
        message: what is wrong, in one line.
        code: stable kebab-case name of the fault.
        path: the file or URL that it is about.
        line: line in that file, counted from 1.
        hint: how to mend it.
        transient: True if the same call may succeed later.
    """

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        line: int | None = None,
        hint: str | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.path = path
        self.line = line
        self.hint = hint
        self.transient = transient

    @property
    def where(self) -> str:
        """`path:line`, as far as known."""
        if self.path is None:
            return "" if self.line is None else f"line {self.line}"
        return self.path if self.line is None else f"{self.path}:{self.line}"

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class UsageError(DifyflowError):
    """The caller asked for something that cannot be done as asked."""

    default_code = "usage"


class InputError(UsageError):
    """Inputs that the start node does not take; `problems` has one line per field."""

    default_code = "invalid-input"

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[str] = (),
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n  ".join([self.message, *self.problems, *([self.hint] if self.hint else [])])


class MissingExtra(UsageError, ImportError):
    """An optional part of difyflow is not installed."""

    default_code = "missing-extra"


class DslError(DifyflowError):
    """A file that cannot be used as a DSL file."""

    default_code = "dsl"


class ReadError(DslError):
    """Not readable as YAML, or not shaped as a DSL document."""

    default_code = "unreadable"


class VersionError(DslError):
    """A DSL version that cannot be handled."""

    default_code = "version"


class CannotEdit(DslError):
    """A change that cannot be made in the text of a file without touching the rest of it."""

    default_code = "cannot-edit"


class BuildError(DifyflowError):
    """A flow written in Python says something impossible."""

    default_code = "build"


class NoSuchOutput(BuildError, AttributeError):
    """A node has no output of that name; the message names those that it has."""

    default_code = "no-such-output"


class MergeConflict(DifyflowError):
    """Two edits that cannot both hold."""

    default_code = "conflict"


class ApiError(DifyflowError):
    """A server answered with an error.

    Args:
        status: HTTP status.
        server_code: Dify's own error code, such as `invalid_param`; None when Dify did not answer itself.
        server_version: `X-Version` of the answer; None when a proxy answered.
        may_have_run: True if a run may exist in spite of the error.
        retry_after_s: what the server asked for, in seconds.

    Attributes:
        trace_id: the `X-Trace-Id` that was sent, by which Dify 1.7+ logs the call; empty if none was.
    """

    default_code = "api"
    trace_id = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        hint: str | None = None,
        transient: bool = False,
        status: int | None = None,
        server_code: str | None = None,
        server_version: str | None = None,
        may_have_run: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, path=path, hint=hint, transient=transient)
        self.status = status
        self.server_code = server_code
        self.server_version = server_version
        self.may_have_run = may_have_run
        self.retry_after_s = retry_after_s


class AuthError(ApiError):
    """The key is missing, wrong or not allowed to do this."""

    default_code = "auth"


class RateLimited(ApiError):
    """Too many requests; nothing was started."""

    default_code = "rate-limited"


class ServerError(ApiError):
    """The server failed."""

    default_code = "server"


class ConnectionLost(DifyflowError):
    """No answer came, or it broke off.

    Args:
        events: the typed events that had arrived (`difyflow.records.events.Event`).
        may_have_run: True if a run may exist: its outcome is unknown.

    Attributes:
        trace_id: as in `ApiError`.
    """

    default_code = "connection-lost"
    trace_id = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        hint: str | None = None,
        transient: bool = True,
        events: Sequence[object] = (),
        may_have_run: bool = False,
    ) -> None:
        super().__init__(message, code=code, path=path, hint=hint, transient=transient)
        self.events = tuple(events)
        self.may_have_run = may_have_run


class NotRunnable(DifyflowError):
    """This backend cannot run this workflow; `reasons` names each node and why."""

    default_code = "not-runnable"

    def __init__(self, message: str, *, reasons: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return "\n  ".join([self.message, *self.reasons, *([self.hint] if self.hint else [])])


class RunFailed(DifyflowError):
    """The run ended without success; `result` is its `difyflow.records.result.Result`."""

    default_code = "run-failed"

    def __init__(self, message: str, *, result: object, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.result = result
