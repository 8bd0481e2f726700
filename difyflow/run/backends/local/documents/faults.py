"""The refusals of the extractor: one function per stable code, so that a code is spelled once.

| code | meaning |
|---|---|
| `document-empty` | no bytes at all |
| `document-no-text` | readable, but there is no text in it (a scan) |
| `document-unsupported` | a type that is not read |
| `document-mismatch` | the content is of another type than the name says |
| `document-encrypted` | a password is needed |
| `document-damaged` | cut off or broken |
| `document-encoding` | the characters cannot be told with certainty |
| `document-too-large` | more pages, entries, cells or characters than the limits allow |
"""

from __future__ import annotations

from difyflow.errors import InputError, MissingExtra


def empty(name: str) -> InputError:
    """A file of zero bytes."""
    return InputError(
        f"{name}: the file is empty (0 bytes)",
        code="document-empty",
        hint="leave it out, or check the upload or export that made it",
    )


def no_text(name: str, reason: str) -> InputError:
    """A readable file without any text."""
    return InputError(
        f"{name}: no text in it: {reason}",
        code="document-no-text",
        hint="a model that is fed an empty text invents one; run OCR over a scan, or leave the file out",
    )


def unsupported(name: str, reason: str, *, hint: str) -> InputError:
    """A type that is not read."""
    return InputError(f"{name}: {reason}", code="document-unsupported", hint=hint)


def mismatch(name: str, named: str, found: str) -> InputError:
    """The ending says one type, the bytes another."""
    return InputError(
        f"{name}: named as {named}, but it holds {found}",
        code="document-mismatch",
        hint="give it the right ending, or export it again",
    )


def encrypted(name: str, what: str) -> InputError:
    """A password is needed to read it."""
    return InputError(
        f"{name}: the {what} is protected by a password",
        code="document-encrypted",
        hint="save a copy without a password",
    )


def damaged(name: str, what: str, reason: str) -> InputError:
    """Cut off or broken."""
    return InputError(
        f"{name}: not readable as {what}, it is damaged or cut off: {reason}",
        code="document-damaged",
        hint="open it in the program that made it and save it again",
    )


def encoding(name: str, reason: str) -> InputError:
    """The bytes cannot be turned into characters with certainty."""
    return InputError(
        f"{name}: {reason}",
        code="document-encoding",
        hint="save it as UTF-8, or name its encoding (--encoding gb18030)",
    )


def too_large(name: str, reason: str) -> InputError:
    """Past a limit that keeps a hostile file from eating the machine."""
    return InputError(
        f"{name}: {reason}",
        code="document-too-large",
        hint="split the document, or export the needed part of it",
    )


def missing(library: str, what: str) -> MissingExtra:
    """The library that reads this type is not installed."""
    return MissingExtra(
        f"reading {what} needs {library}, which is not installed",
        hint="pip install 'difyflow[documents]' (part of difyflow[local] too)",
    )
