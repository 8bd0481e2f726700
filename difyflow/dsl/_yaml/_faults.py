"""The errors of reading: PyYAML's words turned into what is wrong, where, and how to mend it."""

from __future__ import annotations

import codecs
import re
from typing import Final

from yaml.composer import ComposerError
from yaml.error import Mark, MarkedYAMLError, YAMLError

from difyflow.dsl._yaml._limits import too_deep
from difyflow.errors import ReadError

_LINE_END: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SNIPPET: Final = 60
_GUESS_BYTES: Final = 64 * 1024

# PyYAML gives its faults no codes; its words (those of libyaml and of its own parser) are all there is.
_HINTS: Final = (
    ("tab character", "indent with spaces, not tabs"),
    ("mapping values are not allowed", "quote text that holds `: `, and check the indentation"),
    ("could not find expected ':'", "a key needs a colon; quote text of several lines, or use `|`"),
    ("unexpected end of stream", "close the quote that was opened there"),
    ("cannot start any token", "quote text that starts with @, ` or %"),
    (
        "expected node content",
        "close the bracket; quote text that starts with { or [, as '{{#node.text#}}' does",
    ),
    ("alphabetic or numeric character", "quote text that starts with * or &"),
    ("expected <block end>", "indent what belongs together by the same number of spaces"),
    ("did not find expected key", "indent what belongs together by the same number of spaces; close quotes"),
    ("expected '-' indicator", "indent the items of one list by the same number of spaces"),
    ("escape character", "in double quotes a backslash is written twice; or use single quotes"),
    ("expected ',' or", "close the bracket; quote text that starts with { or [, as '{{#node.text#}}' does"),
    ("duplicate anchor", "give each anchor (&name) a name of its own"),
)
_DEFAULT_HINT: Final = "check indentation, colons and quotes on this line and the one above it"

# Where these are noticed is far from where they were made; PyYAML's context is the place.
_BY_CONTEXT: Final = ("could not find expected ':'", "unexpected end of stream", "expected ',' or")


def too_large(name: str, max_bytes: int) -> ReadError:
    """The input is longer than `max_bytes`."""
    message = f"larger than {max_bytes:,} bytes"
    return ReadError(message, code="too-large", path=name, hint="raise the limit (--max-size) if it is meant")


def empty(name: str) -> ReadError:
    """The input holds no value at all."""
    hint = "it should hold one YAML document; export the app from Dify again"
    return ReadError("nothing in it but space and comments", code="yaml-empty", path=name, hint=hint)


def wrong_encoding(name: str, message: str, *, line: int | None = None, guess: str = "") -> ReadError:
    """The input is not UTF-8; `guess` says what it may be instead."""
    hint = f"save it as UTF-8{guess}"
    return ReadError(message, code="wrong-encoding", path=name, line=line, hint=hint)


def undecodable(name: str, source: bytes, err: UnicodeDecodeError) -> ReadError:
    """The bytes do not fit the encoding that `err` names."""
    message = f"not {err.encoding.upper()}: byte 0x{source[err.start]:02x} at offset {err.start:,}"
    if err.encoding != "utf-8":
        return wrong_encoding(name, message)
    line = source.count(b"\n", 0, err.start) + 1
    guess = "; if it is GBK: `iconv -f GB18030 -t UTF-8`" if _may_be_gbk(source) else ""
    return wrong_encoding(name, message, line=line, guess=guess)


def _may_be_gbk(source: bytes) -> bool:
    # Incremental, to forgive a character that the end of the sample cuts in two.
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        decoder.decode(source[:_GUESS_BYTES])
    except UnicodeDecodeError:
        return False
    return True


def control_character(name: str, text: str) -> ReadError:
    """The text holds a character that YAML forbids."""
    found = _UNPRINTABLE.search(text)
    if found is None:
        return ReadError(
            "holds a forbidden character", code="control-character", path=name, hint=_DEFAULT_HINT
        )
    char = found[0]
    kind = "half a surrogate pair" if "\ud800" <= char <= "\udfff" else "control character"
    hint = "delete it, or write it as an escape in double quotes"
    if char == "\0":
        hint = "is it binary, or UTF-16 without a byte order mark? Save it as UTF-8"
    line = len(_LINE_END.findall(text, 0, found.start())) + 1
    message = f"{kind} U+{ord(char):04X}, which YAML forbids"
    return ReadError(message, code="control-character", path=name, line=line, hint=hint)


def syntax(name: str, text: str, err: YAMLError) -> ReadError:
    """PyYAML's parser or composer gave up with `err`."""
    if not isinstance(err, MarkedYAMLError):
        return control_character(name, text)
    problem = f"{err.context}, {err.problem}" if err.context else str(err.problem)
    mark = err.problem_mark
    if mark is None or (err.context_mark is not None and any(words in problem for words in _BY_CONTEXT)):
        mark = err.context_mark
    line, near = _place(text, mark)
    if "maximum nesting depth" in problem:
        return too_deep(name, line)
    if isinstance(err, ComposerError) and "another document" in problem:
        message, hint = "more than one document", "keep one; a line `---` begins the next"
        return ReadError(message, code="yaml-documents", path=name, line=line, hint=hint)
    if isinstance(err, ComposerError) and "undefined alias" in problem:
        message = f"an alias without its anchor{near}"
        hint = "define the anchor (&name) before it, or quote text that starts with *"
        return ReadError(message, code="undefined-alias", path=name, line=line, hint=hint)
    message = f"not valid YAML: {problem}{near}"
    return ReadError(message, code="yaml-syntax", path=name, line=line, hint=_hint(text, problem, mark))


def _hint(text: str, problem: str, mark: Mark | None) -> str:
    if mark is not None and "cannot start any token" in problem:
        line = _line_of(text, mark)
        if line[mark.column : mark.column + 1] == "\t":
            problem = "tab character"
    return next((hint for words, hint in _HINTS if words in problem), _DEFAULT_HINT)


def _place(text: str, mark: Mark | None) -> tuple[int | None, str]:
    """The line number, and what stands on that line; the last line for a mark at the end of the text."""
    if mark is None:
        return None, ""
    line = _line_of(text, mark).strip()
    if not line:
        return min(mark.line, len(_LINE_END.findall(text.rstrip()))) + 1, ""
    return mark.line + 1, f" in `{line if len(line) <= _SNIPPET else line[:_SNIPPET] + '...'}`"


def _line_of(text: str, mark: Mark) -> str:
    lines = _LINE_END.split(text, maxsplit=mark.line + 1)
    return lines[mark.line] if mark.line < len(lines) else ""
