"""YAML 1.1 tags, and which one a plain scalar means."""

from __future__ import annotations

import re
from typing import Final

from yaml.resolver import Resolver

_PREFIX: Final = "tag:yaml.org,2002:"
STR: Final = _PREFIX + "str"
SEQ: Final = _PREFIX + "seq"
MAP: Final = _PREFIX + "map"
NULL: Final = _PREFIX + "null"
BOOL: Final = _PREFIX + "bool"
INT: Final = _PREFIX + "int"
FLOAT: Final = _PREFIX + "float"
MERGE: Final = _PREFIX + "merge"
VALUE: Final = _PREFIX + "value"
SET: Final = _PREFIX + "set"
OMAP: Final = _PREFIX + "omap"
PAIRS: Final = _PREFIX + "pairs"

# First character -> patterns that a plain scalar starting with it may match.
_PATTERNS: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = Resolver.yaml_implicit_resolvers


def implicit_tag(text: str) -> str:
    """The tag that PyYAML gives to the plain scalar `text`: `1.0` is a float, `on` a boolean."""
    for tag, pattern in _PATTERNS.get(text[:1], ()):
        if pattern.match(text):
            return tag
    return STR
