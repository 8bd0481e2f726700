"""The one door to YAML: reading with limits, writing with Dify's exact bytes.

`compose` reads text into plain data and remembers where each value stands; `load` gives the data alone;
`dump` writes what `yaml.dump(data, allow_unicode=True)` of pure-Python PyYAML writes, which is what Dify's
exporter calls; `retext` changes data in a text and leaves the rest of it alone. No other room imports
PyYAML, and no other room imports the modules in this folder.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from difyflow.dsl._yaml._limits import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from difyflow.dsl._yaml._marks import Composed, Mark
from difyflow.dsl._yaml._read import compose, load

if TYPE_CHECKING:
    from difyflow.dsl._yaml._comments import check_comments, first_comment
    from difyflow.dsl._yaml._dump import dump
    from difyflow.dsl._yaml._equal import same
    from difyflow.dsl._yaml._retext import retext

# Who only reads need not wait for what writes.
_HOME = {
    "check_comments": "_comments",
    "dump": "_dump",
    "first_comment": "_comments",
    "retext": "_retext",
    "same": "_equal",
}

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_VALUES",
    "Composed",
    "Mark",
    "check_comments",
    "compose",
    "dump",
    "first_comment",
    "load",
    "retext",
    "same",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found
