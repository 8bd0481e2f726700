"""Documents in history: which changed, what each commit did, and that nothing else is read or executed."""

from __future__ import annotations

import json

from difyflow.cli.main import run
from difyflow.git.history import changed_documents, commits_between
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
        },
    )
    assert names(["HEAD~1..HEAD"]) == [("gone.yml", None), ("a.yml", "moved.yml"), (None, "new/b.yaml")]
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


def test_commits_of_a_range_are_told_by_file(repo, dsl):
    repo.commit("one", {"a.yml": dsl(), "other.yml": dsl(name="o", title="O")})
    repo.commit("not it", {"other.yml": dsl(name="o", number=5)})
    repo.git("mv", "a.yml", "b.yml")
    repo.commit("moved")
    repo.commit("three", {"b.yml": dsl(number=3)})
    touched = commits_between(open_repository(), "HEAD~3", "HEAD")
    assert {path: [item.subject for item in found] for path, found in touched.items()} == {
        "a.yml": ["moved"],
        "b.yml": ["three", "moved"],
        "other.yml": ["not it"],
    }


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
    for arguments in (
        ["log", "wf"],
        ["diff", "HEAD~1..HEAD"],
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
