"""JSON of one line: the fast reader where it is installed, and the careful one that says what is wrong.

`orjson` reads a line several times as fast as the standard library. It sees neither a key that is given
twice nor why a line is broken; `examine` does.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

MAX_DEPTH = 200
"""Deepest nesting of a line; no training sample comes near."""

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)
_GB2312, _HIGH = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]"), re.compile(rb"[\x80-\xff]")
"""Two bytes of a Chinese character in GB2312, the part of GB18030 that most texts keep to; and any byte that
is no ASCII, which in Latin-1 stands alone."""

_FENCE = re.compile(r"\s*(?:```|~~~)\s*\w*\s*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is no JSON, or JSON that readers take differently."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class Examined:
    """A line that was read with care: `value` counts if `readable`."""

    value: object
    faults: tuple[Fault, ...]
    readable: bool


def fast_loads() -> Callable[[bytes], object]:
    """`orjson.loads` where it is installed, else the standard library's; both raise `ValueError`."""
    try:
        return cast("Callable[[bytes], object]", importlib.import_module("orjson").loads)
    except ImportError:
        return _stdlib_loads


def _stdlib_loads(line: bytes) -> object:
    if b"\\ud" in line or b"\\uD" in line:  # may be half a character, which orjson refuses
        raise ValueError("escapes to be looked at")
    try:
        return json.loads(line.decode(), parse_constant=_no_constant)
    except RecursionError as err:
        raise ValueError("nested too deep") from err


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def examine(line: bytes) -> Examined:
    """Reads one line with care; never raises.

    Args:
        line: a physical line; its line break does not matter.
    """
    faults: list[Fault] = []
    if line.startswith(b"\xef\xbb\xbf"):
        faults.append(Fault("bom", "begins with a byte order mark, which strict readers refuse"))
        line = line[3:]
    text = _text(line, faults)
    if text is None:
        return Examined(None, tuple(faults), False)
    value, broken = _value(text, faults)
    if broken is not None:
        return Examined(None, (*faults, broken), False)
    if _SURROGATE_ESCAPE.search(text) and any(_SURROGATE.search(one) for one in strings(value)):
        faults.append(Fault("lone-surrogate", "holds half of a character (\\ud800 to \\udfff)"))
    return Examined(value, tuple(faults), True)


def _text(line: bytes, faults: list[Fault]) -> str | None:
    if b"\0" in line:
        where = line.index(b"\0") + 1
        faults.append(Fault("nul-byte", f"byte {where} is NUL; the file may be UTF-16 or damaged"))
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError as err:
        faults.append(Fault("not-utf-8", f"byte {err.start + 1} is not UTF-8{_other_encoding(line, err)}"))
        return None
    if not text.strip():
        faults.append(Fault("blank-line", "is blank; every line must hold an object"))
        return None
    return text


def _other_encoding(line: bytes, err: UnicodeDecodeError) -> str:
    """What a line may be in place of UTF-8, and how to read it; else the byte that is in the way."""
    if len(_GB2312.findall(line)) * 2 >= len(_HIGH.findall(line)) * 0.9:
        try:
            json.loads(line.decode("gb18030"))
        except (ValueError, RecursionError):
            pass
        else:
            return "; it reads as GB18030 (GBK): corpus collect --encoding gb18030"
    return f" (0x{line[err.start]:02x})"


def _value(text: str, faults: list[Fault]) -> tuple[object, Fault | None]:
    """The value, or why there is none."""
    if is_too_deep(text):
        return None, Fault("too-deep", f"nested more than {MAX_DEPTH} levels deep")
    twice: list[str] = []
    odd: list[str] = []

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                (twice.append if key in seen else seen.add)(key)
        return found

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=lambda name: odd.append(name))
    except (ValueError, RecursionError) as err:
        return None, _why(text, err)
    faults.extend(Fault("duplicate-key", f"has the key {show(key)} twice") for key in dict.fromkeys(twice))
    faults.extend(Fault("not-a-number", f"holds {name}, which is no JSON") for name in dict.fromkeys(odd))
    return value, None


def is_too_deep(text: str) -> bool:
    """True if brackets outside of strings nest deeper than `MAX_DEPTH`."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _BRACKETS.finditer(text):
        sign = match.group()
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        if depth > MAX_DEPTH:
            return True
    return False


def _why(text: str, err: Exception) -> Fault:
    """The most telling name for a line that is no JSON."""
    bare = text.strip()
    if _FENCE.fullmatch(bare):
        return Fault("code-fence", "is a code fence, not a sample")
    if bare.endswith(",") and _is_json(bare[:-1]):
        return Fault("trailing-comma", "ends with a comma, as in an array")
    if re.match(r"\{\s*'", bare):
        return Fault("single-quotes", "is a Python literal: JSON has double quotes")
    if _is_part(bare):
        return Fault("pretty-printed", "is a part of a value that goes over several lines")
    if isinstance(err, json.JSONDecodeError):
        if err.msg == "Extra data" and bare[:1] == "{" and text[err.pos :].lstrip(", \t")[:1] == "{":
            return Fault("several-objects", f"holds more than one object; the second at column {err.pos + 1}")
        return Fault("not-json", f"column {err.colno}: {err.msg}")
    return Fault("not-json", "holds a number with more digits than are read")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_part(bare: str) -> bool:
    """True for what a pretty printer puts on a line of its own."""
    if re.fullmatch(r"[\[\]{},\s]+", bare):
        return True
    if not re.match(r'"(?:[^"\\]|\\.)*"\s*:', bare):
        return False
    return _is_json("{" + bare.rstrip(",") + "}") or bare[-1] in "[{"


def strings(value: object) -> Iterator[str]:
    """All keys and texts in a JSON value."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            todo.extend(one)
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)


def show(value: object, most: int = 40) -> str:
    """A value as JSON in a message, cut; never more than ASCII escapes where UTF-8 cannot hold it."""
    text = json.dumps(value, ensure_ascii=False)
    if _SURROGATE.search(text):
        text = json.dumps(value)
    return text if len(text) <= most else f"{text[:most]}…"


def dump(value: object) -> str:
    """One line of JSON; signs that readers take for a line break are escaped, lone surrogates too."""
    text = json.dumps(value, ensure_ascii=False)
    return ESCAPED.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


ESCAPED = re.compile("[\u0085\u2028\u2029\ud800-\udfff]")
"""Characters that `dump` writes as escapes."""
