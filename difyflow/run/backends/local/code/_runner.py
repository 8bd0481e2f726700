"""What all runners share: the check before a call, and closing."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from difyflow.errors import NotRunnable

from ._protocol import CodeOutcome, Limits

LANGUAGES = ("python3", "javascript")


class Runner(ABC):
    """Base of the runners; `CodeRunner` is what callers see."""

    name: str
    isolated: bool

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @abstractmethod
    def describe(self) -> str:
        """One line for the run header."""

    @abstractmethod
    def _language_problem(self, language: str) -> str | None:
        """Why a language that Dify knows does not run here; None if it does."""

    @abstractmethod
    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        """Makes the call; the language is supported."""

    def supports(self, language: str) -> str | None:
        """None if code in this language runs here, else the reason why not."""
        if language not in LANGUAGES:
            return f"{language!r} is no language of the Code node; it takes {' and '.join(LANGUAGES)}"
        return self._language_problem(language)

    def run(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None = None
    ) -> CodeOutcome:
        """Calls `main` of the source with the inputs; see `CodeRunner.run`."""
        problem = self.supports(language)
        if problem is not None:
            raise NotRunnable(f"{self.name} cannot run {language} code: {problem}")
        return self._perform(language, source, inputs, stop=stop)

    def close(self) -> None:  # noqa: B027 - most runners have nothing to end
        """Ends the runner and what it started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
