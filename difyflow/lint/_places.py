"""Where in a text a finding is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from difyflow.lint.finding import Found

if TYPE_CHECKING:
    from difyflow.dsl._yaml import Composed, Mark


class Places:
    """The places of one document."""

    def __init__(self, source: Composed | None) -> None:
        """Takes the text that was read; None for a document without one."""
        self._source = source

    def of(self, found: Found) -> tuple[int | None, int | None]:
        """Line and column from 1: of the words that are meant, of the value, or of what would hold it."""
        source = self._source
        if source is None:
            return None, None
        path = found.path
        mark = source.mark(path)
        if mark is not None and found.text:
            return self._of_words(source, found, mark)
        while mark is None:
            path = path[:-1]
            mark = source.key_mark(path) or source.mark(path)
        return mark.line, mark.column

    def _of_words(self, source: Composed, found: Found, mark: Mark) -> tuple[int, int]:
        """The place of words inside of a text, if they stand there as they are."""
        written = source.text[mark.index : mark.end_index]
        at = written.find(found.text)
        for _ in range(_times_before(source.data, found)):
            further = written.find(found.text, at + 1)
            if at < 0 or further < 0:
                break
            at = further
        if at < 0:
            return mark.line, mark.column
        before = written[:at]
        line = before.count("\n")
        column = mark.column + at if not line else at - before.rfind("\n")
        return mark.line + line, column


def _times_before(data: object, found: Found) -> int:
    """How often the words occur before those that are meant."""
    if not found.start:
        return 0
    value = data
    for part in found.path:
        value = value[part]  # type: ignore[index]  # a mark was found for this path
    return value[: found.start].count(found.text) if isinstance(value, str) else 0
