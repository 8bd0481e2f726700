"""The report of a batch: what it says of the numbers, and that what servers said stays text."""

import re

import pytest

from difyflow.pages.batch import report
from difyflow.run.batch import Case, Summary

BASE = {"batch": "5f2c0d9a1b", "source": "rows.csv", "target": "https://d/v1", "created_at": 1795345366.0}
EVIL = "</td><script>alert(1)</script>"


def summary(**values):
    return Summary(**{**BASE, "total": 4, "counts": {"succeeded": 3, "failed": 1}, **values})


def text_of(page):
    body = page[page.index("<main>") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_it_says_how_many_runs_were_good_how_long_they_took_and_what_they_used():
    said = text_of(
        report(
            summary(
                median_s=1.5,
                p95_s=3.25,
                longest_s=190.0,
                tokens=12_345,
                recovered=2,
                samples=7,
                took_s=[1.0, 1.5, 3.25],
                used_tokens=[1, 2, 3],
                ended_at=[10.0, 20.0, 400.0],
            )
        )
    )
    for one in ("4 runs", "3 (75.0%) good", "12,345 tokens", "1.50 s median", "3 min 10 s longest"):
        assert one in said
    for one in (
        "2 found again",
        "7 samples collected",
        "rows of rows.csv, run on https://d/v1",
        "2026-11-22",
    ):
        assert one in said
    assert "min since the first end" in said


def test_it_names_the_causes_and_the_rows_without_a_good_result():
    bad = (Case(row=9, repeat=2, line=12, status="failed", cause="rate-limited", said="no more, please"),)
    said = text_of(report(summary(failures={"rate-limited": 40, "timeout": 3}, bad=bad)))
    assert "9 (2), line 12 failed rate-limited no more, please" in said
    assert "and 42 more; errors.csv has them all" in said
    assert "timeout" in said


def test_causes_that_are_too_many_for_a_chart_are_added_up():
    said = text_of(report(summary(failures={f"cause {number}": 2 for number in range(25)})))
    assert "5 other causes" in said
    assert "cause 19" in said
    assert "cause 20" not in said


def test_the_slowest_runs_are_named():
    slow = (Case(row=3, repeat=1, line=0, status="succeeded", took_s=7.5, tokens=1_234, run_id="r-1"),)
    assert "3 7.50 s 1,234 r-1" in text_of(report(summary(slowest=slow)))


@pytest.mark.parametrize("name", ["source", "target", "batch"])
def test_what_others_wrote_is_text(name):
    page = report(summary(**{name: EVIL}))
    assert "<script" not in page


def test_what_servers_said_is_text():
    bad = (Case(row=1, repeat=1, line=1, status="failed", cause=EVIL, said=EVIL),)
    assert "<script" not in report(summary(failures={EVIL: 1}, bad=bad, slowest=bad))


def test_a_batch_that_has_only_begun_has_a_report():
    said = text_of(report(Summary(**BASE, total=0, counts={})))
    assert "There is nothing to show." in said


def test_one_state_alone_is_named_beside_its_bar():
    assert re.search("Runs by state failed .*4", text_of(report(summary(counts={"failed": 4}))))
    assert re.search("Runs by state runs .*4", text_of(report(summary())))


def test_values_that_are_all_the_same_make_no_histogram():
    page = report(summary(took_s=[1.5, 1.5], used_tokens=[1, 2]))
    assert ("How long a run took" in page, "Tokens of a run" in page) == (False, True)
    assert "There is nothing to show." in report(summary())


def test_a_wide_table_scrolls_by_itself_and_not_the_page():
    bad = (Case(row=1, repeat=2, line=3, status="unknown", cause="x" * 80, said="y" * 300),)
    page = report(summary(failures={"x": 1}, bad=bad))
    assert '<div class="wide"><table class="rows">' in page.replace("\n", "")
    assert ".wide { overflow-x: auto;" in page
