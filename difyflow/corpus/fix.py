"""Mends what can be mended without changing what is said: bytes and spelling around the samples, no content.

What needs a reading of broken JSON (objects over several lines, single quotes, prose around) is work for
`difyflow corpus collect`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from difyflow.corpus._json import ESCAPED, dump, examine
from difyflow.corpus.samples import whole_lines

_ROLES = ("system", "user", "assistant", "tool", "developer")
_SEPARATORS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")


def fix(lines: Iterable[bytes], *, counts: Counter[str] | None = None) -> Iterator[tuple[bytes, bytes]]:
    r"""Mends lines one by one.

    A byte order mark, blank lines, code fences, a comma behind the object, CR LF, U+2028 and its like
    (escaped, as JSON allows), the key `message`, roles in another case.

    Args:
        lines: physical lines.
        counts: is filled with how often each rule was mended.

    Yields:
        The line as it was and as it is now, the latter with `\n`; lines that go are left out. A line without
        one of these faults keeps its bytes.

    Raises:
        UsageError: a line was too long to be read.
    """
    counts = counts if counts is not None else Counter()
    for line in whole_lines(lines):
        fixed = _bytes(line, counts)
        if fixed is None:
            continue
        yield line, _spelling(fixed, counts) + b"\n"


def _bytes(line: bytes, counts: Counter[str]) -> bytes | None:
    """The line without its break and what does not belong to it; None if nothing is left."""
    fixed = line.rstrip(b"\n")
    while fixed.startswith(b"\xef\xbb\xbf"):  # not only at the beginning: files are put behind each other
        counts["bom"] += 1
        fixed = fixed[3:]
    if fixed.endswith(b"\r"):
        counts["carriage-return"] += 1
        fixed = fixed.rstrip(b"\r")
    if fixed[:1] == b"{" and fixed[-1:] == b"}":
        return fixed
    for fault in examine(fixed).faults:
        if fault.id in ("blank-line", "code-fence"):
            counts[fault.id] += 1
            return None
        if fault.id == "trailing-comma":
            counts[fault.id] += 1
            return fixed.rstrip()[:-1].rstrip()
    return fixed


def _spelling(line: bytes, counts: Counter[str]) -> bytes:
    if any(sign in line for sign in _SEPARATORS):
        counts["line-separator"] += 1
        text = line.decode("utf-8", "surrogateescape")
        line = ESCAPED.sub(_escape, text).encode("utf-8", "surrogateescape")
    if b'"messages"' in line and not _odd_role(line):
        return line
    examined = examine(line)
    if not examined.readable or examined.faults or not isinstance(examined.value, dict):
        return line
    value = examined.value
    changed = _renamed(value, counts) or value
    respelt = _roles(changed, counts)
    return line if respelt is value else dump(respelt).encode()


def _escape(sign: re.Match[str]) -> str:
    char = sign.group()
    return char if "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04x}"


def _odd_role(line: bytes) -> bool:
    """True if the line may hold a role in another spelling; false for nearly all."""
    plain = sum(line.count(f'"{role}"'.encode()) for role in _ROLES)
    return line.count(b'"role"') > plain


def _renamed(value: dict[str, object], counts: Counter[str]) -> dict[str, object] | None:
    if "messages" in value or not isinstance(value.get("message"), list):
        return None
    counts["message-key"] += 1
    return {"messages" if key == "message" else key: one for key, one in value.items()}


def _roles(value: dict[str, object], counts: Counter[str]) -> dict[str, object]:
    messages = value.get("messages")
    if not isinstance(messages, list):
        return value
    fixed = [_role(message) for message in messages]
    if all(one is other for one, other in zip(fixed, messages, strict=True)):
        return value
    counts["role-spelling"] += 1
    return {**value, "messages": fixed}


def _role(message: object) -> object:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role in _ROLES:
        return message
    known = role.strip().lower()
    return {**message, "role": known} if known in _ROLES else message
