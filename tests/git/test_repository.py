"""What changed between two states of a repository, and the bytes that files had in them."""

from __future__ import annotations

import pytest

from difyflow.errors import ReadError, UsageError
from difyflow.git.repository import Blobs, changed_files, is_revision, open_repository, show


def test_a_repository_is_found_from_inside_and_from_its_other_work_trees(repo, tmp_path):
    repo.commit("one", {"a.yml": "x\n", "sub/b.yml": "y\n"})
    found = open_repository(repo.top / "sub")
    assert found.top == repo.top
    assert found.git_dir == found.common_dir == repo.top / ".git"
    repo.git("worktree", "add", "-q", str(tmp_path / "other"))
    other = open_repository(tmp_path / "other")
    assert other.top == tmp_path / "other"
    assert other.common_dir == repo.top / ".git"
    assert other.git_dir == repo.top / ".git" / "worktrees" / "other"


@pytest.mark.usefixtures("home")
def test_outside_a_repository_that_is_said(tmp_path):
    with pytest.raises(UsageError, match="lies in no git repository"):
        open_repository(tmp_path)


def test_changes_name_files_as_they_were_and_are(repo):
    repo.commit("one", {"a b.yml": "a\n" * 20, "gone.yml": "x\n", "问.yml": "y\n", "same.yml": "z\n"})
    repo.git("mv", "a b.yml", "moved.yml")
    (repo.top / "gone.yml").unlink()
    repo.commit("two", {"问.yml": "yy\n", "new.yml": "n\n"})
    found = changed_files(open_repository(), ["HEAD~1..HEAD"])
    assert sorted((item.status, item.old_path or "", item.new_path or "") for item in found) == [
        ("A", "", "new.yml"),
        ("D", "gone.yml", ""),
        ("M", "问.yml", "问.yml"),
        ("R", "a b.yml", "moved.yml"),
    ]
    repo.write({"same.yml": "zz\n"})
    (changed,) = changed_files(open_repository(), ["HEAD"])
    assert (changed.new_path, changed.new_id, changed.of_plain_files()) == ("same.yml", "", changed)
    assert changed_files(open_repository(), ["HEAD"], paths=["new.yml"]) == ()


def test_a_file_that_became_a_link_is_gone_as_a_file(repo):
    repo.commit("one", {"a.yml": "a\n", "b.yml": "b\n"})
    (repo.top / "a.yml").unlink()
    (repo.top / "a.yml").symlink_to("b.yml")
    repo.commit("two")
    (change,) = changed_files(open_repository(), ["HEAD~1..HEAD"])
    made = change.of_plain_files()
    assert made is not None
    assert (change.status, made.status, made.old_path, made.new_path) == ("T", "D", "a.yml", None)
    (change,) = changed_files(open_repository(), ["HEAD..HEAD~1"])
    made = change.of_plain_files()
    assert made is not None
    assert (made.status, made.old_path, made.new_path) == ("A", None, "a.yml")
    repo.git("rm", "-q", "a.yml")
    (change,) = changed_files(open_repository(), ["--cached"])
    assert change.of_plain_files() is None


@pytest.mark.parametrize("state", ["nothing", "--output=x", "-h", "HEAD..nothing"])
def test_a_state_that_git_does_not_know_is_an_error(repo, state):
    repo.commit("one", {"a.yml": "x\n"})
    with pytest.raises(UsageError):
        changed_files(open_repository(), [state])
    assert not (repo.top / "x").exists()


def test_many_blobs_are_read_by_one_process(repo):
    repo.commit("one", {f"f{number}.yml": f"{number}\n" * number for number in range(30)})
    with Blobs() as blobs:
        for number in range(30):
            assert blobs.read(f"HEAD:f{number}.yml") == (f"{number}\n" * number).encode()
            assert blobs.read("HEAD:gone") is None
        assert blobs.kind("HEAD:")[0] == "tree"
        assert blobs.read("HEAD:f1.yml\nHEAD:f2.yml") is None
        with pytest.raises(ReadError, match="more than the limit"):
            blobs.read("HEAD:f29.yml", max_bytes=3)
        assert blobs.read("HEAD:f2.yml") == b"2\n2\n"


def test_a_blob_is_named_by_revision_or_by_what_is_staged(repo):
    repo.commit("one", {"a.yml": "1\n"})
    repo.write({"a.yml": "2\n"})
    repo.git("add", "a.yml")
    assert (show("HEAD:a.yml"), show(":a.yml")) == (b"1\n", b"2\n")
    with pytest.raises(ReadError):
        show("HEAD:b.yml")
    assert is_revision("HEAD") and is_revision("main") and not is_revision("other") and not is_revision("-h")


@pytest.mark.usefixtures("home")
def test_git_says_itself_why_nothing_can_be_read(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="cat-file: not a git repository"):
        show("HEAD:a.yml", cwd=tmp_path)
    with Blobs(tmp_path) as blobs:
        for _ in range(3):  # whoever asks again is told again
            with pytest.raises(UsageError, match="not a git repository"):
                blobs.read("HEAD:a.yml")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be started"):
        show("HEAD:a.yml", cwd=tmp_path)
