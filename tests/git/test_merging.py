"""What git merges with our driver, in real repositories."""

from __future__ import annotations

import json
import subprocess

import pytest

import difyflow
from difyflow.cli.main import run
from difyflow.dsl import _yaml

A = "flows/a.yml"


def edited(text, **fields):
    """A document with fields of its nodes changed, by `title__key`."""
    data = difyflow.read(text).data()
    for name, value in fields.items():
        node_id, _, key = name.partition("__")
        node = next(item for item in data["workflow"]["graph"]["nodes"] if item["id"] == node_id)
        (node["position"] if key == "x" else node["data"])[key] = value
    return _yaml.dump(data)


def node(repo, node_id, name=A):
    app = difyflow.read((repo.top / name).read_bytes())
    return app.graph.node(node_id).data


@pytest.fixture
def ready(repo, dsl):
    """A repository with drivers and a document."""
    repo.commit("one", {A: dsl()})
    assert run(["git", "install"]) == 0
    repo.commit("drivers")
    return repo


def two_branches(repo, ours, theirs):
    """Main has `ours`, the branch `other` has `theirs`, and the test stands on main."""
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("theirs", theirs)
    repo.git("checkout", "-q", "main")
    repo.commit("ours", ours)


def state(repo):
    return repo.git("status", "--porcelain")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["merge", "-q", "--no-edit", "other"], marks=pytest.mark.long),
        pytest.param(["rebase", "-q", "other"], marks=pytest.mark.long),
        pytest.param(["cherry-pick", "other"], marks=pytest.mark.long),
    ],
)
def test_edits_of_different_fields_merge(ready, dsl, command):
    two_branches(
        ready, {A: edited(dsl(), b__title="Ours", b__x=700)}, {A: edited(dsl(), b__code="x = 2\n", b__x=500)}
    )
    ready.git(*command)
    assert (node(ready, "b").title, node(ready, "b").code) == ("Ours", "x = 2\n")
    text = (ready.top / A).read_text(encoding="utf-8")
    assert text == difyflow.read(text).render()
    assert state(ready) == ""


@pytest.mark.long
def test_a_stash_merges_too(ready, dsl):
    ready.write({A: edited(dsl(), b__title="Ours")})
    ready.git("stash", "-q")
    ready.commit("two", {A: edited(dsl(), b__code="x = 2\n")})
    ready.git("stash", "pop", "-q")
    assert (node(ready, "b").title, node(ready, "b").code) == ("Ours", "x = 2\n")


def conflict(repo, dsl):
    two_branches(
        repo,
        {A: edited(dsl(), b__title="Ours", a__title="From ours")},
        {A: edited(dsl(), b__title="Theirs", b__code="x = 2\n")},
    )


def test_a_conflict_keeps_ours_and_loses_neither_side(ready, dsl):
    conflict(ready, dsl)
    done = ready.run("merge", "other")
    assert done.returncode == 1
    assert "flows/a.yml: 1 conflict:" in done.stderr
    assert "Theirs" in done.stderr
    assert state(ready) == "UU flows/a.yml\n"
    assert (node(ready, "a").title, node(ready, "b").title, node(ready, "b").code) == (
        "From ours",
        "Ours",
        "x = 2\n",
    )
    assert "Theirs" in ready.git("show", ":3:flows/a.yml")
    report = ready.top / ".git/difyflow/conflicts/flows/a.yml"
    assert "Theirs" in report.with_suffix(".yml.md").read_text(encoding="utf-8")
    assert json.loads(report.with_suffix(".yml.json").read_text(encoding="utf-8"))
    ready.git("add", A)
    ready.git("commit", "-q", "--no-edit")
    assert state(ready) == ""


@pytest.mark.long
def test_git_goes_on_after_a_conflict_in_any_of_its_commands(ready, dsl):
    conflict(ready, dsl)
    before = ready.git("rev-parse", "HEAD")
    for command, stop in (
        (["merge", "other"], ["merge", "--abort"]),
        (["rebase", "other"], ["rebase", "--abort"]),
        (["cherry-pick", "other"], ["cherry-pick", "--abort"]),
    ):
        assert ready.run(*command).returncode == 1
        assert state(ready) == "UU flows/a.yml\n"
        ready.git(*stop)
        assert (ready.git("rev-parse", "HEAD"), state(ready)) == (before, "")
    assert ready.run("rebase", "other").returncode == 1
    ready.git("checkout", "--theirs", A)  # in a rebase, theirs is what is put on top
    ready.git("add", A)
    ready.git("rebase", "--continue")
    assert node(ready, "b").title == "Ours"
    assert state(ready) == ""


@pytest.mark.long
def test_a_clean_merge_removes_the_report_of_an_older_conflict(ready, dsl):
    conflict(ready, dsl)
    assert ready.run("merge", "other").returncode == 1
    ready.git("merge", "--abort")
    ready.commit("ours again", {A: edited(dsl(), a__title="From ours")})
    ready.git("merge", "-q", "--no-edit", "other")
    assert not list((ready.top / ".git/difyflow/conflicts").rglob("*.md"))
    assert run(["git", "uninstall"]) == 0
    assert not (ready.top / ".git/difyflow").exists()


@pytest.mark.long
def test_other_work_trees_merge_with_reports_of_their_own(ready, dsl, tmp_path):
    conflict(ready, dsl)
    ready.git("worktree", "add", "-q", "-b", "third", str(tmp_path / "third"), "main")
    assert ready.run("merge", "other", cwd=tmp_path / "third").returncode == 1
    assert list((ready.top / ".git/worktrees/third/difyflow/conflicts").rglob("*.md"))
    assert not (ready.top / ".git/difyflow/conflicts").exists()
    assert state(ready) == ""


@pytest.mark.long
def test_git_mergetool_asks_for_each_conflict(ready, dsl):
    conflict(ready, dsl)
    assert ready.run("merge", "other").returncode == 1
    done = subprocess.run(
        ["git", "mergetool", "--no-prompt", "--tool=difyflow"],
        cwd=ready.top,
        input="t\n",
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (node(ready, "a").title, node(ready, "b").title) == ("From ours", "Theirs")
    assert state(ready).splitlines()[0] == "M  flows/a.yml"
    ready.git("commit", "-q", "--no-edit")


# --- what the driver leaves to git ---


@pytest.fixture
def no_python(home):
    """A `difyflow` on the PATH that says so when it is called."""
    command = home / "bin" / "difyflow"
    command.write_text("#!/bin/sh\necho 'Python was started' >&2\nexit 99\n", encoding="utf-8")
    return command


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("style", ["merge", "diff3"])
@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("1\n2\n3\n", "one\n2\n3\n", "1\n2\nthree\n"),
        ("1\n", "2\n", "3\n"),
        ("1\n2\n3\n4\n5\n", "1\r\n2\r\n3\n4\n5", "1\n2\n3\n4\n6"),
        (b"\x00\x01", b"\x00\x02", b"\x00\x03"),
    ],
)
def test_a_file_that_is_no_document_is_merged_as_git_does(ready, base, ours, theirs, style):
    ready.git("config", "merge.conflictStyle", style)
    ready.commit("two", {"flows/x.yml": base, "same/x.yml": base})
    two_branches(
        ready, {"flows/x.yml": ours, "same/x.yml": ours}, {"flows/x.yml": theirs, "same/x.yml": theirs}
    )
    done = ready.run("merge", "-q", "other")
    by_driver = (ready.top / "flows/x.yml").read_bytes()
    by_git = (ready.top / "same/x.yml").read_bytes()
    if style == "diff3":  # before git 2.44 a driver is not told what the base is called
        by_driver, by_git = (
            b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"|||||||"))
            for data in (by_driver, by_git)
        )
    assert by_driver == by_git
    assert "Python" not in done.stderr
    codes = {line[3:]: line[:2] for line in state(ready).splitlines()}
    assert codes.get("flows/x.yml") == codes.get("same/x.yml")


@pytest.mark.long
@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ("app: [\nworkflow: {\n", "not valid YAML"),
        ("no document\n", "not every side is a Dify document"),
        ("<<<<<<< a\napp: {}\n=======\nkind: app\n>>>>>>> b\nworkflow: {}\n", "conflict markers"),
    ],
)
def test_a_side_that_cannot_be_read_is_merged_as_text_and_not_lost(ready, dsl, theirs, says):
    two_branches(ready, {A: edited(dsl(), b__title="Ours")}, {A: theirs})
    done = ready.run("merge", "other")
    assert done.returncode == 1
    assert says in done.stderr
    assert state(ready) == "UU flows/a.yml\n"
    text = (ready.top / A).read_text(encoding="utf-8")
    assert "<<<<<<< HEAD\n" in text and "Ours" in text and theirs.splitlines()[0] in text
    assert ready.git("show", ":3:flows/a.yml") == theirs
    ready.git("merge", "--abort")
    assert state(ready) == ""


def test_deleted_here_and_edited_there_is_gits_own_conflict(ready, dsl):
    two_branches(ready, {"x.txt": "x\n"}, {A: edited(dsl(), b__title="Theirs")})
    ready.git("rm", "-q", A)
    ready.commit("gone")
    done = ready.run("merge", "other")
    assert done.returncode == 1
    assert state(ready) == "DU flows/a.yml\n"
    assert node(ready, "b").title == "Theirs"
    ready.git("rm", "-q", A)
    ready.git("commit", "-q", "--no-edit")


@pytest.mark.long
def test_two_that_came_under_one_name_are_merged_as_text(ready, dsl):
    two_branches(ready, {"flows/new.yml": dsl(name="ours")}, {"flows/new.yml": dsl(name="theirs")})
    done = ready.run("merge", "other")
    assert done.returncode == 1
    assert state(ready) == "AA flows/new.yml\n"
    text = (ready.top / "flows/new.yml").read_text(encoding="utf-8")
    assert "name: ours" in text and "name: theirs" in text and "<<<<<<<" in text


@pytest.mark.long
def test_without_difyflow_documents_are_merged_as_text(ready, home, dsl):
    (home / "bin/difyflow").unlink()
    driver = ready.top / ".git/difyflow/driver"
    lines = driver.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line if not line.startswith("python=") else "python='/gone/python'\n" for line in lines]
    driver.write_text("".join(kept), encoding="utf-8")
    conflict(ready, dsl)
    done = ready.run("merge", "other", PATH="/usr/local/bin:/usr/bin:/bin")
    assert done.returncode == 1
    assert "difyflow git install" in done.stderr
    text = (ready.top / A).read_text(encoding="utf-8")
    assert "<<<<<<< HEAD\n" in text and ">>>>>>> other\n" in text


@pytest.mark.long
def test_comments_of_ours_stay(ready):
    base = "# ours\napp: {mode: workflow, name: x}   # here\nworkflow: {graph: {nodes: [], edges: []}}\n"
    ready.commit("two", {"flows/c.yml": base})
    two_branches(
        ready,
        {"flows/c.yml": base.replace("# here", "# there")},
        {"flows/c.yml": base.replace("name: x", "name: y")},
    )
    ready.git("merge", "-q", "--no-edit", "other")
    text = (ready.top / "flows/c.yml").read_text(encoding="utf-8")
    assert text == base.replace("# here", "# there").replace("name: x", "name: y")


@pytest.mark.long
def test_a_criss_cross_takes_neither_side_in_silence(ready, dsl):
    """Two merge bases that differ: each side has decided the same conflict in its own way."""
    conflict(ready, dsl)
    ready.git("branch", "ours")
    ready.git("branch", "theirs", "other")
    for branch, merged, title in (("main", "theirs", "First"), ("other", "ours", "Second")):
        ready.git("checkout", "-q", branch)
        assert ready.run("merge", merged).returncode == 1
        ready.commit("decided", {A: edited((ready.top / A).read_text(encoding="utf-8"), b__title=title)})
    done = ready.run("merge", "main")
    assert done.returncode == 1
    assert state(ready) == "UU flows/a.yml\n"
    assert "First" in done.stderr and "Second" in done.stderr


# --- which side is kept ---


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "title"),
    [
        (["merge", "-q", "--no-edit", "-X", "theirs", "other"], "Theirs"),
        (["merge", "-q", "--no-edit", "-Xours", "other"], "Ours"),
        (["cherry-pick", "--strategy-option=theirs", "other"], "Theirs"),
        (["rebase", "-q", "-X", "ours", "other"], "Theirs"),  # in a rebase, ours is what one goes onto
    ],
)
def test_the_strategy_option_of_git_decides_and_leaves_no_conflict(ready, dsl, command, title):
    conflict(ready, dsl)
    done = ready.run(*command)
    assert done.returncode == 0, done.stderr
    assert state(ready) == ""
    assert (node(ready, "b").title, node(ready, "b").code, node(ready, "a").title) == (
        title,
        "x = 2\n",
        "From ours",
    )
    assert "both changed title" in done.stderr
    assert not list((ready.top / ".git").rglob("*.yml.json"))


@pytest.mark.long
def test_the_strategy_option_holds_when_a_rebase_goes_on(ready, dsl):
    ready.commit("more", {"x.txt": "1\n"})
    ready.git("checkout", "-q", "-b", "other")
    ready.commit("theirs", {A: edited(dsl(), b__title="Theirs"), "x.txt": "2\n"})
    ready.git("checkout", "-q", "main")
    ready.git("rm", "-q", "x.txt")
    ready.commit("ours")
    ready.commit("ours too", {A: edited(dsl(), b__title="Ours")})
    assert ready.run("rebase", "-X", "theirs", "other").returncode == 1  # a deleted file is no text
    ready.git("rm", "-q", "x.txt")
    ready.git("rebase", "--continue")
    assert node(ready, "b").title == "Ours"
    assert state(ready) == ""


@pytest.mark.long
@pytest.mark.parametrize("how", ["variable", "setting"])
def test_a_version_can_be_favored_and_the_conflict_waits(ready, dsl, how):
    conflict(ready, dsl)
    more = {"DIFYFLOW_FAVOR": "theirs"} if how == "variable" else {}
    if how == "setting":
        ready.git("config", "difyflow.favor", "theirs")
    done = ready.run("merge", "other", **more)
    assert done.returncode == 1
    assert "(theirs is kept)" in done.stderr
    assert (node(ready, "b").title, state(ready)) == ("Theirs", "UU flows/a.yml\n")
    assert run(["merge", "--resolve", A, "--all", "base"]) == 0
    assert node(ready, "b").title == "Count"


@pytest.mark.long
def test_a_favor_that_is_none_is_told_and_passed_over(ready, dsl):
    conflict(ready, dsl)
    done = ready.run("merge", "other", DIFYFLOW_FAVOR="mine; rm -rf /")
    assert "are ours, theirs or base, not mine" in done.stderr
    assert (node(ready, "b").title, state(ready)) == ("Ours", "UU flows/a.yml\n")


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("option", ["-Xours", "-Xtheirs"])
def test_the_strategy_option_holds_for_what_is_no_document_too(ready, option):
    base, ours, theirs = "1\n2\n3\n", "1\nours\n3\n", "0\ntheirs\n3\n"
    ready.commit("two", {"flows/x.yml": base, "same/x.yml": base})
    two_branches(
        ready, {"flows/x.yml": ours, "same/x.yml": ours}, {"flows/x.yml": theirs, "same/x.yml": theirs}
    )
    ready.git("merge", "-q", "--no-edit", option, "other")
    assert (ready.top / "flows/x.yml").read_bytes() == (ready.top / "same/x.yml").read_bytes()


# --- settling conflicts ---


def answered(repo, words, *arguments):
    return subprocess.run(
        ["difyflow", "merge", "--resolve", *arguments],
        cwd=repo.top,
        input=words,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.long
def test_a_conflict_of_git_is_settled_by_its_file_alone(ready, dsl):
    conflict(ready, dsl)
    assert ready.run("merge", "other").returncode == 1
    done = answered(ready, "theirs\n", A)
    assert done.returncode == 0, done.stderr
    assert "git add flows/a.yml" in done.stderr
    assert (node(ready, "a").title, node(ready, "b").title) == ("From ours", "Theirs")
    assert not list((ready.top / ".git/difyflow/conflicts").rglob("*.*"))
    assert state(ready) == "UU flows/a.yml\n"
    ready.git("add", A)
    ready.git("commit", "-q", "--no-edit")
    assert state(ready) == ""


@pytest.mark.long
def test_mergetool_goes_on_where_it_was_left_and_leaves_no_report(ready, dsl):
    two_branches(
        ready,
        {A: edited(dsl(), a__title="Ours", b__title="Ours")},
        {A: edited(dsl(), a__title="Theirs", b__title="Theirs")},
    )
    assert ready.run("merge", "other").returncode == 1
    tool = ["git", "-c", "mergetool.keepBackup=false", "mergetool", "--no-prompt", "--tool=difyflow"]

    def say(words):
        return subprocess.run(
            tool, cwd=ready.top, input=words, capture_output=True, encoding="utf-8", timeout=120, check=False
        )

    assert say("theirs\nquit\n").returncode == 1
    assert state(ready) == "UU flows/a.yml\n"
    done = say("ours\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 conflict was settled before" in done.stderr
    assert (node(ready, "a").title, node(ready, "b").title) == ("Theirs", "Ours")
    assert state(ready) == "M  flows/a.yml\n"
    assert not list((ready.top / ".git/difyflow/conflicts").rglob("*.*"))


@pytest.mark.long
def test_two_that_came_under_one_name_can_be_settled(ready, dsl):
    two_branches(
        ready, {"flows/new.yml": dsl(name="ours", x=1)}, {"flows/new.yml": dsl(name="theirs", title="New")}
    )
    assert ready.run("merge", "other").returncode == 1
    done = answered(ready, "t\n" * 9, "flows/new.yml")
    assert done.returncode == 0, done.stderr
    app = difyflow.read((ready.top / "flows/new.yml").read_bytes())
    assert (app.app.name, app.graph.node("b").data.title) == ("theirs", "New")


@pytest.mark.long
def test_work_by_hand_that_is_half_done_is_not_written_over(ready, dsl):
    conflict(ready, dsl)
    assert ready.run("merge", "other").returncode == 1
    ready.write({A: "app: [half done"})
    assert run(["merge", "--resolve", A, "--all", "theirs"]) == 3
    assert (ready.top / A).read_bytes() == b"app: [half done"
    ready.git("checkout", "--merge", "--conflict=merge", A)  # the driver's result again
    assert node(ready, "b").title == "Ours"
    assert run(["merge", "--resolve", A, "--all", "theirs"]) == 0
    assert node(ready, "b").title == "Theirs"


@pytest.mark.long
def test_a_file_that_one_side_deleted_is_gits_to_decide(ready, dsl, capsys):
    two_branches(ready, {"x.txt": "x\n"}, {A: edited(dsl(), b__title="Theirs")})
    ready.git("rm", "-q", A)
    ready.commit("gone")
    assert ready.run("merge", "other").returncode == 1
    assert run(["merge", "--resolve", A]) == 2
    assert "ours deleted it" in capsys.readouterr().err
    assert node(ready, "b").title == "Theirs"
