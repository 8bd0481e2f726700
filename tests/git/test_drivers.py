"""What the drivers do with documents, and what of difyflow they wait for."""

from __future__ import annotations

import json

import pytest

from difyflow.errors import CannotEdit, ReadError
from difyflow.git.drivers import DiffCall, diff_text, merge, read, textconv

LABELS = ("base", "ours", "theirs")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "yaml-empty"),
        (b"a: 1\n", "app-missing"),
        (b"app: [\nworkflow:\n", "yaml-syntax"),
        (b"- app\n", "app-missing"),
        (b"app: 1\n<<<<<<< HEAD\nx: 1\n=======\nx: 2\n>>>>>>> b\nworkflow: 1\n", "conflict-markers"),
        (b"\xff\xfe\x00", "wrong-encoding"),
    ],
)
def test_what_cannot_be_read_is_an_error_for_diff_and_a_word_in_the_text(tmp_path, dsl, data, code):
    with pytest.raises(ReadError) as caught:
        read(data, "x.yml")
    if code != "wrong-encoding":
        assert caught.value.code == code
    shown = textconv(data, "x.yml")
    assert shown.startswith(b"# not read as a Dify document: ") and shown.endswith(data)
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text(dsl(), encoding="utf-8")
    other.write_bytes(data)
    if data:
        with pytest.raises(ReadError):
            diff_text(DiffCall("x.yml", str(one), str(other), "x.yml"), colour=False)
    for sides in (
        (data, dsl().encode(), dsl(number=2).encode()),
        (dsl().encode(), data, dsl(number=2).encode()),
    ):
        with pytest.raises(ReadError):
            merge(sides, path="x.yml", labels=LABELS)


def test_the_same_document_in_another_spelling_says_so(tmp_path, dsl):
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text(dsl(), encoding="utf-8")
    other.write_text("# said so\n" + dsl(), encoding="utf-8")
    shown = diff_text(DiffCall("x.yml", str(one), str(other), "x.yml"), colour=False)
    assert shown == "difyflow x.yml\nthe same document, written in another way\n"


def test_a_document_that_came_or_went_is_told_by_its_nodes_and_breaks_only_when_it_goes(tmp_path, dsl):
    file = tmp_path / "one.yml"
    file.write_text(dsl(), encoding="utf-8")
    came = diff_text(DiffCall("x.yml", "/dev/null", str(file), "x.yml"), colour=False)
    assert came.splitlines() == [
        "difyflow x.yml",
        "--- /dev/null",
        "+++ b/x.yml",
        "",
        'added "x", 2 nodes',
        '  + "Start" (start a)',
        '  + "Count" (code b)',
    ]
    went = diff_text(DiffCall("x.yml", str(file), "/dev/null", "x.yml"), colour=False)
    assert "! the app is gone" in went and '  - "Count" (code b)' in went


def test_a_change_of_mode_is_told(tmp_path, dsl):
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text(dsl(), encoding="utf-8")
    other.write_text(dsl(number=2), encoding="utf-8")
    modes = ("100644", "100755")
    alone = diff_text(DiffCall("x.yml", str(one), str(one), "x.yml", modes=modes), colour=False)
    assert alone == "difyflow x.yml\nmode 100644 -> 100755\n"
    both = diff_text(DiffCall("x.yml", str(one), str(other), "x.yml", modes=modes), colour=False)
    assert both.startswith("difyflow x.yml\nmode 100644 -> 100755\n--- a/x.yml\n") and "Count" in both


def test_a_merge_in_conflict_is_a_document_and_names_what_clashed(dsl):
    sides = (dsl().encode(), dsl(title="Mine").encode(), dsl(title="Yours", number=7).encode())
    found = merge(sides, path="x.yml", labels=LABELS)
    assert found.data.decode() == dsl(title="Mine", number=7)
    assert len(found.conflicts) == 1 and "Yours" in found.conflicts[0]
    assert "Yours" in found.markdown and json.loads(found.json)


def test_layout_that_both_moved_is_ours_and_told(dsl):
    sides = (dsl().encode(), dsl(x=5).encode(), dsl(x=6).encode())
    found = merge(sides, path="x.yml", labels=LABELS)
    assert (found.data.decode(), found.conflicts) == (dsl(x=5), ())
    assert found.notes and found.notes[0].startswith("layout of ")


def test_comments_that_would_be_lost_are_left_to_git():
    base = "app: &a {mode: workflow, name: x}  # ours\nworkflow: {graph: {nodes: [], edges: []}, more: *a}\n"
    theirs = base.replace("name: x", "name: y")
    ours = base.replace("# ours", "# still ours").replace("edges: []", "edges: [{id: e}]")
    with pytest.raises(CannotEdit):
        merge((base.encode(), ours.encode(), theirs.encode()), path="x.yml", labels=LABELS)


def test_a_new_fault_that_neither_side_had_is_a_conflict(dsl):
    class Fault:
        rule, message, node, path = "two-many", "the titles say two things", None, ()

    def check(data):
        titles = {node["data"]["title"] for node in data["workflow"]["graph"]["nodes"]}
        return [Fault()] if {"One", "Two"} <= titles else []

    base, ours = dsl().encode(), dsl(title="One").encode()
    theirs = dsl().replace("title: Start", "title: Two").encode()
    found = merge((base, ours, theirs), path="x.yml", labels=LABELS, checker=check)
    assert len(found.conflicts) == 1


def test_the_linter_is_asked_only_about_edits_that_may_break_something_together(dsl):
    asked = []

    def check(data):
        asked.append(data)
        return []

    base = dsl().encode()
    for ours, theirs in ((dsl(x=5), dsl(title="Two")), (dsl(number=2), dsl(x=5))):
        merge((base, ours.encode(), theirs.encode()), path="x.yml", labels=LABELS, checker=check)
        assert not asked
    merge(
        (base, dsl(title="Two").encode(), dsl(number=2).encode()), path="x.yml", labels=LABELS, checker=check
    )
    assert len(asked) == 1


# What a driver waits for, told by the list of modules in a fresh interpreter.

LIST = """
import json, sys
sys.argv = ["difyflow", *sys.argv[1:]]
from difyflow.cli.main import run
run(sys.argv[1:])
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules(in_new_python, *arguments):
    done = in_new_python("-c", LIST, *arguments)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def versions(tmp_path, dsl):
    texts = {"base": dsl(), "ours": dsl(title="Mine"), "theirs": dsl(number=2), "moved": dsl(x=5)}
    texts["asking"] = dsl().replace("variables: []\n      id: a", "variables: [{variable: n}]\n      id: a")
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: str(tmp_path / name) for name in texts}


def test_the_text_of_a_document_needs_no_model(in_new_python, versions):
    found = modules(in_new_python, "git", "textconv", versions["base"])
    assert not found & {"deepdiff", "rich", "requests", "pydantic", "difyflow.dsl.app", "difyflow.nodes"}


MODEL = {"pydantic", "difyflow.dsl.app", "difyflow.nodes._base", "difyflow.lint.engine"}
HEAVY = {"deepdiff", "rich", "requests"}


def test_a_usual_diff_loads_no_model(in_new_python, versions):
    sides = ("x.yml", versions["base"], "1", "100644", versions["theirs"], "2", "100644")
    found = modules(in_new_python, "git", "diff-driver", "--", *sides)
    assert not found & (MODEL | HEAVY)


def test_a_diff_for_which_nodes_are_asked_loads_neither_deepdiff_nor_rich_nor_requests(
    in_new_python, versions
):
    sides = ("x.yml", versions["base"], "1", "100644", versions["asking"], "2", "100644")
    found = modules(in_new_python, "git", "diff-driver", "--", *sides)
    assert "difyflow.nodes.start" in found and "difyflow.nodes.code" not in found
    assert not found & HEAVY


def test_a_usual_merge_loads_neither_model_nor_linter(in_new_python, versions):
    sides = (versions["base"], versions["theirs"], versions["moved"], "7", "x.yml", *LABELS)
    found = modules(in_new_python, "git", "merge-driver", "--", *sides)
    assert not found & (MODEL | HEAVY)


@pytest.mark.long
def test_a_merge_for_which_the_linter_is_asked_loads_neither_deepdiff_nor_rich_nor_requests(
    in_new_python, versions
):
    sides = (versions["base"], versions["ours"], versions["theirs"], "7", "x.yml", *LABELS)
    found = modules(in_new_python, "git", "merge-driver", "--", *sides)
    assert "difyflow.lint.engine" in found and not found & HEAVY
