"""A diff makes the new document of the old one, whatever the two are."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import difyflow
import documents
from difyflow.diff import compare, patch
from difyflow.diff._values import same
from difyflow.diff.changes import Added, Changed, Key, Removed, Renamed, as_json, from_json
from difyflow.errors import ReadError, UsageError

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"


@pytest.fixture(scope="module")
def templates():
    """A few apps with branches, containers, tools."""
    return [difyflow.load(TEMPLATES / name).data() for name in ("agent", "approval", "corpus")]


def through_json(changes):
    return tuple(from_json(json.loads(json.dumps(as_json(change)))) for change in changes)


def assert_patches(one, other, **options):
    diff = compare(one, other, **options)
    assert same(patch(one, diff), other)
    assert same(patch(one, through_json(diff)), other)
    assert bool(diff) == (not same(one, other))


@documents.SOME
@given(documents.documents(), documents.documents())
def test_the_diff_of_any_two_documents_makes_the_second_of_the_first(one, other):
    assert_patches(one, other)


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_the_diff_of_a_document_and_its_edited_copy_makes_the_copy(data, one):
    other = data.draw(documents.edited(one))
    assert_patches(one, other)
    assert_patches(other, one)


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_pairing_by_deepdiff_gives_another_diff_to_the_same_document(data, one):
    assert_patches(one, data.draw(documents.edited(one)), thorough=True)


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_edits_of_templates_can_be_made_again(templates, data):
    one = data.draw(st.sampled_from(templates))
    other = data.draw(documents.edited(one))
    assert_patches(one, other)
    assert_patches(other, one)


def test_a_patch_is_refused_where_the_document_reads_otherwise():
    one, other = {"app": {"name": "a"}}, {"app": {"name": "b"}}
    diff = compare(one, other)
    with pytest.raises(UsageError, match=r"app\.name: reads otherwise") as caught:
        patch({"app": {"name": "c"}}, diff)
    assert caught.value.code == "does-not-fit"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Changed(("app", "icon"), 1, 2), "is not there"),
        (Removed(("list", Key("id", "x")), {}), "is not there"),
        (Added(("list", 7), 1, 7), "has no place"),
        (Added(("app", "name"), 1), "is there already"),
        (Changed(("app", "name", "x"), 1, 2), "is no mapping or list"),
        (Added((), 1), "the document itself"),
    ],
)
def test_a_change_that_does_not_fit_is_told_with_its_path(change, says):
    with pytest.raises(UsageError, match=says):
        patch({"app": {"name": "a"}, "list": [{"id": "y"}]}, [change])


def test_the_documents_are_not_changed():
    one = {"app": {"name": "a"}, "list": [{"id": "x", "v": [1]}]}
    other = {"app": {"name": "b"}, "list": [{"id": "x", "v": [2]}, {"id": "y"}]}
    made = patch(one, compare(one, other))
    made["list"].append(3)
    assert one == {"app": {"name": "a"}, "list": [{"id": "x", "v": [1]}]}
    assert other["list"] == [{"id": "x", "v": [2]}, {"id": "y"}]


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "{}",
        '{"op": "moved"}',
        '{"op": "added", "path": "x", "value": 1}',
        '{"op": "renamed", "old": 1}',
        '{"op": "added", "path": [{}], "value": 1}',
        '{"op": "added", "path": [], "value": {"$what": 1}}',
    ],
)
def test_what_is_no_change_is_refused(text):
    with pytest.raises(ReadError):
        from_json(json.loads(text))


def test_a_renamed_node_takes_its_references_along():
    assert as_json(Renamed("a", "b")) == {"op": "renamed", "old": "a", "new": "b"}


@pytest.mark.long
def test_every_step_of_the_history_can_be_made_and_unmade(corpus_dir):
    steps = 0
    for folder in sorted(path for path in (corpus_dir / "history").iterdir() if path.is_dir()):
        apps = []
        for file in sorted(folder.glob("*.yml")):
            try:
                apps.append(difyflow.read(file.read_bytes()).data())
            except ReadError:
                continue
        for one, other in itertools.pairwise(apps):
            assert_patches(one, other, thorough=True)
            assert_patches(other, one)
            steps += 1
    assert steps >= 70


@pytest.mark.long
def test_any_two_files_of_the_corpus_differ_by_what_makes_one_of_the_other(corpus_dir):
    files = sorted((corpus_dir / "dsl").glob("*.yml"))
    apps = []
    for file in files[::3]:
        try:
            apps.append(difyflow.read(file.read_bytes()).data())
        except ReadError:
            continue
    for one, other in itertools.pairwise(apps):
        assert_patches(one, other)
