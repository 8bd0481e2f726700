"""Dify's releases, how they compare versions, and what in a document needs which."""

import pytest

from difyflow.dsl import read
from difyflow.dsl.releases import RELEASES, compare, needs, parse, releases_of, target_named
from difyflow.errors import UsageError
from difyflow.nodes._record import numbers


@pytest.mark.parametrize(
    ("version", "current", "status"),
    [
        # As servers of these DSL versions answered.
        ("0.1.5", "0.1.5", "completed"),
        ("0.1.4", "0.1.5", "completed-with-warnings"),
        ("0.1.6", "0.1.5", "completed-with-warnings"),
        ("0.0.9", "0.1.5", "pending"),
        ("0.2.0", "0.1.5", "pending"),
        ("1.0.0", "0.1.5", "pending"),
        ("abc", "0.1.5", "failed"),
        ("0.5.0", "0.5.0", "completed"),
        ("0.1.0", "0.5.0", "completed-with-warnings"),
        ("0.6.0", "0.5.0", "pending"),
        ("0.5.0", "0.6.0", "completed-with-warnings"),
        ("0.6.1", "0.6.0", "pending"),
        ("1.0.0", "0.6.0", "pending"),
        ("latest", "0.6.0", "failed"),
        # As `packaging.version` compares.
        ("0.1", "0.5.0", "completed-with-warnings"),
        ("0.5", "0.5.0", "completed"),
        ("0.5.0.0", "0.5.0", "completed"),
        ("v0.5.0", "0.5.0", "completed"),
        ("0.6.0rc1", "0.6.0", "completed"),
        ("0.5.0.post1", "0.5.0", "pending"),
        ("0.7.0", "1.0.0", "pending"),
    ],
)
def test_a_version_is_compared_as_the_server_does(version, current, status):
    assert compare(version, current) == status


def test_what_is_no_version_is_told():
    assert parse("0.6.0") is not None
    assert [parse(text) for text in ("", "latest", "0..6", "0.6.0-", "1.0 beta x")] == [None] * 5


def test_the_table_rises_without_gaps_in_versions():
    firsts = [numbers(item.first) for item in RELEASES]
    assert firsts == sorted(firsts)
    versions = [numbers(item.dsl) for item in RELEASES]
    assert versions == sorted(versions)
    assert [item.last for item in RELEASES if not item.last] == [""]


@pytest.mark.parametrize(
    ("name", "dsl", "shown"),
    [
        ("0.6.0", "0.6.0", "1.13.0 to 1.15.x"),
        ("0.1.5", "0.1.5", "1.0.0 to 1.2.x"),
        ("dify-1.12", "0.5.0", "1.10.0 to 1.12.x"),
        ("dify-1.12.1", "0.5.0", "1.10.0 to 1.12.x"),
        ("dify-0.15.3", "0.1.5", "0.14.2 to 0.15.x"),
        ("dify-1.3", "0.2.0", "1.3.x"),
        ("dify-2.0", "0.7.0", "1.16.0 and later"),
    ],
)
def test_a_target_is_named_by_version_or_release(name, dsl, shown):
    found = target_named(name)
    assert (found.releases.dsl, str(found.releases)) == (dsl, shown)
    assert found.lowest <= found.highest


@pytest.mark.parametrize("name", ["0.9.9", "dify-0.5", "1.12", "", "dify-"])
def test_an_unknown_target_names_the_known_ones(name):
    with pytest.raises(UsageError, match=r"0\.6\.0"):
        target_named(name)


def test_a_release_is_as_narrow_as_it_was_named():
    assert target_named("dify-1.12").lowest == (1, 12, 0)
    assert target_named("dify-1.12").highest == (1, 12, 999)
    assert target_named("dify-1.12.1").highest == (1, 12, 1)
    assert target_named("0.6.0").highest == (1, 15, 999)


def test_a_version_that_two_lines_write_has_both():
    assert [str(item) for item in releases_of("0.1.5")] == ["0.14.2 to 0.15.x", "1.0.0 to 1.2.x"]


DOCUMENT = """
app: {name: x, mode: workflow}
workflow:
  conversation_variables: [{name: a, value: true, value_type: boolean}]
  features: {file_upload: {enabled: false}}
  graph:
    nodes:
    - {id: a, data: {type: start, variables: []}}
    - {id: b, data: {type: template-transform, template: '', variables: [{variable: t, value_selector: [sys, timestamp]}]}}
    - {id: c, data: {type: end, outputs: []}}
    - {id: d, data: {type: end, outputs: []}}
    edges:
    - {source: a, target: b}
    - {source: b, target: c}
    - {source: b, target: d}
"""  # noqa: E501


def test_needs_come_from_the_whole_document_the_newest_last():
    assert [(item.since, item.what) for item in needs(read(DOCUMENT))] == [
        ("0.7.0", "conversation_variables"),
        ("0.8.0", "parallel branches after b"),
        ("1.8.0", "value_type: boolean"),
        ("1.10.0", "sys.timestamp"),
    ]


def test_the_place_of_a_need_is_a_path_in_the_document():
    found = needs(read(DOCUMENT))
    assert found[-1].path == ("workflow", "graph", "nodes", 1, "data", "variables", 0, "value_selector")
