"""Documents in history: which changed, what each commit did, and that nothing else is read or executed."""

from __future__ import annotations

import json

import pytest

from difyflow.cli.main import run
from difyflow.git.history import changed_documents, commits_of
from difyflow.git.repository import open_repository

HOSTILE = "from difyflow import Flow\nimport pathlib\npathlib.Path('executed').write_text('x')\n"


def names(states, **more):
    return [(item.old_name, item.new_name) for item in changed_documents(open_repository(), states, **more)]


def test_documents_that_changed_are_found_and_other_files_are_not(repo, dsl):
    repo.commit(
        "one",
        {
            "a.yml": dsl(),
            "gone.yml": dsl(name="-".join(map(str, range(2000)))),
            "same.yml": dsl(name="s"),
            "ci.yml": "on: push\n",
            "UP.YML": dsl(name="up"),
        },
    )
    repo.git("mv", "a.yml", "moved.yml")
    (repo.top / "gone.yml").unlink()
    repo.commit(
        "two",
        {
            "new/b.yaml": dsl(name="-".join(f"w{n * n}" for n in range(2000)), title="B", number=9),
            "ci.yml": "on: pull\n",
            "x.txt": dsl(),
            "UP.YML": dsl(name="up", number=2),
        },
    )
    assert names(["HEAD~1..HEAD"]) == [
        ("UP.YML", "UP.YML"),
        ("gone.yml", None),
        ("a.yml", "moved.yml"),
        (None, "new/b.yaml"),
    ]
    assert names(["HEAD~1", "HEAD"], paths=["new"]) == [(None, "new/b.yaml")]
    repo.write({"same.yml": dsl(name="s", number=3)})
    assert names(["HEAD"]) == names([]) == [("same.yml", "same.yml")]
    (change,) = changed_documents(open_repository(), ["HEAD"])
    assert (change.old, change.new) == (dsl(name="s").encode(), dsl(name="s", number=3).encode())
    repo.git("add", "same.yml")
    assert names(["--cached"]) == [("same.yml", "same.yml")]


def test_a_split_folder_is_one_document(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl()})
    assert run(["split", "a.yml", "parts"]) == 0
    repo.commit("two")
    repo.write({"parts/code/Count.py": "x = 2\n"})
    for states in (["HEAD"], []):
        (change,) = changed_documents(open_repository(), states)
        assert (change.old_name, change.new_name) == ("parts", "parts")
        assert (change.old, b"code: x = 2" in change.new) == (dsl().encode(), True)
    repo.commit("three")
    capsys.readouterr()
    assert run(["log", "parts"]) == 0
    shown = capsys.readouterr().out
    assert '~ "Count" (code b): code\n' in shown or '~ "Count" (code b): code ' in shown
    assert "added" in shown
    assert run(["changelog", "HEAD~1..HEAD"]) == 0
    assert "`parts`" in capsys.readouterr().out


def test_a_document_that_became_a_link_is_gone_and_one_in_conflict_is_shown_once(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl(), "b.yml": dsl(name="b")})
    (repo.top / "b.yml").unlink()
    (repo.top / "b.yml").symlink_to("a.yml")
    repo.commit("two")
    assert names(["HEAD~1..HEAD"]) == [("b.yml", None)]
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("theirs", {"a.yml": dsl(number=2)})
    repo.git("checkout", "-q", "main")
    repo.commit("ours", {"a.yml": dsl(number=3)})
    assert repo.run("merge", "-q", "work").returncode == 1
    repo.write({"a.yml": dsl(number=4)})
    assert run(["diff"]) == 1
    assert capsys.readouterr().out.count("+++ a.yml") == 1
    assert run(["changelog", "HEAD~1", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def commits_by_name(old, new):
    repository = open_repository(may_be_bare=True)
    changes = list(changed_documents(repository, [old, new]))
    found = commits_of(repository, old, new, changes)
    return {
        change.name: [commit.subject for commit in commits]
        for change, commits in zip(changes, found, strict=True)
    }


@pytest.mark.long
def test_the_commits_of_a_range_are_found_for_each_document_under_all_its_names(repo, dsl):
    repo.commit("one", {"a.yml": dsl(), "other.yml": dsl(name="o", title="O")})
    repo.commit("two", {"other.yml": dsl(name="o", number=5)})
    for old, new in (("a.yml", "between.yml"), ("between.yml", "wf/b.yml")):
        (repo.top / "wf").mkdir(exist_ok=True)
        repo.git("mv", old, new)
        repo.commit(f"to {new}")
        repo.commit(f"in {new}", {new: dsl(title=new)})
    repo.git("checkout", "-q", "-b", "work", "HEAD~3")
    repo.commit("in work", {"between.yml": dsl(title="between.yml", number=7)})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-commit", "-s", "ours", "work")
    repo.commit("merge", {"wf/b.yml": dsl(title="wf/b.yml", number=7)})
    found = commits_by_name("HEAD~6", "HEAD")
    assert found["other.yml"] == ["two"]
    assert sorted(found["wf/b.yml"]) == [
        "in between.yml", "in wf/b.yml", "in work", "merge", "to between.yml", "to wf/b.yml"
    ]  # fmt: skip


@pytest.mark.long
def test_folders_that_are_moved_split_or_joined_are_one_change_each(repo, dsl):
    moved = {f"old/w{number}/app.yml": dsl(name=f"w{number}", number=number) for number in range(3)}
    repo.commit("one", {**moved, "s/app.yml": dsl(name="split", title="S")})
    (repo.top / "new").mkdir()
    repo.git("mv", "old", "new/place")
    assert run(["split", "s/app.yml", "parts"]) == 0
    repo.git("rm", "-q", "s/app.yml")
    repo.commit("two")
    expected = [(f"old/w{number}/app.yml", f"new/place/w{number}/app.yml") for number in range(3)]
    assert names(["HEAD~1..HEAD"]) == [*expected, ("s/app.yml", "parts")]
    repo.git("mv", "parts", "elsewhere")
    repo.commit("three", {"elsewhere/code/S.py": "x = 3\n"})
    assert names(["HEAD~1..HEAD"]) == [("parts", "elsewhere")]
    assert commits_by_name("HEAD~2", "HEAD")["elsewhere"] == ["three", "two"]
    (repo.top / "j").mkdir()
    assert run(["join", "elsewhere", "-o", "j/app.yml"]) == 0
    repo.git("rm", "-rq", "elsewhere")
    repo.commit("four")
    assert names(["HEAD~1..HEAD"]) == [("elsewhere", "j/app.yml")]
    assert names(["HEAD~2..HEAD"]) == [("parts", "j/app.yml")]
    assert ("s/app.yml", "j/app.yml") in names(["HEAD~3..HEAD"])
    (change,) = changed_documents(open_repository(), ["HEAD~1..HEAD"])
    assert change.old == change.new
    (repo.top / "j/app.yml").unlink()
    repo.commit("five")
    assert names(["HEAD~1..HEAD"]) == [("j/app.yml", None)]


@pytest.mark.long
@pytest.mark.parametrize("place", ["bare", "in .git", "GIT_DIR"])
def test_what_reads_history_alone_needs_no_work_tree(repo, dsl, tmp_path, monkeypatch, capsys, place):
    repo.commit("one", {"流 程/a.yml": dsl(), "b.yml": dsl(name="b")})
    repo.commit("two", {"流 程/a.yml": dsl(number=2)})
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.top), str(bare))
    monkeypatch.chdir({"bare": bare, "in .git": repo.top / ".git", "GIT_DIR": tmp_path}[place])
    if place == "GIT_DIR":
        monkeypatch.setenv("GIT_DIR", "bare.git")
    for arguments in (
        ["diff", "HEAD~1..HEAD"],
        ["diff", "HEAD~1:流 程/a.yml", "HEAD:流 程/a.yml"],
        ["changelog", "HEAD~1"],
        ["changelog", "HEAD~1", "流 程"],
        ["log", "HEAD~1..HEAD", "流 程/a.yml"],
    ):
        assert run(arguments) == (arguments[0] == "diff"), arguments
        shown = capsys.readouterr().out
        assert "code" in shown and "b.yml" not in shown, (arguments, shown)
    for arguments in (["diff"], ["diff", "HEAD~1"], ["git", "install"]):
        assert run(arguments) == 2
        assert "work tree" in capsys.readouterr().err


@pytest.mark.long
def test_git_dir_and_work_tree_may_be_given_from_elsewhere(repo, dsl, tmp_path, monkeypatch, capsys):
    repo.commit("one", {"sub/a.yml": dsl()})
    repo.write({"sub/a.yml": dsl(number=2)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", "repo/.git")
    monkeypatch.setenv("GIT_WORK_TREE", "repo")
    assert run(["diff", "HEAD"]) == 1
    assert "code" in capsys.readouterr().out
    assert run(["log", "repo/sub/a.yml"]) == 0
    assert "added" in capsys.readouterr().out


@pytest.mark.long
def test_a_file_of_a_submodule_or_of_another_repository_has_its_own_history(repo, make_repo, dsl, capsys):
    other = make_repo("other")
    other.commit("theirs", {"wf/app.yml": dsl()})
    repo.commit("one", {"a.yml": dsl()})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.top), "sub")
    repo.commit("two")
    for target in ("sub/wf/app.yml", "sub/wf", "../other/wf/app.yml"):
        assert run(["log", target]) == 0
        assert "theirs" in capsys.readouterr().out
    assert run(["changelog", "HEAD~1"]) == 0
    assert "No workflow changed" in capsys.readouterr().out


def test_python_from_history_is_never_executed(repo, dsl, capsys):
    repo.commit("one", {"wf/flow.py": HOSTILE, "wf/app.yml": dsl(), "bare/flow.py": HOSTILE})
    repo.commit("two", {"wf/flow.py": HOSTILE * 2, "wf/app.yml": dsl(number=2), "bare/flow.py": HOSTILE * 2})
    found = list(changed_documents(open_repository(), ["HEAD~1..HEAD"]))
    assert [(item.name, item.problem is None) for item in found] == [
        ("bare/flow.py", False),
        ("wf/app.yml", True),
    ]
    assert run(["changelog", "HEAD~1"]) == 0
    assert "never executed" in capsys.readouterr().out
    assert run(["diff", "HEAD~1..HEAD"]) == 3  # one of two cannot be compared
    said = capsys.readouterr()
    assert "+++ wf/app.yml" in said.out
    assert "bare/flow.py" in said.err and "never executed" in said.err and "wf/flow.py" not in said.err
    for arguments in (
        ["log", "wf"],
        ["diff", "HEAD~1:wf", "HEAD:wf"],
        ["show", "HEAD:wf"],
    ):
        assert run(arguments) in (0, 1), arguments
    assert not (repo.top / "executed").exists()


def test_a_diff_of_a_large_repository_reads_only_what_changed(repo, dsl, tmp_path, monkeypatch, capsys):
    """Every blob that did not change is taken away: whoever touches one fails."""
    files = {f"flows/w{number}/app.yml": dsl(name=f"w{number}", number=number) for number in range(300)}
    repo.commit("one", files)
    changed = {name: files[name].replace("title: Count", "title: Sum") for name in list(files)[::100]}
    repo.commit("two", changed)
    specs = "".join(f"{revision}:{name}\n" for revision in ("HEAD", "HEAD~1") for name in changed)
    kept = set(repo.git("rev-parse", *specs.split()).split())
    listed = repo.git("ls-tree", "-r", "HEAD").splitlines()
    for line in listed:
        blob = line.split()[2]
        if blob not in kept:
            (repo.top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    trace = tmp_path / "trace.json"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    for arguments in (["diff", "HEAD~1"], ["diff", "HEAD~1..HEAD"], ["changelog", "HEAD~1..HEAD"]):
        trace.unlink(missing_ok=True)
        assert run(arguments) in (0, 1)
        shown = capsys.readouterr()
        assert shown.out.count("Sum") >= 3 and "w100" in shown.out and "w101" not in shown.out, shown
        events = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
        started = [event["argv"][3:5] for event in events if event["event"] == "start"]
        assert len(started) <= 8, started
        assert sum("cat-file" in words for words in started) == 1


HOOK = """\
#!/bin/sh
while read -r old new ref; do
    case $old in 0000*) continue ;; esac
    difyflow log "$old..$new" a.yml || exit 2
    difyflow diff "$old..$new" --fail-on breaking || exit 1
done
"""


@pytest.mark.long
def test_a_hook_on_a_server_can_refuse_what_breaks(repo, dsl, tmp_path):
    """New objects are in quarantine while it runs, and there is no work tree."""
    server = tmp_path / "server.git"
    repo.git("init", "-q", "--bare", str(server))
    hook = server / "hooks/pre-receive"
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)
    repo.commit("one", {"a.yml": dsl()})
    repo.git("push", "-q", str(server), "HEAD:main")
    repo.commit("two", {"a.yml": dsl(number=2)})
    done = repo.run("push", "-q", str(server), "HEAD:main")
    assert done.returncode == 0 and '"Count" (code b): code' in done.stderr, done.stderr
    repo.commit("three", {"a.yml": dsl(number=2).replace("mode: workflow", "mode: advanced-chat")})
    done = repo.run("push", "-q", str(server), "HEAD:main")
    assert done.returncode == 1 and "! mode workflow -> advanced-chat" in done.stderr
    assert repo.git("ls-remote", str(server), "main").split()[0] == repo.git("rev-parse", "HEAD~1").strip()
