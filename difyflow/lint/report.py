"""What is found in many files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from difyflow.errors import DifyflowError
from difyflow.lint.finding import SEVERITIES, Finding, Severity


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that could not be looked at.

    Attributes:
        code: stable name of the fault, such as `yaml-syntax`.
        line: from 1; None if it is about the whole file.
    """

    path: str
    message: str
    code: str
    line: int | None = None
    hint: str | None = None

    @classmethod
    def of(cls, err: DifyflowError, path: str) -> Trouble:
        """The trouble that an error tells of."""
        return cls(path, err.message, err.code, err.line, err.hint)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is found in one file."""

    path: str
    findings: Sequence[Finding] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is found in many files.

    Attributes:
        files: those that were looked at, in the order in which they were named.
        hidden: findings that a baseline holds.
        fixed: findings that were mended.
        notes: sentences for the user about what was not done.
        version: of difyflow.
    """

    files: Sequence[FileReport]
    hidden: int = 0
    fixed: int = 0
    notes: Sequence[str] = ()
    version: str = "0"

    def __iter__(self) -> Iterator[tuple[str, Finding]]:
        return ((item.path, finding) for item in self.files for finding in item.findings)

    @property
    def troubles(self) -> Sequence[Trouble]:
        """The files that could not be looked at."""
        return [item.trouble for item in self.files if item.trouble is not None]

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings there are of each severity."""
        found = Counter(finding.severity for _, finding in self)
        return {severity: found[severity] for severity in SEVERITIES}
