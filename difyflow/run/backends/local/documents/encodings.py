"""Bytes of a text file to text: decoded right or refused, never mangled.

1. A byte order mark decides (UTF-8, UTF-16, UTF-32); it is not part of the text.
2. Valid UTF-8 is UTF-8. Only a tiny file with four two-byte characters or fewer may be valid by chance
   (`一` in GBK is a Cyrillic letter in UTF-8); then step 4 compares, and one such letter alone is refused.
3. What is UTF-8 but for a few bytes is a damaged UTF-8 file, and refused. So is a mixture of encodings,
   and what is Chinese, Japanese or Korean but for a few bytes.
4. Every candidate that decodes without an error is scored as a piece of language (`languages`). The best
   is taken if it is plausible in itself and a thousand times as likely as the next one that reads
   differently. A charset that the text declares (HTML, XML) counts as evidence.
5. Else the file is refused; the message names the candidates.

Dify 1.12 tells UTF-8, Latin-1 and cp1252 apart and drops every byte that does not fit, so that a GBK file
loses its text there. Nothing outside the standard library is needed here.
"""

from __future__ import annotations

import codecs
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from difyflow.run.backends.local.documents import faults
from difyflow.run.backends.local.documents.languages import models

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HAN = ("simplified Chinese", "traditional Chinese", "Japanese", "Korean")
_ANY = (
    *_HAN,
    "Western European",
    "Central European",
    "Turkish",
    "Cyrillic",
    "Greek",
    "Thai",
    "Arabic",
    "Hebrew",
)
# Codec, how much rarer than the common ones (natural logarithm), and the languages written in it.
_CANDIDATES: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("gb18030", 0, ("simplified Chinese", "traditional Chinese", "Japanese")),
    ("cp950", -1, ("traditional Chinese",)),
    ("big5hkscs", -2, ("traditional Chinese",)),
    ("cp932", -1, ("Japanese",)),
    ("euc_jp", -2, ("Japanese",)),
    ("cp949", -1, ("Korean",)),
    ("cp1252", 0, ("Western European",)),
    ("cp1250", -1, ("Central European",)),
    ("iso8859_2", -2, ("Central European",)),
    ("cp1251", -1, ("Cyrillic",)),
    ("koi8_r", -2, ("Cyrillic",)),
    ("cp866", -3, ("Cyrillic",)),
    ("iso8859_5", -4, ("Cyrillic",)),
    ("cp1253", -2, ("Greek",)),
    ("cp1254", -1, ("Turkish",)),
    ("cp1255", -2, ("Hebrew",)),
    ("cp1256", -2, ("Arabic",)),
    ("cp1257", -2, ("Baltic",)),
    ("cp874", -2, ("Thai",)),
    ("mac_roman", -8, ("Western European",)),
    ("cp850", -8, ("Western European",)),
    ("utf-16-le", -4, _ANY),
    ("utf-16-be", -5, _ANY),
)
_UTF8_PRIOR = 7.0
_DECLARED = 12.0
_MARGIN = math.log(1000)
_SAMPLE = 200_000
"""Bytes that are scored, about; whether a candidate decodes at all is tried on every byte."""

_UTF8_MULTI = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}",
)
_THREE_BYTES = re.compile("[\u0800-\U0010ffff]")
# Three-byte characters that hardly stand alone in a file, as `спа` in cp866 reads by chance.
_ODD = re.compile("[\u0800-\u1fff\u2800-\u2fff\u3100-\u33ff\ua000-\uabff]")
_ASCII = bytes(range(128))
_UTF8_RUN = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){6}")
_DECLARATION = re.compile(
    rb"<\?xml[^>]{0,100}?\sencoding\s*=\s*[\"']([\w.:-]{2,20})"
    rb"|<meta[^>]{0,200}?\scharset\s*=\s*[\"']?([\w.:-]{2,20})"
    rb"|<meta[^>]{0,200}?charset=([\w.:-]{2,20})"
    rb"|\A@charset \"([\w.:-]{2,20})",
    re.IGNORECASE,
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_FEW = 0.02
"""Share of control characters that a text may hold; a byte or two get into files by old editors."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The text of a text file."""

    text: str
    encoding: str
    """The codec that was used, such as `utf-8` or `gb18030`."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Guess:
    codec: str
    text: str
    score: float
    plausible: bool
    misfit: int | None = None
    """Offset of the first byte that does not fit, if a few do not."""


def decode(data: bytes, *, name: str, encoding: str | None = None) -> Decoded:
    """Decodes a text file.

    Args:
        data: the whole file.
        name: file name for messages.
        encoding: a codec that the caller states; it is used strictly and nothing is guessed.

    Raises:
        InputError: with code `document-encoding`, if the text cannot be told with certainty.
    """
    if encoding is not None:
        return _checked(_as_told(data, encoding, name), name)
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _checked(_by_bom(data[len(bom) :], codec, name), name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _checked(_guessed(data, name), name)
    if _is_binary(text) or _doubtful(data):
        return _checked(_guessed(data, name), name)
    if b"\x1b$" in data:
        return _checked(_iso_2022(data, name), name)
    return _checked(Decoded(text=text, encoding="utf-8"), name)


def _is_binary(text: str) -> bool:
    """True for a zero byte, or for more control characters than a text has."""
    # DOS editors end a file with 1A.
    return "\x00" in text or len(_CONTROLS.findall(text.removesuffix("\x1a"))) > len(text) * _FEW


def _doubtful(data: bytes) -> bool:
    """True for a tiny file that may be valid UTF-8 by chance."""
    found = _UTF8_MULTI.findall(data) if len(data) < 64 else []
    if len(found) == 1 and _ODD.fullmatch(found[0].decode()):
        return True
    return 0 < len(found) <= 4 and max(map(len, found)) == 2


def _is_one_letter(data: bytes) -> bool:
    """True for a file of one two-byte character and no other letter or digit."""
    return sum(byte >= 0x80 for byte in data) == 2 and not re.search(rb"[0-9A-Za-z]", data)


def _as_told(data: bytes, encoding: str, name: str) -> Decoded:
    try:
        codec = codecs.lookup(encoding).name
    except LookupError as err:
        raise faults.encoding(name, f"{encoding!r} is no encoding that Python knows") from err
    try:
        text = data.decode(codec)
    except (UnicodeError, LookupError) as err:
        raise faults.encoding(name, f"it is not {encoding} as stated: {_at(err)}") from err
    return Decoded(
        text=text.removeprefix("\ufeff"),
        encoding=codec,
        notes=(f"decoded as {encoding}, as stated",) if not data.isascii() else (),
    )


def _by_bom(data: bytes, codec: str, name: str) -> Decoded:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as err:
        raise faults.encoding(
            name, f"it begins as {codec.upper()} (byte order mark) but is not: {_at(err)}"
        ) from err
    notes = () if codec == "utf-8" else (f"decoded as {codec}",)
    return Decoded(text=text, encoding=codec, notes=notes)


def _iso_2022(data: bytes, name: str) -> Decoded:
    """ISO-2022-JP is pure ASCII with escape sequences, and so valid UTF-8."""
    try:
        text = data.decode("iso2022_jp_2")
    except UnicodeDecodeError as err:
        raise faults.encoding(name, f"it holds escape sequences of ISO-2022 but is not: {_at(err)}") from err
    return Decoded(text=text, encoding="iso2022_jp_2", notes=("decoded as iso-2022-jp",))


def _guessed(data: bytes, name: str) -> Decoded:
    _refuse_damaged_utf8(data, name)
    declared = _declared(data)
    guesses = sorted(_guesses(data, declared), key=lambda guess: -guess.score)
    best = guesses[0] if guesses else None
    if best is None or not best.plausible:
        raise faults.encoding(
            name, "its bytes are text in no encoding that is known here; a file that is not text looks so too"
        )
    if best.misfit is not None:
        raise faults.encoding(
            name, f"it is {best.codec} but for a few bytes, the first at offset {best.misfit} of {len(data)}"
        )
    if best.codec != "utf-8" and _UTF8_RUN.search(data):
        raise faults.encoding(name, f"it mixes {best.codec} with UTF-8")
    # Being valid is evidence for UTF-8 already: a rival must beat it outright, without its head start.
    margin = _MARGIN if best.codec != "utf-8" else _UTF8_PRIOR
    if _is_one_letter(data):
        margin = math.inf  # nothing beside it speaks for Σ or for 危
    rivals = [
        guess
        for guess in guesses[1:]
        if guess.plausible and guess.text != best.text and best.score - guess.score < margin
    ]
    if rivals:
        raise faults.encoding(name, f"its encoding cannot be told: {_readings([best, *rivals])}")
    return Decoded(text=best.text, encoding=best.codec, notes=_decoding_notes(best.codec, declared))


def _decoding_notes(codec: str, declared: str | None) -> tuple[str, ...]:
    if codec == "utf-8":
        return ()
    stated = f" (it declares {declared})" if declared and codecs.lookup(declared).name != codec else ""
    return (f"decoded as {codec}{stated}",)


def _refuse_damaged_utf8(data: bytes, name: str) -> None:
    """Refuses what is UTF-8 but for a few bytes: every other reading of it would be wrong."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        valid = data.decode("utf-8", "ignore")
        outside = len(data.translate(None, _ASCII))
        bad = outside - len(valid.encode().translate(None, _ASCII))
        if len(_THREE_BYTES.findall(valid[:_SAMPLE])) >= 3 and bad * 10 <= outside:
            raise faults.encoding(
                name, f"it is UTF-8 with {bad} bytes that do not fit, the first at offset {err.start}"
            ) from err


def _declared(data: bytes) -> str | None:
    match = _DECLARATION.search(data[:4096])
    if match is None:
        return None
    label = next(group for group in match.groups() if group).decode("ascii", "ignore").lower()
    # Browsers read these labels as their supersets too.
    label = {
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "big5": "cp950",
        "shift_jis": "cp932",
        "iso-8859-1": "cp1252",
    }.get(label, label)
    try:
        return codecs.lookup(label).name
    except LookupError:
        return None


def _guesses(data: bytes, declared: str | None) -> Iterator[_Guess]:
    scored = _sample(data)
    for codec, prior, languages in (("utf-8", _UTF8_PRIOR, _ANY), *_CANDIDATES):
        read = _read(data, codec, nearly=languages[0] in _HAN and not codec.startswith("utf"))
        if read is None:
            continue
        text, misfit = read
        sample = text if scored is data else scored.decode(codec, "ignore")
        counts = Counter(sample)
        score, plausible = max(models()[language].judge(sample, counts) for language in languages)
        bonus = _DECLARED if declared is not None and declared == codecs.lookup(codec).name else 0.0
        yield _Guess(codec, text, score + prior + bonus, plausible or codec == "utf-8", misfit)


def _read(data: bytes, codec: str, *, nearly: bool) -> tuple[str, int | None] | None:
    """The text and where the first byte does not fit; None if any, or with `nearly` many, do not."""
    try:
        return data.decode(codec), None
    except UnicodeDecodeError as err:
        if not nearly:
            return None
        text = data.decode(codec, "replace")
        return (text, err.start) if text.count("\ufffd") <= 1 + len(text) // 200 else None


def _sample(data: bytes) -> bytes:
    """The part of a large file that is scored, the same bytes for every candidate.

    Lines in pure ASCII say nothing about the encoding and are left out; but not where there are zero bytes,
    for then the file may be UTF-16, whose lines do not end at the byte 0A.
    """
    if len(data) <= _SAMPLE:
        return data
    if b"\x00" in data[:_SAMPLE]:
        return data[:_SAMPLE]
    lines: list[bytes] = []
    size = 0
    for line in io.BytesIO(data):
        if not line.isascii():
            lines.append(line[: _SAMPLE - size])
            size += len(lines[-1])
        if size >= _SAMPLE:
            break
    return b"".join(lines)


def _readings(guesses: list[_Guess]) -> str:
    """The candidates, each with how the first line outside ASCII would read."""
    shown: dict[str, list[str]] = {}
    for guess in guesses[:6]:
        line = next((line for line in guess.text.splitlines() if not line.isascii()), "")
        shown.setdefault(line.strip()[:20], []).append(guess.codec)
    return "; ".join(f"{' or '.join(names)}: {line!r}" for line, names in shown.items())


def _checked(decoded: Decoded, name: str) -> Decoded:
    """Refuses what is no text; says so when the text carries the marks of an earlier loss."""
    match = _CONTROLS.search(decoded.text)
    if match is not None and _is_binary(decoded.text):
        raise faults.encoding(
            name,
            f"it is not text: control character U+{ord(match[0]):04X} at character {match.start()}"
            f" (read as {decoded.encoding})",
        )
    notes = list(decoded.notes)
    controls = len(_CONTROLS.findall(decoded.text))
    if controls:
        notes.append(f"{controls} control characters are part of the text")
    lost = decoded.text.count("\ufffd")
    if lost:
        notes.append(f"{lost} replacement characters (U+FFFD): text was lost before this file was written")
    if "锟斤拷" in decoded.text or "烫烫烫" in decoded.text:
        notes.append("it holds 锟斤拷 or 烫烫烫: text was lost before this file was written")
    return Decoded(text=decoded.text, encoding=decoded.encoding, notes=tuple(notes))


def _at(err: Exception) -> str:
    if isinstance(err, UnicodeDecodeError):
        return f"{err.reason} at offset {err.start}"
    return str(err)
