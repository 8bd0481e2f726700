"""A tolerant look at Jinja2 templates without Jinja2: delimiters, block tags, names.

It tells only what Jinja2 certainly refuses (compared with Jinja2 3.1 in the tests).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_OPEN = re.compile(r"\{\{|\{%|\{#")
_RAW_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_TOKEN = re.compile(
    r"""\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[-+]?%\}|-?\}\}|[(\[{]|[)\]}]|[^\W\d]\w*|\d[\w.]*|.""",
    re.DOTALL,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_SIGNS = frozenset("+-*/%.,:|=<>!~;")

_BLOCKS = {
    "for": "endfor",
    "if": "endif",
    "macro": "endmacro",
    "call": "endcall",
    "filter": "endfilter",
    "block": "endblock",
    "with": "endwith",
    "autoescape": "endautoescape",
}
_SINGLE = frozenset(("include", "import", "from", "extends"))
_INNER = {"elif": ("if",), "else": ("if", "for")}

_FILTERS = frozenset(
    [
        "abs",
        "attr",
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "filesizeformat",
        "first",
        "float",
        "forceescape",
        "format",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "pprint",
        "random",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "tojson",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "urlize",
        "wordcount",
        "wordwrap",
        "xmlattr",
    ]
)
"""All filters of Jinja2 3.1; Dify adds none."""

NAMES_OF_JINJA = frozenset(
    [
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "not",
        "and",
        "or",
        "in",
        "is",
        "if",
        "else",
        "recursive",
        "loop",
        "range",
        "dict",
        "lipsum",
        "cycler",
        "joiner",
        "namespace",
        "self",
        "super",
        "varargs",
        "kwargs",
        "caller",
    ]
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What Jinja2 refuses: offset in the text, what, and the words that are meant."""

    at: int
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class _Tag:
    """`{{ ... }}` or `{% ... %}`: its tokens with their offsets."""

    at: int
    kind: str
    tokens: tuple[tuple[str, int], ...]


class _Refused(Exception):  # not an error: an answer
    """Carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@lru_cache(maxsize=512)
def fault(template: str) -> Fault | None:
    """The first thing that Jinja2 certainly refuses in a template; None if nothing was found."""
    if "{" not in template:
        return None
    try:
        _check_blocks(_tags(template))
    except _Refused as found:
        return found.fault
    return None


@lru_cache(maxsize=512)
def names(template: str) -> frozenset[str]:
    """The names that a template looks up and does not make itself; empty if it cannot be read.

    Names after a dot, before `=` in calls, and the filters after `|` are no variables. A name of which the
    template asks whether it is defined may well be none.
    """
    try:
        tags = tuple(_tags(template))
    except _Refused:
        return frozenset()
    used: set[str] = set()
    made: set[str] = set(NAMES_OF_JINJA)
    for tag in tags:
        words = [word for word, _ in tag.tokens]
        if (
            tag.kind == "%"
            and words
            and words[0] in ("for", "set", "macro", "call", "import", "from", "with", "block")
        ):
            made |= _made(words)
        made |= _asked(words)
        start = 0 if tag.kind == "{" else 2 if words[:1] == ["filter"] else 1
        used |= {word for place, word in enumerate(words) if place >= start and _is_variable(words, place)}
    return frozenset(used - made)


def _made(words: list[str]) -> set[str]:
    """The names that a tag gives."""
    if words[0] == "call":
        return set(words[2 : words.index(")")]) if words[1:2] == ["("] else set()
    stop = next(
        (place for place, word in enumerate(words) if word in ("in", "=") and words[0] != "macro"), None
    )
    return {word for word in words[1:stop] if word[0].isalpha() or word[0] == "_"}


def _asked(words: list[str]) -> set[str]:
    """The names of which a tag asks whether they are defined."""
    found = set()
    for place, word in enumerate(words):
        test = words[place + 1 : place + 4]
        if test[:1] == ["is"] and test[1 + (test[1:2] == ["not"]) :][:1] in (["defined"], ["undefined"]):
            found.add(word)
    return found


def _is_variable(words: list[str], place: int) -> bool:
    word = words[place]
    if not (word[0].isalpha() or word[0] == "_"):
        return False
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    return (
        before not in (".", "|", "is")
        and not (before == "not" and words[max(place - 2, 0)] == "is")
        and (after != "=" or words[place + 2 : place + 3] == ["="])
    )


def _tags(template: str) -> Iterator[_Tag]:
    place = 0
    while (found := _OPEN.search(template, place)) is not None:
        start = found.start()
        if found.group() == "{#":
            end = template.find("#}", start + 2)
            if start + 2 == len(template):
                return
            if end < 0:
                raise _Refused(Fault(start, "the comment `{#` has no end `#}`", "{#"))
            place = end + 2
            continue
        tag, place = _tag(template, start)
        if tag.kind == "%" and tag.tokens and tag.tokens[0][0] == "raw":
            closing = _RAW_END.search(template, place)
            if closing is None:
                raise _Refused(Fault(start, "`{% raw %}` has no `{% endraw %}`", "{%"))
            place = closing.end()
            continue
        yield tag


def _tag(template: str, start: int) -> tuple[_Tag, int]:
    """The tag at a place, and where it ends."""
    kind = template[start + 1]
    place = start + 2
    if template[place : place + 1] in ("-", "+"):
        place += 1
    open_brackets: list[str] = []
    tokens: list[tuple[str, int]] = []
    while (found := _TOKEN.match(template, place)) is not None:
        word, at = found.group(), place
        place = found.end()
        if not open_brackets and word in (("}}", "-}}") if kind == "{" else ("%}", "-%}", "+%}")):
            return _Tag(start, kind, tuple(tokens)), place
        if word.endswith("}}") and word != "}}":
            place = at + 1  # `-}}` inside of brackets: a minus, then brackets
            word = word[0]
        elif word in ("}}", "%}", "-%}", "+%}"):
            place = at + 1
            word = word[0]
        _bracket(word, at, open_brackets)
        if not word.isspace():
            tokens.append((word, at))
    ends = "}}" if kind == "{" else "%}"
    raise _Refused(Fault(start, f"`{{{kind}` has no end `{ends}`", "{" + kind))


def _bracket(word: str, at: int, open_brackets: list[str]) -> None:
    if word in "([{":
        open_brackets.append(word)
    elif word in _PAIRS:
        if not open_brackets or open_brackets.pop() != _PAIRS[word]:
            raise _Refused(Fault(at, f"unexpected `{word}`", word))
    elif len(word) == 1 and not word.isspace() and not word.isalnum() and word not in _SIGNS and word != "_":
        raise _Refused(Fault(at, f"unexpected character {word!r}", word))


def _check_blocks(tags: Iterator[_Tag]) -> None:
    """Every block ends, and every end belongs to a block."""
    stack: list[tuple[str, int]] = []
    for tag in tags:
        if tag.kind == "{":
            if not tag.tokens:
                raise _Refused(Fault(tag.at, "`{{ }}` is empty", "{{"))
            _check_expression(tag)
            if not any(name == "if" for name, _ in stack):
                _check_filters(tag)
            continue
        _check_block(tag, stack)
    if stack:
        name, at = stack[-1]
        raise _Refused(Fault(at, f"`{{% {name} %}}` has no `{{% {_BLOCKS.get(name, 'endset')} %}}`", "{%"))


def _check_block(tag: _Tag, stack: list[tuple[str, int]]) -> None:
    """Opens a block or ends one."""
    name = tag.tokens[0][0] if tag.tokens else ""
    inner = stack[-1][0] if stack else ""
    if name in _BLOCKS:
        stack.append((name, tag.at))
    elif name == "set":
        if not any(word == "=" for word, _ in tag.tokens):
            stack.append(("set", tag.at))
    elif name.startswith("end") and inner and name == _BLOCKS.get(inner, "endset"):
        stack.pop()
    elif name not in _SINGLE and inner not in _INNER.get(name, ()):
        expected = f"; `{{% {_BLOCKS.get(inner, 'endset')} %}}` is expected here" if inner else ""
        raise _Refused(Fault(tag.at, f"unexpected tag `{{% {name} %}}`{expected}", "{%"))


_WORDS = frozenset(("not", "and", "or", "in", "is", "if", "else"))


def _check_expression(tag: _Tag) -> None:
    """Two values side by side with nothing between them."""
    for (one, _), (other, at) in pairwise(tag.tokens):
        plain = [
            word[0].isalnum() or word[0] == "_"
            for word in (one, other)
            if word not in _WORDS and word[0] not in "\"'"
        ]
        if len(plain) == 2 and all(plain) and not _is_test(tag, at):
            raise _Refused(Fault(tag.at, f"{other!r} does not belong behind {one!r}", other))


def _check_filters(tag: _Tag) -> None:
    """Unknown filters; in what is done only `if`, Jinja2 passes them over until it is done."""
    words = [word for word, _ in tag.tokens]
    for one, other in pairwise(words):
        named = other[0].isalpha() or other[0] == "_"
        if one == "|" and named and other not in _FILTERS and "if" not in words:
            raise _Refused(Fault(tag.at, f"there is no filter {other!r}", other))


def _is_test(tag: _Tag, at: int) -> bool:
    """True for `x is divisibleby 3`, where a value follows a test's name."""
    return any(word == "is" for word, place in tag.tokens if place < at)
