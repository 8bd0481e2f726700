"""The one way in which text gets into SVG and HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What XML 1.0 forbids even as a character reference: control characters, surrogates, two non-characters.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_SPECIAL = re.compile("[&<>\"']")


def escape(text: str) -> str:
    """Any text for content or a quoted attribute of XML and HTML; what XML cannot hold becomes U+FFFD."""
    return _SPECIAL.sub(lambda match: _NAMES[match[0]], _FORBIDDEN.sub("\ufffd", text))


def element(tag: str, attributes: Mapping[str, object] | None = None, *content: str, text: str = "") -> str:
    """An element.

    Args:
        tag: its name.
        attributes: values are escaped; a float is written with at most two digits behind the point.
        content: finished markup.
        text: escaped, before `content`.
    """
    shown = "".join(f' {name}="{_value(value)}"' for name, value in (attributes or {}).items())
    inside = escape(text) + "".join(content)
    return f"<{tag}{shown}>{inside}</{tag}>" if inside else f"<{tag}{shown}/>"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(str(value))
