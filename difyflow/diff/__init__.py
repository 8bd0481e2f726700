"""What differs between two documents, as data; making it again; merging what two people did.

`compare` gives a `Diff`; `patch` makes it; a file of `formats/` shows it; `merge.merge` joins two. Nothing
here loads deepdiff unless `compare(..., thorough=True)` meets lists of free-form data that differ.
"""

from difyflow.diff.changes import Diff
from difyflow.diff.compare import compare
from difyflow.diff.patch import patch

__all__ = ["Diff", "compare", "patch"]
