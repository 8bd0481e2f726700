"""What the sandbox of Dify runs: its Python, and the modules that it brings.

Up to its release 0.2.12 (May 2025, shipped up to Dify 1.12) it has Python 3.10, later the current one
(dify-sandbox, `docker/`).
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from dataclasses import dataclass

_OLD = (3, 10)


@dataclass(frozen=True, slots=True)
class Spot:
    """A fault in a source: line and column from 1."""

    message: str
    line: int
    col: int = 1


_LATE = re.compile(r"\bexcept\s*\*|\b(?:def|class)\s+\w+\[|^\s*type\s+\w+\s*[=\[]", re.MULTILINE)
"""What may be newer than Python 3.10: groups of exceptions, type parameters, `type`."""

_NESTED = re.compile(r"""[fF][rR]?["']|[rR][fF]["']""")


def refused(tree: ast.Module, code: str) -> Spot | None:
    """The first thing that Python 3.10 refuses."""
    if _LATE.search(code):
        try:
            ast.parse(code, feature_version=_OLD)
        except SyntaxError as err:
            return Spot(err.msg, err.lineno or 1, max(err.offset or 1, 1))
    if sys.version_info < (3, 12) or not _NESTED.search(code):
        return None
    if not any(isinstance(item, ast.JoinedStr) for item in ast.walk(tree)):
        return None
    return _newer_f_string(code)


def _newer_f_string(code: str) -> Spot | None:
    """An f-string whose braces hold its own quotes, a backslash or a comment (PEP 701, Python 3.12)."""
    quotes: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            name = tokenize.tok_name[token.type]
            if name == "FSTRING_START":
                if quotes and _quote(token.string) == quotes[-1]:
                    return Spot("quotes of the same kind inside of an f-string", *_place(token))
                quotes.append(_quote(token.string))
            elif name == "FSTRING_END":
                quotes.pop()
            elif quotes and name == "STRING":
                if quotes[-1] in token.string:
                    return Spot("quotes of the same kind inside of an f-string", *_place(token))
                if "\\" in token.string:
                    return Spot("a backslash inside of the braces of an f-string", *_place(token))
            elif quotes and name == "COMMENT":
                return Spot("a comment inside of an f-string", *_place(token))
    except (tokenize.TokenError, IndentationError):
        return None
    return None


def _quote(start: str) -> str:
    return start.lstrip("fFrRbBuU")


def _place(token: tokenize.TokenInfo) -> tuple[int, int]:
    return token.start[0], token.start[1] + 1


# --- what the sandbox has ---------------------------------------------------------------------------------

_SHIPPED = frozenset(
    [
        "requests",
        "httpx",
        "jinja2",
        "socks",
        "certifi",
        "idna",
        "urllib3",
        "charset_normalizer",
        "h11",
        "httpcore",
        "anyio",
        "sniffio",
        "socksio",
        "markupsafe",
        "exceptiongroup",
        "typing_extensions",
        "pip",
        "setuptools",
        "wheel",
        "pkg_resources",
    ]
)
"""Installed in every published sandbox (its `docker/`), with what these need."""

_GONE = frozenset(
    [
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "uu",
        "xdrlib",
    ]
)
"""Of the standard library of Python 3.10, but not of later ones."""


def is_shipped(module: str) -> bool:
    """True if a sandbox as published can import this top-level module."""
    return module in sys.stdlib_module_names or module in _SHIPPED or module in _GONE
