"""Checks a corpus against the rules of the service that is to learn from it, line by line.

Constant memory: what a service says about the whole file is counted, nothing is kept. A line that is a chat
sample and nothing else, as nearly all are, is told by a few comparisons (`is_plain`); every other line is
read again with care.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Protocol, cast

from difyflow import _catalog
from difyflow.corpus import services
from difyflow.corpus._json import Fault, examine, fast_loads
from difyflow.corpus.findings import FIXABLE, LINE_RULES, Finding, Severity
from difyflow.corpus.samples import LongLine, long_fault
from difyflow.errors import UsageError

_SEPARATORS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
"""U+0085, U+2028 and U+2029 in UTF-8."""

_BACKSLASH = 0x5C
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Tally:
    """What was counted in a file, for the rules that only the whole file shows."""

    lines: int = 0
    """Physical lines."""
    samples: int = 0
    """Lines that were read as an object."""
    size: int = 0
    """Bytes."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How many lines there are of each kind that a service tells apart."""


class Service(Protocol):
    """What a module of `services` holds."""

    RULES: Mapping[str, Severity]
    PLAIN: str

    def findings(self, value: object) -> tuple[str, list[Fault]]:
        """The kind of a line, and what is wrong with it."""
        ...

    def whole(self, tally: Tally) -> Iterator[Fault]:
        """What is wrong with the whole file."""
        ...


def service_names() -> tuple[str, ...]:
    """The services that are known."""
    return _catalog.names(services)


def service(name: str) -> Service:
    """The rules of a service.

    Raises:
        UsageError: no such service.
    """
    try:
        module: ModuleType = _catalog.module(services, name)
    except KeyError as err:
        raise UsageError(
            f"no service {name!r}; there are: {', '.join(service_names())}", code="no-service"
        ) from err
    return cast("Service", module)


def rules(name: str) -> dict[str, Severity]:
    """All rules of a service with their severity, those about lines as such among them."""
    return {**LINE_RULES, **service(name).RULES}


def check(lines: Iterable[bytes], *, service: str, tally: Tally | None = None) -> Iterator[Finding]:
    """Checks lines against a service's documented rules, and rules of our own that are warnings.

    Args:
        lines: physical lines, as `samples.read_lines` gives them.
        service: `siliconflow`, `openai` or `llamafactory`.
        tally: is filled while lines are read, for whoever wants the counts.

    Yields:
        Findings in the order of the lines; those about the whole file (`line` 0) last.

    Raises:
        UsageError: no such service.
    """
    return _check(lines, _module(service), tally if tally is not None else Tally())


_module = service


def _check(lines: Iterable[bytes], service: Service, tally: Tally) -> Iterator[Finding]:
    loads, plain, number, size, returns = fast_loads(), 0, 0, 0, False
    severities = {**LINE_RULES, **service.RULES}
    careful = _Careful(service)
    for number, line in enumerate(lines, start=1):
        size += len(line)
        if not returns and line.endswith(b"\r\n"):
            returns = True
            yield Finding(0, "carriage-return", "info", f"lines end with CR LF, from line {number} on", True)
        try:
            if is_plain(line, loads(line)):
                plain += 1
                continue
        except ValueError:
            pass  # read with care below, which says why
        if number == 1 and line.startswith(_WIDE):
            yield Finding(0, "not-utf-8", "error", "is UTF-16 or UTF-32: save the file as UTF-8")
            return
        for fault in careful.faults(line):
            yield Finding(number, fault.id, severities[fault.id], fault.message, fault.id in FIXABLE)
    tally.lines, tally.size, tally.kinds = number, size, careful.kinds
    if plain:
        tally.kinds[service.PLAIN] = tally.kinds.get(service.PLAIN, 0) + plain
    tally.samples = sum(tally.kinds.values())
    for fault in service.whole(tally):
        yield Finding(0, fault.id, severities[fault.id], fault.message)


def is_plain(line: bytes, value: object) -> bool:
    """True for a line that is a chat sample by every service's rules, and holds nothing else.

    That no key is given twice, which the fast reader does not see, follows from the number of quotes: each
    message has four strings, `messages` is one more, and all other quotes stand in the contents.

    Args:
        line: as it stands in the file.
        value: what the fast reader made of it.
    """
    if type(value) is not dict or len(value) != 1:
        return False
    quotes, wanted, role = 2, "user", ""
    try:
        for message in value["messages"]:
            role, content = message["role"], message["content"]
            if role == wanted:
                wanted = "assistant" if wanted == "user" else "user"
            elif role != "system" or quotes > 2:
                return False
            if len(message) != 2 or not content or content.isspace():
                return False
            quotes += 8 + content.count('"')
            if not content.isascii() and ("\u2028" in content or "\u2029" in content or "\x85" in content):
                return False
    except (TypeError, KeyError, AttributeError):
        return False
    return (
        role == "assistant"
        and line.count(b'"') == quotes
        and type(line) is bytes
        and not (_BACKSLASH in line and b"\\u0022" in line)
    )


class _Careful:
    """The slow way, for lines that are not plain."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.kinds: dict[str, int] = {}

    def faults(self, line: bytes) -> Iterator[Fault]:
        if isinstance(line, LongLine):
            yield long_fault(line)
            return
        examined = examine(line)
        yield from examined.faults
        if not examined.readable:
            return
        kind, found = self._service.findings(examined.value)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        yield from found
        if any(sign in line for sign in _SEPARATORS):
            yield Fault(
                "line-separator", "holds U+0085, U+2028 or U+2029, which some readers take for a line break"
            )
