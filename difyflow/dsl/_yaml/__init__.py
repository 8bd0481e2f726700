"""The one door to YAML: reading with limits, writing with Dify's exact bytes.

`compose` reads text into plain data and remembers where each value stands; `load` gives the data alone;
`dump` writes what `yaml.dump(data, allow_unicode=True)` of pure-Python PyYAML writes, which is what Dify's
exporter calls; `retext` changes data in a text and leaves the rest of it alone. No other room imports
PyYAML, and no other room imports the modules in this folder.
"""

from difyflow.dsl._yaml._comments import first_comment
from difyflow.dsl._yaml._dump import dump
from difyflow.dsl._yaml._equal import same
from difyflow.dsl._yaml._limits import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from difyflow.dsl._yaml._marks import Composed, Mark
from difyflow.dsl._yaml._patch import retext
from difyflow.dsl._yaml._read import compose, load

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_VALUES",
    "Composed",
    "Mark",
    "compose",
    "dump",
    "first_comment",
    "load",
    "retext",
    "same",
]
