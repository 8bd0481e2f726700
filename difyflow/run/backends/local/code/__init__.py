"""Runs the source of Code nodes where it can do no harm.

    with open_runner("auto") as runner:
        outcome = runner.run("python3", "def main(n): return {'double': 2 * n}", {"n": 21})

| choice | isolation | needs |
|---|---|---|
| `sandbox` | Landlock, seccomp, rlimits; a fork server for Python, a confined node for JavaScript | Linux |
| `bwrap` | namespaces, seccomp, rlimits | Linux, bubblewrap |
| `http` | what the service gives | a dify-sandbox service |
| `unsafe-subprocess` | none | |
| `auto` | the first of `sandbox` and `bwrap` that holds when attacked, else a refusal | |

Code sees its inputs, the standard library, the time zones and a private folder that is gone afterwards. What
it can still learn: whether a path exists and how large it is (Landlock does not cover `stat`), the kernel's
version, the machine's load. `asyncio` needs a socket pair and does not start.
"""

from __future__ import annotations

from ._choose import CHOICES, Candidate, default_candidates, open_runner
from ._probe import probe
from ._protocol import CodeFault, CodeOutcome, CodeRunner, FaultKind, HttpSandbox, Limits

__all__ = [
    "CHOICES",
    "Candidate",
    "CodeFault",
    "CodeOutcome",
    "CodeRunner",
    "FaultKind",
    "HttpSandbox",
    "Limits",
    "default_candidates",
    "open_runner",
    "probe",
]
