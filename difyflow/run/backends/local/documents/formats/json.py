"""JSON, written anew with two spaces of indent, as Dify does."""

from __future__ import annotations

import json
from decimal import Decimal

from difyflow.run.backends.local.documents import encodings, faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble


class _Losses:
    """Counts what JSON as Python reads it cannot keep."""

    def __init__(self) -> None:
        self.repeated_keys = 0
        self.digits = 0

    def pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        self.repeated_keys += len(pairs) - len(found)
        return found

    def number(self, digits: str) -> float:
        number = float(digits)
        if number in (float("inf"), float("-inf")) or Decimal(repr(number)) != Decimal(digits):
            self.digits += 1
        return number

    def notes(self) -> list[str]:
        found = []
        if self.repeated_keys:
            found.append(
                f"{self.repeated_keys} repeated JSON keys: the last one is kept, as on a Dify server"
            )
        if self.digits:
            found.append(f"{self.digits} JSON numbers lose digits, as on a Dify server")
        return found


def read(source: Source) -> Extracted:
    """The JSON document, indented; keys keep their order."""
    decoded = encodings.decode(source.data, name=source.name, encoding=source.encoding)
    losses = _Losses()
    try:
        value = json.loads(decoded.text, object_pairs_hook=losses.pairs, parse_float=losses.number)
    except json.JSONDecodeError as err:
        raise faults.damaged(
            source.name, "JSON", f"{err.msg} at line {err.lineno}, column {err.colno}"
        ) from err
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return assemble([Stretch(text)], notes=[*decoded.notes, *losses.notes()])


FORMAT = Format(extensions=(".json",), mime_types=("application/json",), holds="text", read=read)
