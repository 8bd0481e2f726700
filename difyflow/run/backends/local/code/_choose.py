"""Which runner: by name, or the first that holds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from difyflow.errors import NotRunnable, UsageError

from ._probe import probe
from ._protocol import CodeOutcome, CodeRunner, HttpSandbox, Limits
from ._runner import Runner

CHOICES = ("auto", "sandbox", "bwrap", "http", "unsafe-subprocess")
"""What `--code-runner` takes."""

_DEFAULT_LIMITS = Limits()
_PROBE_S = 10.0
"""What a probe may take on a busy machine, in seconds; it takes a tenth of one on an idle one."""
_WAYS_OUT = (
    "--code-runner http runs the code on a dify-sandbox service; --code-runner unsafe-subprocess runs it "
    "unprotected, which is for workflows of your own"
)


@dataclass(frozen=True)
class Candidate:
    """A way to isolate code that may or may not hold on this machine."""

    name: str
    open: Callable[[Limits], CodeRunner]
    """Raises NotRunnable where it cannot work at all."""


def default_candidates() -> tuple[Candidate, ...]:
    """The ways to isolate code, best first; none but on Linux."""
    return (
        (Candidate("sandbox", _open_sandbox), Candidate("bwrap", _open_bwrap))
        if sys.platform == "linux"
        else ()
    )


def _open_sandbox(limits: Limits) -> CodeRunner:
    from ._sandbox import SandboxRunner

    return SandboxRunner(limits)


def _open_bwrap(limits: Limits) -> CodeRunner:
    from ._bwrap import BwrapRunner

    return BwrapRunner(limits)


def _open_plain(limits: Limits) -> CodeRunner:
    from ._plain import PlainRunner

    return PlainRunner(limits)


def _open_http(limits: Limits, http: HttpSandbox | None) -> CodeRunner:
    from ._http import HttpRunner

    if http is None:
        raise UsageError(
            "--code-runner http needs the address of a code sandbox",
            hint="it looks like http://127.0.0.1:8194",
        )
    return HttpRunner(limits, http)


def open_runner(
    choice: str,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    http: HttpSandbox | None = None,
    allow_plain: bool = False,
    candidates: Sequence[Candidate] | None = None,
) -> CodeRunner:
    """Opens the runner for Code nodes.

    `auto`, `sandbox` and `bwrap` are accepted only after a hostile script was run inside and got nowhere;
    JavaScript is tried the same way when `supports("javascript")` is first asked.

    Args:
        choice: one of `CHOICES`.
        limits: what one call may use.
        http: where the service is, for `http`.
        allow_plain: for code that is the caller's own (the demo): where nothing holds, go on with the plain
            runner, whose `isolated` is False.
        candidates: what to try instead of `default_candidates()`.

    Raises:
        UsageError: unknown choice, or `http` without an address.
        NotRunnable: nothing holds; `reasons` says what was tried and why it failed.
    """
    if choice not in CHOICES:
        raise UsageError(f"{choice!r} is no code runner", hint=f"it takes one of: {', '.join(CHOICES)}")
    if choice == "http":
        return _open_http(limits, http)
    if choice == "unsafe-subprocess":
        return _open_plain(limits)
    tried = default_candidates() if candidates is None else candidates
    wanted = [candidate for candidate in tried if choice in ("auto", candidate.name)]
    reasons = []
    for candidate in wanted:
        finding = _try(candidate, limits)
        if not isinstance(finding, str):
            return finding
        reasons.append(finding)
    if allow_plain:
        return _open_plain(limits)
    raise NotRunnable(
        "code cannot be isolated on this machine, so it is not run",
        reasons=reasons or [f"no isolation is known for this platform ({sys.platform})"],
        hint=_WAYS_OUT,
    )


def _try(candidate: Candidate, limits: Limits) -> CodeRunner | str:
    """The runner if it holds, else one line on why not."""
    try:
        runner = candidate.open(limits)
    except NotRunnable as err:
        return f"{candidate.name}: {err.message}"
    try:
        problems = _attack(candidate, runner, "python3", limits=limits)
    except BaseException:
        runner.close()
        raise
    if problems:
        runner.close()
        return f"{candidate.name}: {'; '.join(problems)}"
    return _Proven(candidate, runner, limits)


def _attack(candidate: Candidate, runner: CodeRunner, language: str, *, limits: Limits) -> list[str]:
    """Probes the runner, or its twin with more time if the runner has too little for the probe."""
    patient = replace(limits, wall_s=max(limits.wall_s, _PROBE_S), cpu_s=max(limits.cpu_s, _PROBE_S))
    if patient == limits:
        return probe(runner, language, limits=limits)
    with candidate.open(patient) as twin:
        return probe(twin, language, limits=patient)


class _Proven(Runner):
    """A runner that was probed for Python and is probed for JavaScript when that is first asked for."""

    def __init__(self, candidate: Candidate, runner: CodeRunner, limits: Limits) -> None:
        super().__init__(limits)
        self._candidate = candidate
        self._runner = runner
        self.name = runner.name
        self.isolated = runner.isolated
        self._lock = threading.Lock()
        self._javascript: list[str] | None = None

    def describe(self) -> str:
        """One line for the run header."""
        return self._runner.describe()

    def close(self) -> None:
        """Ends the runner."""
        self._runner.close()

    def _language_problem(self, language: str) -> str | None:
        problem = self._runner.supports(language)
        if problem is not None or language == "python3":
            return problem
        with self._lock:
            if self._javascript is None:
                self._javascript = _attack(self._candidate, self._runner, language, limits=self._limits)
        if self._javascript:
            return f"node is not held by the {self.name}: {'; '.join(self._javascript)}. {_WAYS_OUT}"
        return None

    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        return self._runner.run(language, source, inputs, stop=stop)
