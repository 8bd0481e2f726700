"""What writing a file anew would lose."""

from __future__ import annotations

from difyflow.dsl import _yaml
from difyflow.dsl.reader import Document
from difyflow.errors import CannotEdit


def check_comments(document: Document, *, reformat: bool) -> None:
    """Refuses to lose comments unless that is wanted.

    Raises:
        CannotEdit: the text has comments, and `reformat` is not set.
    """
    line = None if reformat else _yaml.first_comment(document.source)
    if line is not None:
        raise CannotEdit(
            "a comment, which Dify's form cannot hold",
            path=document.name,
            line=line,
            code="comments",
            hint="write it without its comments: --reformat",
        )
