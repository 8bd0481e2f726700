"""A tolerant reader for one JSON-like object, with a name for every liberty that it takes."""

from __future__ import annotations

from difyflow.records._jsonl_signs import (
    BARE,
    CLOSE_LIST,
    CLOSE_OBJECT,
    COMMA,
    CORE_KEY_HERE,
    CORE_NAME,
    DOUBLE_QUOTES,
    KEY,
    MAX_DEPTH,
    NEXT_MESSAGE,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTES,
    SPACES,
    UNFINISHED,
    Members,
    Unreadable,
    Value,
    full_width,
    key_parts,
)
from difyflow.records._jsonl_strings import Place, read_string

_LITERALS: dict[str, Value] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
}  # fmt: skip
_MAY_BE_SKIPPED = "/#\\>\x7f"
_LONGEST_COMMENT = 2_000


class Reader:
    """Reads from one offset of a text; used once.

    After a failed reading, `recognised` says whether it got as far as a key that makes it a sample, and
    `far` how far into the text it looked.
    """

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._python = False
        self.repairs: set[str] = set()
        self.recognised = False
        self.far = start

    def read(self) -> tuple[Value, int]:
        """The value at the start, and the offset behind it.

        Raises:
            Unreadable: there is no reading, or more than one.
        """
        value, end = self._read()
        if {"block-quote", "raw-control"} <= self.repairs:
            raise Unreadable("ambiguous-escape", "lines of a string in a block quote")
        return value, end

    def _read(self) -> tuple[Value, int]:
        inside = self._skip(self._start + 1)
        if self._at(self._start, OPEN_LIST):
            inside = self._skip(inside + 1)
            self._python = self._text[inside : inside + 1] == "'"
            return self._list(self._start + 1, 0)
        self._python = self._text[inside : inside + 1] == "'"
        return self._object(self._start + 1, 0, "outer")

    # The pieces below take the offset where they start and return the one where they ended.

    def _at(self, at: int, signs: str) -> bool:
        sign = self._text[at : at + 1]
        if not sign or sign not in signs:
            return False
        if full_width(sign):
            self.repairs.add("full-width-sign")
        return True

    def _skip(self, at: int) -> int:
        """Passes over blanks and comments."""
        sign = self._text[at : at + 1]
        if sign > " " and sign not in _MAY_BE_SKIPPED and sign.isascii():
            return at
        while True:
            spaces = SPACES.match(self._text, at)
            if spaces:
                at = spaces.end()
                self._name_blanks(spaces.group())
            self.far = max(self.far, at)
            end = self._comment_end(at)
            if end is None:
                return at
            self.repairs.add("comment")
            at = end

    def _name_blanks(self, blanks: str) -> None:
        if "\\" in blanks:
            self.repairs.add("escaped-blank")
        if ">" in blanks:
            self.repairs.add("block-quote")

    def _comment_end(self, at: int) -> int | None:
        """Where the comment at `at` ends.

        Raises:
            Unreadable: it holds quotes, so that it may as well be the rest of a string.
        """
        if self._text.startswith(("//", "#"), at):
            end = self._text.find("\n", at, at + _LONGEST_COMMENT)
            if end < 0 and len(self._text) <= at + _LONGEST_COMMENT:
                end = len(self._text)
        elif self._text.startswith("/*", at):
            end = self._text.find("*/", at, at + _LONGEST_COMMENT)
            end = end + 2 if end >= 0 else -1
        else:
            return None
        if end < 0:
            raise Unreadable("unexpected-sign", "a comment that does not end")
        self.far = max(self.far, end)
        quotes = QUOTES if self._python else DOUBLE_QUOTES
        if not set(quotes).isdisjoint(self._text[at:end]):
            raise Unreadable("ambiguous-comment", "a comment with quotes may be the rest of a string")
        return end

    def _fail(self, at: int) -> Unreadable:
        self.far = max(self.far, at)
        if at >= len(self._text):
            return Unreadable(UNFINISHED, "the text ends inside the sample")
        line = self._text.count("\n", self._start, at) + 1
        found = self._text[at : at + 12]
        return Unreadable("unexpected-sign", f"no JSON from {found!r} on, in line {line} of the sample")

    def _object(self, at: int, depth: int, place: Place) -> tuple[Members, int]:
        """Reads on from behind the opening brace."""
        if depth > MAX_DEPTH:
            raise Unreadable("too-deep", f"more than {MAX_DEPTH} levels")
        pairs: list[tuple[str, Value]] = []
        at = self._skip(at)
        done = False
        while not done:
            if self._at(at, CLOSE_OBJECT):
                at += 1
                break
            key, at = self._key(at, depth)
            value, at = self._value(self._skip(at), depth, place, key)
            pairs.append((key, value))
            at, done = self._after_member(at, place, isinstance(value, list))
        return Members(pairs), at

    def _key(self, at: int, depth: int) -> tuple[str, int]:
        key = KEY.match(self._text, at)
        if key is None:
            raise self._fail(at if self._text[at : at + 1] not in QUOTES else self._torn_key(at))
        marks, name = key_parts(key)
        if not marks:
            self.repairs.add("unquoted-key")
        elif marks == "''":
            self.repairs.add("single-quotes")
        elif marks != '""':
            self.repairs.add("curly-quotes")
        if full_width(key.group()[-1]):
            self.repairs.add("full-width-sign")
        if depth == 0 or (depth <= 2 and not name.casefold().startswith("message")):
            self.recognised = self.recognised or CORE_NAME.fullmatch(name) is not None
        return name, key.end()

    def _torn_key(self, at: int) -> int:
        """Where a key that cannot be read stops: at the end of the text if it is only cut."""
        rest = self._text[at + 1 : at + 64]
        torn = at + 1 + len(rest) >= len(self._text) and not set(rest.rstrip()[:-1]) & set("{}[],:\n")
        return len(self._text) if torn else at

    def _after_member(self, before: int, place: Place, after_list: bool) -> tuple[int, bool]:
        """Passes to the next member; True if the object ended without its brace."""
        at = self._skip(before)
        if self._at(at, COMMA):
            at = self._commas(at)
            if self._at(at, CLOSE_OBJECT):
                self.repairs.add("trailing-comma")
                return at, False
            if not self._at(at, OPEN_OBJECT + CLOSE_LIST):
                return at, False
        elif self._at(at, CLOSE_OBJECT):
            return at, False
        elif CORE_KEY_HERE.match(self._text, at):
            self.repairs.add("missing-comma")
            return at, False
        if self._ends_here(before, at, place, after_list):
            self.repairs.add("missing-closer")
            return at, True
        raise self._fail(at)

    def _ends_here(self, before: int, at: int, place: Place, after_list: bool) -> bool:
        """True if the brace that is missing at `at` can only have been forgotten."""
        if at >= len(self._text):
            return False
        if place == "inner":
            return self._at(at, CLOSE_LIST) or NEXT_MESSAGE.match(self._text, at) is not None
        if not after_list or self._text[at] in QUOTES:
            return False
        return self._at(at, CLOSE_LIST + OPEN_OBJECT) or "\n" in self._text[before:at]

    def _commas(self, at: int) -> int:
        at = self._skip(at + 1)
        while self._at(at, COMMA):
            self.repairs.add("extra-comma")
            at = self._skip(at + 1)
        return at

    def _list(self, at: int, depth: int) -> tuple[list[Value], int]:
        """Reads on from behind the opening bracket."""
        values: list[Value] = []
        at = self._skip(at)
        while not self._at(at, CLOSE_LIST):
            if self._at(at, CLOSE_OBJECT) and values:
                if not NEXT_MESSAGE.match(self._text, self._behind_comma(at + 1)):
                    self.repairs.add("missing-closer")
                    return values, at
                self.repairs.add("extra-closer")
                at = self._behind_comma(at + 1)
            value, at = self._element(at, depth)
            values.append(value)
            at = self._after_element(at)
        return values, at + 1

    def _behind_comma(self, at: int) -> int:
        at = self._skip(at)
        return self._commas(at) if self._at(at, COMMA) else at

    def _after_element(self, at: int) -> int:
        at = self._skip(at)
        if self._at(at, COMMA):
            at = self._commas(at)
            if self._at(at, CLOSE_LIST):
                self.repairs.add("trailing-comma")
        elif self._at(at, OPEN_OBJECT + OPEN_LIST):
            self.repairs.add("missing-comma")
        elif not self._at(at, CLOSE_LIST + CLOSE_OBJECT):
            raise self._fail(at)
        return at

    def _element(self, at: int, depth: int) -> tuple[Value, int]:
        if CORE_KEY_HERE.match(self._text, at):
            self.repairs.add("missing-brace")
            return self._object(at, depth + 1, "inner")
        return self._value(at, depth, "element", "")

    def _value(self, at: int, depth: int, place: Place, key: str) -> tuple[Value, int]:
        if at >= len(self._text):
            raise self._fail(at)
        if self._at(at, OPEN_OBJECT):
            return self._object(at + 1, depth + 1, "inner")
        if self._at(at, OPEN_LIST):
            if depth > MAX_DEPTH:
                raise Unreadable("too-deep", f"more than {MAX_DEPTH} levels")
            return self._list(at + 1, depth + 1)
        if self._text[at] in QUOTES:
            return self._string(at, place)
        return self._bare(at, key)

    def _string(self, at: int, place: Place) -> tuple[str, int]:
        try:
            read = read_string(self._text, at, place=place, python=self._python)
        except Unreadable as err:
            self.far = len(self._text) if err.reason == UNFINISHED else max(self.far, at + 1)
            raise
        self.repairs |= read.repairs
        self.far = max(self.far, read.end)
        return read.content, read.end

    def _bare(self, at: int, key: str) -> tuple[Value, int]:
        bare = BARE.match(self._text, at)
        if bare is None:
            raise self._fail(at)
        word = bare.group()
        if word in _LITERALS:
            if word[0] in "TFN":
                self.repairs.add("python-literal")
            return _LITERALS[word], bare.end()
        if word[-1] in "0123456789." or word[0] in "0123456789+-":
            return self._number(word, at), bare.end()
        if key.casefold() not in ("role", "角色"):
            raise self._fail(at)
        self.repairs.add("unquoted-role")
        return word, bare.end()

    def _number(self, word: str, at: int) -> float:
        try:
            return int(word) if word.lstrip("+-").isdigit() else float(word)
        except ValueError:
            raise self._fail(at) from None
