"""Two people and one real app in a real git: edits, moves, renames, rebuilt ids, rebase, conflict, resolve.

With `DIFYFLOW_TRANSCRIPT` set to a file, what git said is written there.
"""

from __future__ import annotations

import copy
import itertools
import os
import shlex
from pathlib import Path

import pytest

import difyflow
from difyflow.cli.main import run
from difyflow.diff import compare, patch
from difyflow.diff._values import same
from difyflow.dsl import _yaml

TRANSCRIPT = os.environ.get("DIFYFLOW_TRANSCRIPT")  # before the tests' environment is cleaned
APP = "apps/corpus.yml"
START, LLM, CODE = "1735807686274", "1735807764975", "1735807761855"


class Play:
    """A history as it is typed: every command with what it said."""

    def __init__(self, repo):
        self.repo = repo
        self.said = []

    def act(self, words):
        self.said.append(f"\n## {words}\n")

    def git(self, *arguments, who="Ann", code=0, cwd=None):
        people = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in
                  (("NAME", who), ("EMAIL", f"{who.lower()}@example.com"))}  # fmt: skip
        done = self.repo.run(*arguments, cwd=cwd, **people)
        self.said.append(f"{who}$ git {shlex.join(arguments)}\n{done.stdout}{done.stderr}")
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def edit(self, change, cwd=None):
        """Changes the app as an editor does: loads, changes, exports."""
        path = (cwd or self.repo.top) / APP
        data = difyflow.read(path.read_bytes()).data()
        change(data)
        path.write_bytes(_yaml.dump(data).encode())


def node(data, node_id):
    return next(item for item in data["workflow"]["graph"]["nodes"] if item["id"] == node_id)


def system(data):
    return node(data, LLM)["data"]["prompt_template"][0]


def warmer(data):
    node(data, LLM)["data"]["model"]["completion_params"]["temperature"] = 0.7


def reworded(data):
    system(data)["text"] = system(data)["text"].replace("10 个", "20 个")


def dragged(data):
    for index, item in enumerate(data["workflow"]["graph"]["nodes"]):
        item["position"] = {"x": 100 * index, "y": 7}


def renamed_input(data):
    variable = node(data, START)["data"]["variables"][1]
    variable |= {"variable": "keyword", "label": "keyword"}
    user = node(data, LLM)["data"]["prompt_template"][1]
    user["text"] = user["text"].replace(f"{{{{#{START}.trigger#}}}}", f"{{{{#{START}.keyword#}}}}")


def rebuilt(data):
    """A generator draws the code node again: another id, references follow."""
    text = _yaml.dump(data).replace(CODE, "1799999999999")
    data.clear()
    data |= _yaml.load(text, name="rebuilt")


def cooler(data):
    node(data, LLM)["data"]["model"]["completion_params"]["temperature"] = 0.1


def hotter(data):
    node(data, LLM)["data"]["model"]["completion_params"]["temperature"] = 0.9


def harder_code(data):
    code = next(item for item in data["workflow"]["graph"]["nodes"] if item["data"].get("type") == "code")
    code["data"]["code"] = code["data"]["code"].replace("80000", "60000")


@pytest.mark.long
def test_two_people_work_on_one_app(repo, root, tmp_path):
    play = Play(repo)
    seed = (root / "tests/seed/fine-tune-corpus.yml").read_bytes()
    play.act("A repository with one app; the drivers are installed and the attributes committed")
    repo.write({APP: seed, "README.md": "our apps\n"})
    play.git("add", ".")
    play.git("commit", "-q", "-m", "the app as Dify exports it")
    assert run(["git", "install"]) == 0
    play.git("add", ".gitattributes")
    play.git("commit", "-q", "-m", "git shows workflows")

    play.act("Ann edits a field and drags every node; git diff speaks of the workflow")
    play.edit(lambda data: (warmer(data), dragged(data)))
    shown = play.git("diff")
    assert "temperature 0.3 -> 0.7" in shown and "Layout: 7 nodes moved" in shown
    assert len(shown.splitlines()) < 20
    play.git("commit", "-q", "-am", "warmer")
    assert "+  model.completion_params.temperature: 0.7" in play.git("show", "--format=%s")

    play.act("Bob, from before that, rewords the prompt and moves nodes elsewhere, then rebases: no conflict")
    bob = tmp_path / "bob"
    play.git("worktree", "add", "-q", "-b", "bob", str(bob), "HEAD~1")
    play.edit(lambda data: (reworded(data), node(data, LLM)["position"].update(x=-5)), cwd=bob)
    play.git("commit", "-q", "-am", "twenty questions", who="Bob", cwd=bob)
    play.git("rebase", "-q", "main", who="Bob", cwd=bob)
    merged = difyflow.read((bob / APP).read_bytes()).data()
    assert "20 个" in system(merged)["text"]
    assert node(merged, LLM)["data"]["model"]["completion_params"]["temperature"] == 0.7
    play.git("merge", "-q", "bob")

    play.act("A generator draws a node again with another id while Bob edits that node: both survive")
    play.edit(rebuilt)
    assert "1735807761855 -> 1799999999999" in play.git("diff")
    play.git("commit", "-q", "-am", "rebuilt by a generator")
    play.edit(harder_code, cwd=bob)
    play.git("commit", "-q", "-am", "shorter texts", who="Bob", cwd=bob)
    play.git("merge", "-q", "--no-edit", "bob")
    data = difyflow.read((repo.top / APP).read_bytes()).data()
    assert "60000" in node(data, "1799999999999")["data"]["code"]
    assert CODE not in (repo.top / APP).read_text(encoding="utf-8")

    play.act("Ann renames an input (breaking) and the file; the log follows and marks it")
    play.edit(renamed_input)
    play.git("mv", APP, "apps/tuning.yml")
    play.git("commit", "-q", "-am", "an input with a better name")
    play.git("mv", "apps/tuning.yml", APP)
    play.git("commit", "-q", "-am", "and the old file name again")

    play.act(
        "Both set one field: a conflict, ours is kept, theirs is in the report; git waits for a decision"
    )
    play.git("reset", "-q", "--hard", "main", who="Bob", cwd=bob)
    play.edit(cooler)
    play.git("commit", "-q", "-am", "cooler")
    play.edit(lambda data: (hotter(data), reworded(data)), cwd=bob)
    play.git("commit", "-q", "-am", "hotter", who="Bob", cwd=bob)
    said = play.git("merge", "bob", code=1)
    assert "1 conflict:" in said and "0.9" in said
    assert play.git("status", "--porcelain") == f"UU {APP}\n"
    assert difyflow.read((repo.top / APP).read_bytes()).render() == (repo.top / APP).read_bytes().decode()
    report = repo.top / ".git/difyflow/conflicts" / f"{APP}.md"
    play.said.append(f"Ann$ cat {report.relative_to(repo.top)}\n{report.read_text(encoding='utf-8')}")

    play.act("Ann takes Bob's value and goes on")
    play.edit(hotter)
    play.git("add", APP)
    play.git("commit", "-q", "--no-edit")
    assert play.git("status", "--porcelain") == ""

    play.act("A stash over a change that came in between")
    before = copy.deepcopy(difyflow.read((repo.top / APP).read_bytes()).data())
    play.edit(lambda data: node(data, LLM)["position"].update(y=99))
    play.git("stash", "-q")
    play.edit(lambda data: data["app"].update(description="for everybody"))
    play.git("commit", "-q", "-am", "a description")
    play.git("stash", "pop", "-q")
    after = difyflow.read((repo.top / APP).read_bytes()).data()
    assert after["app"]["description"] == "for everybody" != before["app"]["description"]
    assert node(after, LLM)["position"]["y"] == 99
    play.git("checkout", "-q", APP)

    play.act("What happened, in terms of the workflow")
    for words in (["log", APP], ["changelog", "HEAD~4..HEAD"], ["diff", "HEAD~1..HEAD"]):
        done = repo.run("-c", "alias.x=!difyflow", "x", *words)
        play.said.append(f"Ann$ difyflow {shlex.join(words)}\n{done.stdout}{done.stderr}")
        assert done.returncode in (0, 1) and done.stdout
    history = play.said[-3]
    assert "BREAKING" in history and "moved from" in history and "twenty questions" in history
    assert "error" not in play.git("fsck", "--no-progress", "--no-dangling")

    if TRANSCRIPT:
        text = "\n".join(play.said).replace(str(repo.top), "~/work").replace(str(tmp_path), "~")
        Path(TRANSCRIPT).write_text(text, encoding="utf-8")


@pytest.mark.long
def test_every_real_history_is_shown_logged_and_comes_back_by_its_patch(repo, corpus_dir):
    """Each step of the histories of public files: diffed, patched, committed, shown by git, told by log."""
    steps = 0
    for folder in sorted(path for path in (corpus_dir / "history").iterdir() if path.is_dir())[::3]:
        versions = sorted(folder.glob("*.yml"))
        data = [_yaml.load(path.read_bytes(), name=path.name) for path in versions]
        for old, new in itertools.pairwise(data):
            assert same(patch(old, compare(old, new)), new), folder.name
            steps += 1
        for path in versions:
            repo.commit(f"{folder.name} {path.stem}", {f"flows/{folder.name}.yml": path.read_bytes()})
    assert steps > 20
    assert run(["git", "install"]) == 0
    last = sorted((repo.top / "flows").glob("*.yml"))[0]
    assert run(["log", str(last.relative_to(repo.top))]) == 0
    assert run(["changelog", "HEAD~9..HEAD"]) == 0
    assert repo.run("log", "-p", "-3", "--", "flows").returncode == 0
