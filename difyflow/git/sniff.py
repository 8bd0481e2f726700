"""Whether a file may be a Dify document, told by its first words on a line and without parsing it.

The shell script that git calls (`driver.sh`) asks `grep` for the same two patterns; a test compares them.
"""

from __future__ import annotations

import re
from typing import Final

HEAD: Final = "^(\ufeff)?[\"']?(app|rag_pipeline|snippet)[\"']?[ \t]*:"
"""A document has such a line, at the left margin."""
BODY: Final = "^(\ufeff)?[\"']?(workflow|model_config|agent|kind)[\"']?[ \t]*:"
"""And one such line."""

SUFFIXES: Final = (".yml", ".yaml")

_HEAD = re.compile(HEAD.encode(), re.MULTILINE)
_BODY = re.compile(BODY.encode(), re.MULTILINE)


def is_named_yaml(path: str) -> bool:
    """Whether a file is named as YAML files are; `APP.YML` counts."""
    return path.lower().endswith(SUFFIXES)


def may_be_dsl(data: bytes) -> bool:
    """True for every file that Dify writes; other files with such keys at the margin pass too."""
    return _HEAD.search(data) is not None and _BODY.search(data) is not None
