"""What a check says about a line or a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]
"""`error`: the service refuses it, or learns something wrong; `warning`: look at it; `info`: good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth a look."""

    line: int
    """Counted from 1; 0 for the whole file."""
    id: str
    """Stable name of the rule, in kebab-case."""
    severity: Severity
    message: str
    fixable: bool = False
    """True if `fix` mends it without changing what is said."""

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return {
            "line": self.line,
            "id": self.id,
            "severity": self.severity,
            "message": self.message,
            "fixable": self.fixable,
        }


LINE_RULES: Mapping[str, Severity] = {
    "not-json": "error",
    "not-utf-8": "error",
    "nul-byte": "error",
    "line-too-long": "error",
    "too-deep": "error",
    "duplicate-key": "error",
    "lone-surrogate": "error",
    "not-a-number": "error",
    "code-fence": "error",
    "trailing-comma": "error",
    "single-quotes": "error",
    "several-objects": "error",
    "pretty-printed": "error",
    "blank-line": "error",
    "bom": "error",
    "line-separator": "warning",
    "carriage-return": "info",
}
"""What can be wrong with a line before any service looks at it."""

FIXABLE = frozenset(
    {
        "bom",
        "blank-line",
        "code-fence",
        "trailing-comma",
        "line-separator",
        "carriage-return",
        "message-key",
        "role-spelling",
    }
)
"""Rules whose findings `fix` may mend; a finding says itself whether this one is mended."""
