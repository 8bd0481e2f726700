"""Plain text and everything that Dify treats as such: the text as it stands, its line ends too.

HTML and XML keep their tags: a Dify server sends them to the model too. YAML is given as it is written;
a Dify server writes it anew from its data, without comments and with numbers and dates spelled its own way.
"""

from __future__ import annotations

import re

from difyflow.run.backends.local.documents import encodings
from difyflow.run.backends.local.documents.headings import by_headings
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

_PROSE = (".txt", ".md", ".markdown", ".mdx")
_PAGES = (".html", ".htm")
_MARKUP = (*_PAGES, ".xml")
_YAML = (".yaml", ".yml")
_TAG = re.compile(r"<[a-z!/][^<>]*>", re.IGNORECASE)
_PROGRAMS = (
    ".asm .bash .bat .c .c++ .cc .cfg .conf .cpp .css .cxx .env .go .h .hpp .ini .java .js .jsx .kt .less"
    " .log .lua .m .php .pl .ps1 .py .r .rb .rs .s .sass .scala .scss .sh .sql .swift .toml .ts .tsx .vim"
)


def read(source: Source) -> Extracted:
    """The decoded text; prose has a part per heading (`# …` or `第三章 …`)."""
    decoded = encodings.decode(source.data, name=source.name, encoding=source.encoding)
    notes = list(decoded.notes)
    name = source.name.lower()
    if name.endswith(_PAGES) and _TAG.search(decoded.text):
        notes.append("the HTML tags stay in the text, as on a Dify server")
    if name.endswith(_YAML):
        notes.append("a Dify server writes YAML anew: without comments, with its own spelling of values")
    prose = name.endswith(_PROSE) or "." not in name
    return assemble(by_headings(decoded.text) if prose else [Stretch(decoded.text)], notes=notes)


FORMAT = Format(
    extensions=(*_PROSE, *_MARKUP, *_YAML, ".vtt", *_PROGRAMS.split()),
    mime_types=(
        "text/plain",
        "text/html",
        "text/htm",
        "text/markdown",
        "text/xml",
        "text/vtt",
        "text/yaml",
        "application/x-yaml",
    ),
    holds="text",
    read=read,
)
