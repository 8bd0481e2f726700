"""What differs between two documents, as data; making it again; merging what two people did.

`compare` gives a `Diff`; `patch` makes it; a file of `formats/` shows it; `merge.merge` joins two. Nothing
here loads deepdiff unless `compare(..., thorough=True)` meets lists of free-form data that differ.
"""

import sys
from types import ModuleType

from difyflow.diff.changes import Diff
from difyflow.diff.compare import Source, compare
from difyflow.diff.patch import patch

__all__ = ["Diff", "compare", "patch"]


class _Room(ModuleType):
    """This room is called like its verb, and `difyflow.diff` can be but one thing: so it can be called."""

    def __call__(self, before: Source, after: Source, *, thorough: bool = False) -> Diff:
        """As `compare`."""
        return compare(before, after, thorough=thorough)


sys.modules[__name__].__class__ = _Room
