"""The shell of every page: one look, and a policy under which nothing foreign is loaded or run."""

from __future__ import annotations

import base64
import hashlib

from difyflow.draw.xml import element, escape

_LOOK = """
:root { color-scheme: light; font: 14px/1.5 Inter, system-ui, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", "Noto Sans", sans-serif; color: #354052; background: #f2f4f7; }
body { margin: 0; }
button { font: inherit; color: inherit; border: 0; border-radius: 6px; background: none; cursor: pointer; }
button:hover { background: #eaecf0; }
"""


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """A whole HTML document.

    The policy in its head lets the browser run this very script and apply this very style, and load nothing:
    no picture, no font, no frame, no request. Attributes `style` and `on...` in the body have no effect.

    Args:
        title: any text.
        body: finished markup; all text in it has gone through `escape`.
        style: CSS of this kind of page, a constant.
        script: JavaScript of this kind of page, a constant.
    """
    style = f"{_LOOK}{style}"
    rules = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}" if script else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape("; ".join(rules))}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="generator" content="difyflow">',
        element("title", text=title or "difyflow"),
        f"<style>{style}</style>",
    ]
    tail = f"<script>{script}</script>\n" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n'
        + "\n".join(head)
        + f"\n</head>\n<body>\n{body}\n{tail}</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
