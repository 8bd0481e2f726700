"""What a rule is: a generator function over the view of a document, and what is said of it.

@rule("app-missing", severity="error")
def app_missing(view: View) -> Iterator[Found]:
    \"\"\"The key `app` is missing or empty.

    What it does: ...
    \"\"\"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Literal

from difyflow.lint.finding import Found, Severity
from difyflow.lint.view import View

Check = Callable[[View], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: stable, in kebab-case.
        severity: of its findings; one finding may be milder.
        check: finds.
        since, until: the Dify releases (`1.10.0`; `0.15` stands for all its patches) in which it holds, both
            included; None = no bound. It is asked only if it holds in all releases of the target.
        fix: whether it can mend what it finds, and whether that is safe.
        opt_in: it is asked only where its id is selected: what it finds is in many files that are all right.
    """

    id: str
    severity: Severity
    check: Check
    since: str | None = None
    until: str | None = None
    fix: Literal["safe", "unsafe"] | None = None
    opt_in: bool = False

    @property
    def page(self) -> str:
        """Its manual page."""
        return cleandoc(self.check.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.page.partition("\n")[0]

    @property
    def family(self) -> str:
        """Name of the file that it lies in."""
        return self.check.__module__.rpartition(".")[2].replace("_", "-")


def rule(
    rule_id: str,
    *,
    severity: Severity,
    since: str | None = None,
    until: str | None = None,
    fix: Literal["safe", "unsafe"] | None = None,
    opt_in: bool = False,
) -> Callable[[Check], Rule]:
    """Makes a rule of a function; see `Rule`."""

    def made(check: Check) -> Rule:
        return Rule(rule_id, severity, check, since, until, fix, opt_in)

    return made
