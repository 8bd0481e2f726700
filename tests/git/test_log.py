"""The history of one document: along every line of parents, through renames and merges."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from difyflow.cli.main import run
from difyflow.errors import ReadError, UsageError
from difyflow.git.log import Which, commits
from difyflow.git.repository import open_repository

HOSTILE = "from difyflow import Flow\nimport pathlib\npathlib.Path('executed').write_text('x')\n"


def told(target, **which):
    """Subject, old name, new name of what each commit did."""
    found = commits(open_repository(may_be_bare=True), target, Which(**which))
    return [(commit.subject, change.old_name, change.new_name) for commit, change in found]


def subjects(target, **which):
    return [subject for subject, _, _ in told(target, **which)]


@pytest.fixture
def forked(repo, dsl):
    """`main` and `work`, each with one edit of `a.yml` of its own; the test stands on `main`."""
    repo.commit("one", {"a.yml": dsl(), "other.yml": dsl(name="o", title="O")})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("in work", {"a.yml": dsl(number=2)})
    repo.git("checkout", "-q", "main")
    repo.commit("in main", {"a.yml": dsl(title="Sum")})
    return repo


def merged(repo, message, files, *branches, gone=None):
    """A merge commit with these files and without one, whatever a merge would give."""
    repo.git("merge", "-q", "-s", "ours", "--no-commit", *branches)
    if gone is not None:
        repo.git("rm", "-q", gone)
    return repo.commit(message, files)


def test_each_commit_is_told_and_renames_are_followed(repo, dsl):
    repo.commit("one", {"a.yml": dsl(), "other.yml": dsl(name="o", title="O")})
    repo.commit("two", {"a.yml": dsl(number=2)})
    repo.commit("not it", {"other.yml": dsl(name="o", number=5)})
    repo.git("mv", "a.yml", "b.yml")
    repo.commit("moved")
    repo.commit("three", {"b.yml": dsl(number=3)})
    assert told("b.yml") == [
        ("three", "b.yml", "b.yml"),
        ("moved", "a.yml", "b.yml"),
        ("two", "a.yml", "a.yml"),
        ("one", None, "a.yml"),
    ]
    assert told("a.yml")[0] == ("moved", "a.yml", "b.yml")


def test_a_rename_on_a_merged_branch_is_followed_with_what_was_done_there(forked, dsl):
    forked.git("checkout", "-q", "work")
    forked.git("mv", "a.yml", "b.yml")
    forked.commit("rename")
    forked.commit("in work again", {"b.yml": dsl(number=3)})
    forked.git("checkout", "-q", "main")
    merged(forked, "merge", {"b.yml": dsl(title="Sum", number=3)}, "work", gone="a.yml")
    assert sorted(told("b.yml")) == [
        ("in main", "a.yml", "a.yml"),
        ("in work", "a.yml", "a.yml"),
        ("in work again", "b.yml", "b.yml"),
        ("one", None, "a.yml"),
        ("rename", "a.yml", "b.yml"),
    ]


@pytest.mark.long
def test_a_rename_on_both_sides_is_followed_on_both(forked, dsl):
    forked.git("mv", "a.yml", "mine.yml")
    forked.commit("to mine")
    forked.git("checkout", "-q", "work")
    forked.git("mv", "a.yml", "theirs.yml")
    forked.commit("to theirs")
    forked.git("checkout", "-q", "main")
    merged(forked, "merge", {"both.yml": dsl(title="Sum", number=2)}, "work", gone="mine.yml")
    assert sorted(told("both.yml")) == [
        ("in main", "a.yml", "a.yml"),
        ("in work", "a.yml", "a.yml"),
        ("merge", "mine.yml", "both.yml"),
        ("one", None, "a.yml"),
        ("to mine", "a.yml", "mine.yml"),
        ("to theirs", "a.yml", "theirs.yml"),
    ]


def test_a_merge_that_only_joins_is_not_told_and_one_that_does_more_is(forked, dsl, capsys):
    merged(forked, "joins", {"a.yml": dsl(title="Sum", number=2)}, "work")
    assert sorted(subjects("a.yml")) == ["in main", "in work", "one"]
    forked.git("reset", "-q", "--hard", "HEAD~1")
    merged(forked, "does more", {"a.yml": dsl(title="Sum", number=2, name="evil")}, "work")
    assert subjects("a.yml")[0] == "does more"
    assert run(["log", "a.yml", "-n", "1"]) == 0
    shown = capsys.readouterr().out
    assert "name: x -> evil" in shown and "Sum" not in shown and "return" not in shown


@pytest.mark.long
def test_a_conflict_that_was_settled_by_hand_is_told_with_what_clashed(forked, dsl, capsys):
    forked.git("checkout", "-q", "work")
    forked.commit("theirs", {"a.yml": dsl(title="Total", number=2)})
    forked.git("checkout", "-q", "main")
    merged(forked, "settled", {"a.yml": dsl(title="Total", number=2)}, "work")
    # as `work` had it: git follows that line alone
    assert subjects("a.yml") == ["theirs", "in work", "one"]
    assert sorted(subjects("a.yml", full=True)) == ["in main", "in work", "one", "theirs"]
    forked.git("reset", "-q", "--hard", "HEAD~1")
    merged(forked, "settled", {"a.yml": dsl(title="Sum of all", number=2)}, "work")
    assert run(["log", "a.yml", "-n", "1"]) == 0
    shown = capsys.readouterr().out
    assert "settled" in shown and "  clash: " in shown and "Sum -> Sum of all" in shown
    assert "is kept" not in shown  # nobody knows here what was kept before it was settled
    assert run(["log", "a.yml", "-n", "1", "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert len(entry["clashes"]) == 1 and len(entry["commit"]["parents"]) == 2


@pytest.mark.long
def test_a_merge_that_cannot_be_read_or_joined_says_why(forked, dsl, capsys):
    merged(forked, "broken", {"a.yml": "app: [\nkind: app\nworkflow:\n"}, "work")
    assert run(["log", "a.yml", "-n", "1"]) == 0
    assert "  not read: a.yml:" in capsys.readouterr().out
    forked.git("reset", "-q", "--hard", "HEAD~1")
    forked.commit("bad side", {"a.yml": "app: [\nkind: app\nworkflow:\n"})
    merged(forked, "mended", {"a.yml": dsl(number=5)}, "work")
    assert run(["log", "a.yml", "-n", "1"]) == 0
    shown = capsys.readouterr().out
    assert "mended" in shown and "its parents cannot be joined: a.yml (" in shown


@pytest.mark.long
def test_a_merge_of_three_lines_is_joined_from_all(forked, dsl):
    forked.git("checkout", "-q", "-b", "third", "main~1")
    forked.commit("in third", {"a.yml": dsl(x=999)})
    forked.git("checkout", "-q", "main")
    merged(forked, "octopus", {"a.yml": dsl(title="Sum", number=2, x=999)}, "work", "third")
    assert sorted(subjects("a.yml")) == ["in main", "in third", "in work", "one"]
    forked.git("reset", "-q", "--hard", "HEAD~1")
    merged(forked, "octopus", {"a.yml": dsl(title="Sum", number=7, x=999)}, "work", "third")
    assert subjects("a.yml")[0] == "octopus"


@pytest.mark.long
def test_a_document_that_both_lines_made_or_the_merge_alone_is_told(repo, dsl):
    repo.commit("one", {"x.txt": "x"})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("made there", {"a.yml": dsl()})
    repo.git("checkout", "-q", "main")
    repo.commit("made here", {"a.yml": dsl(number=5)})
    merged(repo, "merge", {"a.yml": dsl(number=9), "new.yml": dsl(name="n", title="N")}, "work")
    assert sorted(told("a.yml")) == [
        ("made here", None, "a.yml"),
        ("made there", None, "a.yml"),
        ("merge", "a.yml", "a.yml"),
    ]
    assert told("new.yml") == [("merge", None, "new.yml")]
    repo.git("checkout", "-q", "work")
    merged(repo, "merge without", {"y.txt": "y"}, "main", gone="a.yml")
    assert subjects("a.yml")[0] == "merge without"


def test_a_document_that_was_deleted_and_made_again_has_both_lives(repo, dsl):
    repo.commit("one", {"a.yml": dsl()})
    repo.git("rm", "-q", "a.yml")
    repo.commit("gone")
    assert told("a.yml") == [("gone", "a.yml", None), ("one", None, "a.yml")]
    repo.commit("again", {"a.yml": dsl(name="second", title="Other")})
    repo.commit("two", {"a.yml": dsl(name="second", title="Another")})
    assert subjects("a.yml") == ["two", "again", "gone", "one"]


@pytest.mark.long
def test_a_shallow_clone_says_where_it_ends(repo, dsl, tmp_path, monkeypatch, capsys):
    repo.commit("one", {"a.yml": dsl()})
    repo.commit("two", {"a.yml": dsl(number=2)})
    repo.commit("three", {"a.yml": dsl(number=3)})
    repo.git("clone", "-q", "--depth", "2", repo.top.as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert run(["log", "a.yml"]) == 0
    three, two = capsys.readouterr().out.split("\n\n")
    assert "code" in three and "added" not in two and "shallow" in two
    assert run(["log", "a.yml", "--format", "json"]) == 0
    assert [entry["kind"] for entry in json.loads(capsys.readouterr().out)] == ["changed", "cut"]


@pytest.mark.long
def test_a_split_folder_is_followed_through_its_moves(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl()})
    assert run(["split", "a.yml", "parts"]) == 0
    repo.git("rm", "-q", "a.yml")
    repo.commit("split")
    repo.write({"parts/code/Count.py": "x = 2\n", "parts/README.md": "not of it\n"})
    repo.commit("two")
    repo.write({"parts/README.md": "still not\n"})
    repo.commit("readme")
    repo.git("mv", "parts", "moved")
    repo.commit("moved")
    assert told("moved/code/Count.py") == told("moved/graph.yml") == told("moved")
    assert told("moved") == [
        ("moved", "parts", "moved"),
        ("two", "parts", "parts"),
        ("split", "a.yml", "parts"),
        ("one", None, "a.yml"),
    ]
    assert run(["join", "moved", "-o", "b.yml"]) == 0
    repo.git("rm", "-rq", "moved")
    repo.commit("joined")
    assert told("b.yml")[:2] == [("joined", "moved", "b.yml"), ("moved", "parts", "moved")]
    assert told("moved")[0] == ("joined", "moved", None)
    capsys.readouterr()
    assert run(["log", "b.yml"]) == 0
    shown = capsys.readouterr().out
    assert "moved from moved to b.yml" in shown and "still not" not in shown


@pytest.mark.long
def test_a_part_of_a_split_folder_that_got_lost_is_said(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl()})
    assert run(["split", "a.yml", "parts"]) == 0
    repo.commit("split")
    (repo.top / "parts/graph.yml").unlink()
    repo.commit("lost")
    assert run(["log", "parts"]) == 0
    shown = capsys.readouterr().out
    assert "not read: " in shown and "graph.yml" in shown and "added" in shown


def test_python_from_history_is_never_executed(repo, dsl):
    repo.commit("one", {"wf/flow.py": HOSTILE, "wf/app.yml": dsl(), "bare/flow.py": HOSTILE})
    repo.commit("two", {"wf/flow.py": HOSTILE * 2, "wf/app.yml": dsl(number=2), "bare/flow.py": HOSTILE * 2})
    for target in ("wf", "wf/flow.py", "wf/app.yml"):
        assert subjects(target) == ["two", "one"]
    for target in ("bare", "bare/flow.py"):
        with pytest.raises(ReadError, match="never executed"):
            subjects(target)
    assert not (repo.top / "executed").exists()


@pytest.mark.long
def test_commits_are_chosen_as_git_log_chooses_them(forked, dsl, monkeypatch):
    merged(forked, "merge", {"a.yml": dsl(title="Sum", number=2)}, "work")
    forked.git("tag", "-a", "v1", "-m", "v1")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-03-04T05:06:07Z")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bob 王")
    forked.commit("three", {"a.yml": dsl(title="Sum", number=3)})
    assert subjects("a.yml", revisions=("v1..HEAD",)) == ["three"]
    assert subjects("a.yml", revisions=("v1", "^work")) == ["in main"]
    assert subjects("a.yml", revisions=("work",)) == ["in work", "one"]
    assert sorted(subjects("a.yml", revisions=("main~1^1...work",))) == ["in main", "in work"]
    assert sorted(subjects("a.yml", revisions=("^v1",))) == ["three"]
    with pytest.raises(UsageError, match="other than commits"):
        subjects("a.yml", revisions=("HEAD:a.yml",))
    assert subjects("a.yml", author="王") == ["three"]
    assert subjects("a.yml", since="2026-02-01") == ["three"]
    assert sorted(subjects("a.yml", until="2026-02-01")) == ["in main", "in work", "one"]
    assert subjects("a.yml", revisions=("HEAD..HEAD",)) == subjects("a.yml", author="Nobody") == []
    for revision in ("nothing", "nothing..HEAD", "--output=x", "-n1", "HEAD~99", ""):
        with pytest.raises(UsageError, match="no revision"):
            subjects("a.yml", revisions=(revision,))
    assert not (forked.top / "x").exists()


NAMES = ("with space.yml", "问 答/流程.yml", "quo\"te'.yml", "new\nline/a.yml", "-n.yml", ":x.yml", "*.yml")


@pytest.mark.long
@pytest.mark.parametrize("bare", [False, True])
def test_names_are_taken_as_they_are_also_in_a_bare_repository(repo, dsl, tmp_path, monkeypatch, bare):
    repo.commit("one", {name: dsl(name=f"n{number}") for number, name in enumerate(NAMES)})
    repo.commit("two", {name: dsl(name=f"n{number}", number=2) for number, name in enumerate(NAMES)})
    if bare:
        repo.git("clone", "-q", "--bare", str(repo.top), str(tmp_path / "bare.git"))
        monkeypatch.chdir(tmp_path / "bare.git")
    for name in NAMES:
        assert subjects(name) == ["two", "one"], name


@pytest.mark.parametrize("target", ["gone.yml", "../outside.yml", "sub", ".", "README.md"])
def test_what_has_no_history_is_an_error(repo, dsl, target):
    with pytest.raises(UsageError, match=r"no commit yet|outside"):
        subjects(target)
    repo.commit("one", {"a.yml": dsl(), "sub/x.txt": "x", "README.md": "# x\n"})
    with pytest.raises(UsageError):
        subjects(target)


@pytest.mark.long
def test_a_document_that_is_no_longer_on_disk_is_found_where_it_was(repo, dsl):
    repo.commit("one", {"wf/app.yml": dsl()})
    repo.git("rm", "-rq", "wf")
    repo.commit("gone")
    assert subjects("wf") == ["gone", "one"]
    (repo.top / "link.yml").symlink_to("a.yml")
    repo.commit("two", {"a.yml": dsl(name="a")})
    assert subjects("link.yml") == ["two"]


@pytest.mark.long
def test_few_processes_read_only_what_changed(repo, dsl, tmp_path, monkeypatch):
    for number in range(12):
        repo.commit(f"c{number}", {"a.yml": dsl(number=number), f"f{number}.yml": dsl(name=f"n{number}")})
    for line in repo.git("ls-tree", "-r", "HEAD").splitlines():
        meta, name = line.split("\t")
        blob = meta.split()[2]
        if name != "a.yml" and name != "f0.yml":  # git looks into what the first commit added
            (repo.top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    trace = tmp_path / "trace.json"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    assert len(subjects("a.yml")) == 12
    events = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
    assert sum(event["event"] == "start" for event in events) <= 8


@st.composite
def histories(draw):
    """Commits as (parents, what each of two files holds, None where it is not), by numbers from 0."""
    made = [((), {"a.yml": 0, "b.yml": 0})]
    for number in range(1, draw(st.integers(3, 14))):
        count = draw(st.sampled_from((1, 1, 1, 2, 2, 3)))
        parents = draw(
            st.lists(st.integers(max(0, number - 4), number - 1), min_size=1, max_size=count, unique=True)
        )
        files = {}
        for name in ("a.yml", "b.yml"):
            known = [made[parent][1][name] for parent in parents]
            files[name] = draw(st.sampled_from((*known, *known, number, None)))
        made.append((tuple(parents), files))
    return made


def import_history(top, made, dsl):
    """Writes the commits, each with its number as its subject, by one process of git."""
    lines = []
    for number, (parents, files) in enumerate(made):
        lines += [f"commit refs/heads/c{number}", f"mark :{number + 1}"]
        lines += [f"committer Ann <a@x> {1700000000 + number} +0000", f"data {len(str(number))}", str(number)]
        lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(parents)]
        lines.append("deleteall")
        for name, content in files.items():
            if content is not None:
                text = dsl(name=name, title=" ".join(f"{name}{n}" for n in range(200)), number=content)
                lines += [f"M 100644 inline {name}", f"data {len(text.encode())}", text]
    given = "\n".join((*lines, "done", "")).encode()
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    subprocess.run(["git", "fast-import", "--quiet", "--done"], cwd=top, input=given, check=True)


@pytest.mark.long
@pytest.mark.usefixtures("home")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=histories())
def test_without_renames_the_same_commits_are_found_as_by_git(tmp_path_factory, dsl, made):
    top = tmp_path_factory.mktemp("history") / "repo"
    import_history(top, made, dsl)
    repository = replace(open_repository(top), is_bare=True)
    tip = f"c{len(made) - 1}"
    for full in (False, True):
        for name in ("a.yml", "b.yml"):
            options = ["--full-history"] if full else []
            call = ["git", "log", *options, "--format=%s %p", tip, "--", name]
            out = subprocess.run(call, cwd=top, capture_output=True, encoding="utf-8", check=True).stdout
            by_git = [line.split(" ") for line in out.splitlines()]
            try:
                found = list(commits(repository, name, Which(revisions=(tip,), full=full)))
            except UsageError:
                found = []
            plain = {commit.subject for commit, _ in found if len(commit.parents) < 2}
            assert plain >= {subject for subject, *parents in by_git if len(parents) < 2}
            merges = {commit.subject for commit, _ in found if len(commit.parents) > 1}
            assert merges <= {subject for subject, *parents in by_git if len(parents) > 1}
            numbers = [int(commit.subject) for commit, _ in found]
            assert numbers == sorted(set(numbers), reverse=True)
