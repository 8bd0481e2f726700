"""What a merge with conflicts leaves behind, so that they can be settled later: `OUT.conflicts.json`.

Besides the conflicts it holds what the three versions were, by name, SHA-256 of their text, and as changes
from the result to each of them. So a conflict can still be settled when a version is gone, as where the
result was written over it. Secrets are masked: a version that differs in one cannot be made of its changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, get_args

from difyflow.diff._values import decoded, encoded
from difyflow.diff.changes import Change, as_json, from_json
from difyflow.diff.compare import Source, compare
from difyflow.diff.conflicts import Choice, Conflict, Own, Side, as_data
from difyflow.diff.patch import patch
from difyflow.diff.secrets import IsSecret, safe
from difyflow.errors import ReadError, UsageError

VERSION: Final = 1
_SIDES: Final[tuple[Side, ...]] = get_args(Side)


def digest(text: str) -> str:
    """The SHA-256 of the UTF-8 bytes of a text, in hexadecimal."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """What was merged, and how far its conflicts are settled.

    Attributes:
        names: what base, ours and theirs are called, such as paths.
        digests: of their texts; empty for one that has none.
        favor: which version is kept at conflicts that are left.
        answers: what was chosen at others, by their keys.
        result: digest of the text of the result.
        sides: changes from the result to base, ours and theirs, secrets masked; None where git has these.
    """

    names: tuple[str, str, str]
    digests: tuple[str, str, str]
    favor: Side = "ours"
    answers: Mapping[str, Choice] = field(default_factory=dict)
    result: str = ""
    sides: tuple[tuple[Change, ...], ...] | None = None

    def rebuilt(self, result: Source) -> tuple[dict[str, object], ...]:
        """Base, ours and theirs, made of the result.

        Raises:
            UsageError: it is another result, or a secret would be needed, which the record does not hold.
        """
        if self.sides is None:
            raise UsageError("the record does not say what the versions were", code="versions-gone")
        try:
            return tuple(patch(result, changes) for changes in self.sides)
        except UsageError as err:
            what = (
                "it holds no secrets, and the versions differ in one"
                if err.code == "masked"
                else "the result has changed since"
            )
            raise UsageError(f"the record alone does not do: {what}", code="versions-gone") from err


def changes_to(
    result: Source, sides: Sequence[Source], is_secret: IsSecret | None
) -> tuple[tuple[Change, ...], ...]:
    """The changes from a result to each version, without secrets."""
    return tuple(safe(compare(result, side), is_secret).changes for side in sides)


def written(record: Record, conflicts: Sequence[Conflict]) -> str:
    """The record as JSON, with the conflicts that are left."""
    names: dict[str, str] = dict(zip(_SIDES, record.names, strict=True))
    digests: dict[str, str] = dict(zip(_SIDES, record.digests, strict=True))
    data: dict[str, object] = {
        "version": VERSION,
        **names,
        "favor": record.favor,
        "sha256": {**digests, "result": record.result},
        "conflicts": list(map(as_data, conflicts)),
        "settled": [{"key": key, **_answer(choice)} for key, choice in record.answers.items()],
    }
    if record.sides is not None:
        data["changes_from_result"] = {
            side: list(map(as_json, changes)) for side, changes in zip(_SIDES, record.sides, strict=True)
        }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _answer(choice: Choice) -> dict[str, Any]:
    return {"value": encoded(choice.value)} if isinstance(choice, Own) else {"kept": choice}


def read(data: bytes, *, name: str) -> Record:
    """The record in a file.

    Raises:
        ReadError: it is none, or one of a later version.
    """
    try:
        return _read(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ReadError) as err:
        raise ReadError(
            "this is no record of the conflicts of a merge, or one of another version",
            path=name,
            code="bad-record",
            hint="merge again: difyflow merge BASE OURS THEIRS -o OUT --resolve",
        ) from err


def _read(data: Any) -> Record:  # noqa: ANN401  JSON has no type
    if data["version"] != VERSION:
        raise ValueError("a later version")
    base, ours, theirs = (_text(data[side]) for side in _SIDES)
    digests, changes = data["sha256"], data.get("changes_from_result")
    one, two, three = (_text(digests[side]) for side in _SIDES)
    return Record(
        (base, ours, theirs),
        (one, two, three),
        _side(data["favor"]),
        {_text(item["key"]): _choice(item) for item in data["settled"]},
        _text(digests["result"]),
        tuple(tuple(map(from_json, changes[side])) for side in _SIDES) if changes else None,
    )


def _choice(item: Any) -> Choice:  # noqa: ANN401  JSON has no type
    return Own(decoded(item["value"])) if "value" in item else _side(item["kept"])


def _side(value: object) -> Side:
    found = next((side for side in _SIDES if side == value), None)
    if found is None:
        raise ValueError("no side")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
