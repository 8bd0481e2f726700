"""Findings that a team knows and lives with: a file of them, which later runs pass over.

A finding is known again by file, rule, node, field and message, and not by its line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difyflow.errors import UsageError
from difyflow.lint.config import inside_of
from difyflow.lint.finding import Finding
from difyflow.lint.report import FileReport

_VERSION = 1
_Mark = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings, each with the number of times that it occurs."""

    folder: Path
    known: Counter[_Mark]

    def without_known(self, files: Sequence[FileReport]) -> tuple[list[FileReport], int]:
        """The files without what is known, and how many findings that hides."""
        left = Counter(self.known)
        hidden = 0
        made = []
        for file in files:
            new = []
            for finding in file.findings:
                mark = _mark(self.folder, file.path, finding)
                if left[mark] > 0:
                    left[mark] -= 1
                    hidden += 1
                else:
                    new.append(finding)
            made.append(replace(file, findings=new))
        return made, hidden


def read(file: Path) -> Baseline:
    """Reads a baseline.

    Raises:
        UsageError: there is none, or it is none.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise _bad(file)
        known = Counter(
            {
                (item["path"], item["rule"], item["node"], item["field"], item["message"]): int(item["count"])
                for item in data["findings"]
            }
        )
    except OSError as err:
        raise UsageError(
            f"the baseline cannot be read: {err.strerror or err}",
            path=str(file),
            code="bad-baseline",
            hint=f"write one with: difyflow lint ... --write-baseline {file}",
        ) from err
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise _bad(file) from err
    return Baseline(file.parent, known)


def render(file: Path, files: Sequence[FileReport]) -> str:
    """The text of a baseline that lies in `file` and holds all these findings."""
    found = Counter(_mark(file.parent, item.path, finding) for item in files for finding in item.findings)
    keys = ("path", "rule", "node", "field", "message")
    rows = [{**dict(zip(keys, mark, strict=True)), "count": count} for mark, count in sorted(found.items())]
    return json.dumps({"version": _VERSION, "findings": rows}, ensure_ascii=False, indent=1) + "\n"


def _mark(folder: Path, path: str, finding: Finding) -> _Mark:
    name = inside_of(folder, path)
    return name, finding.rule, finding.node or "", finding.field or "", finding.message


def _bad(file: Path) -> UsageError:
    return UsageError(
        "this is no baseline of difyflow",
        path=str(file),
        code="bad-baseline",
        hint=f"write one with: difyflow lint ... --write-baseline {file}",
    )
