"""What a merge leaves behind, and what can be made of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import documents
from difyflow.diff import record
from difyflow.diff._values import same
from difyflow.diff.conflicts import Own
from difyflow.diff.merge import merge
from difyflow.errors import ReadError, UsageError

NAMES = ("base.yml", "HEAD~1:ours.yml", "-")
DIGESTS = (record.digest("a"), record.digest("b"), "")
ANSWERS = {"field a": "theirs", "text b 3": Own("two\nlines"), "field c": Own({"x": [1, None]})}


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_the_versions_can_be_made_of_the_result_and_its_record(data, base):
    sides = (base, data.draw(documents.edited(base)), data.draw(documents.edited(base)))
    merged = merge(*sides)
    known = record.Record(NAMES, DIGESTS, "base", ANSWERS, "x", record.changes_to(merged.data, sides, None))
    text = record.written(known, merged.conflicts)
    again = record.read(text.encode(), name="x")
    assert (again.names, again.digests, again.favor, again.result) == (NAMES, DIGESTS, "base", "x")
    assert again.answers == ANSWERS
    assert len(json.loads(text)["conflicts"]) == len(merged.conflicts)
    try:
        made = again.rebuilt(merged.data)
    except UsageError as err:
        assert "holds no secrets" in err.message
        return
    assert all(map(same, made, sides))


def test_another_result_or_a_record_without_versions_gives_none():
    result = {"app": {"name": "x"}}
    known = record.Record(
        NAMES, DIGESTS, sides=record.changes_to(result, ({"app": {"name": "y"}},) * 3, None)
    )
    with pytest.raises(UsageError, match="changed since"):
        known.rebuilt({"app": {"name": "z"}})
    with pytest.raises(UsageError, match="does not say"):
        record.Record(NAMES, DIGESTS).rebuilt(result)


def test_a_secret_of_a_version_is_not_in_the_record():
    def document(value):
        return {
            "workflow": {"environment_variables": [{"name": "k", "value_type": "secret", "value": value}]}
        }

    sides = tuple(map(document, ("hunter1", "hunter2", "hunter3")))
    known = record.Record(NAMES, DIGESTS, sides=record.changes_to(sides[1], sides, None))
    assert "hunter" not in record.written(known, ())
    with pytest.raises(UsageError, match="holds no secrets"):
        known.rebuilt(sides[1])


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"3", b"{}", b'{"version": 2}', b"[" * 100_000, b'{"version": 1, "base": "a"}']
)
def test_what_is_no_record_is_told(data):
    with pytest.raises(ReadError, match="no record"):
        record.read(data, name="x")
