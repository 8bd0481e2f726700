"""Java properties: `key: value` lines, as Dify writes them."""

from __future__ import annotations

from difyflow.run.backends.local.documents import encodings
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble


def read(source: Source) -> Extracted:
    r"""Each line as `key: value`; comments, `\u` escapes and line continuations stay, as in Dify."""
    decoded = encodings.decode(source.data, name=source.name, encoding=source.encoding)
    text = "\n".join(_line(line.strip()) for line in decoded.text.splitlines())
    return assemble([Stretch(text)], notes=decoded.notes)


def _line(line: str) -> str:
    if not line or line.startswith(("#", "!")):
        return line
    sign = "=" if "=" in line else ":"
    key, _, value = line.partition(sign)
    return f"{key.strip()}: {value.strip()}"


FORMAT = Format(extensions=(".properties",), mime_types=("text/properties",), holds="text", read=read)
