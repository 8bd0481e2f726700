"""Exit codes: what a script learns from the end of the command.

0    fine; also a run that succeeded partially or paused (with a warning)
1    findings, differences, conflicts, a failed run, failed rows
2    usage: wrong input, a missing key or extra, a file that cannot be written
3    a DSL file or a flow that cannot be read
4    network or server
5    the outcome is unknown: a run may exist
70   a fault in difyflow itself (EX_SOFTWARE of sysexits.h)
130  interrupted (128 + SIGINT)
141  whoever read our output went away (128 + SIGPIPE), as in `difyflow render x | head -1`
"""

from __future__ import annotations

from difyflow.errors import (
    ApiError,
    BuildError,
    ConnectionLost,
    DifyflowError,
    DslError,
    MergeConflict,
    NotRunnable,
    RunFailed,
    UsageError,
)

FINE = 0
FINDINGS = 1
USAGE = 2
UNREADABLE = 3
NETWORK = 4
UNKNOWN = 5
BUG = 70
INTERRUPTED = 130
READER_GONE = 141

_BY_TYPE: tuple[tuple[type[DifyflowError], int], ...] = (
    (UsageError, USAGE),
    (NotRunnable, USAGE),
    (DslError, UNREADABLE),
    (BuildError, UNREADABLE),
    (ApiError, NETWORK),
    (ConnectionLost, NETWORK),
    (MergeConflict, FINDINGS),
    (RunFailed, FINDINGS),
)


def exit_code(error: DifyflowError) -> int:
    """The code for an error that ends the command; `UNKNOWN` if a run may exist in spite of it."""
    if isinstance(error, ApiError | ConnectionLost) and error.may_have_run:
        return UNKNOWN
    return next((code for kind, code in _BY_TYPE if isinstance(error, kind)), FINDINGS)
