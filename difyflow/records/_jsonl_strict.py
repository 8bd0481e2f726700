"""Strict JSON values inside of a text."""

from __future__ import annotations

import json
import re

from difyflow.records._jsonl_signs import MAX_DEPTH, Members, Value

DECODER = json.JSONDecoder(object_pairs_hook=Members)
"""Strict JSON; one for all, since making one leaves a reference cycle behind."""

_TOKEN = re.compile(r'[{}\[\]]|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"(?=\s*+[,:}\]])|"')


def strict_value(text: str, at: int) -> tuple[Value, int | None, int]:
    """The JSON value at `at`, exactly as JSON says, the offset behind it, and how far was looked.

    The end is None if it is no JSON. Only strings and brackets are looked at before the JSON reader is
    called, so that a value without an end costs no more than its own line.
    """
    depth = 0
    far = at
    for token in _TOKEN.finditer(text, at):
        sign, far = token.group(), token.end()
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        if sign == '"' or depth > MAX_DEPTH:
            break
        if depth <= 0:
            try:
                return DECODER.decode(text[at:far]), far, far
            except ValueError:
                break
    return None, None, far
