"""Removing folders that were built to resist."""

import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from difyflow.run.backends.local.code._inside.folder import measure, remove

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")

TREES = st.recursive(
    st.sampled_from(["file", "link", "dangling"]),
    lambda inner: st.dictionaries(
        st.text("ab.-0", min_size=1, max_size=3).filter(lambda n: n.strip(".")), inner
    ),
)


def build(path, tree):
    if tree == "file":
        path.write_text("x")
    elif tree in ("link", "dangling"):
        path.symlink_to("/" if tree == "link" else "/missing")
    else:
        path.mkdir()
        for name, inner in tree.items():
            build(path / name, inner)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(tree=st.dictionaries(st.just("root"), TREES, min_size=1))
def test_any_tree_is_removed_whole(tmp_path, tree):
    folder = tmp_path / "folder"
    build(folder, tree)
    remove(str(folder))
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_not_followed(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    remove(str(tmp_path / "folder"))
    assert (tmp_path / "kept" / "file").read_text() == "x"


def test_folders_without_permissions_are_removed(tmp_path):
    deepest = tmp_path / "folder" / "a" / "b"
    deepest.mkdir(parents=True)
    (deepest / "file").write_text("x")
    for folder in (deepest, deepest.parent, deepest.parent.parent):
        folder.chmod(0)
    remove(str(tmp_path / "folder"))
    assert not (tmp_path / "folder").exists()


@pytest.mark.long
def test_a_tree_deeper_than_the_recursion_limit_and_the_longest_path_is_removed(tmp_path):
    (tmp_path / "folder").mkdir()
    start = os.open(tmp_path / "folder", os.O_RDONLY)
    here = start
    for _ in range(sys.getrecursionlimit() + 200):
        os.mkdir("d" * 50, dir_fd=here)
        there = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)
    remove(str(tmp_path / "folder"))
    assert not (tmp_path / "folder").exists()


def test_a_missing_folder_is_fine(tmp_path):
    remove(str(tmp_path / "missing"))


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        remove(str(tmp_path / "link"))
    assert (tmp_path / "kept").exists()


def test_measuring_counts_entries_and_bytes_and_stops_at_the_bound(tmp_path):
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "file").write_bytes(b"x" * 10)
    assert measure(str(tmp_path), most_entries=100) == (10, 50)
    assert measure(str(tmp_path), most_entries=7)[0] == 7
    assert measure(str(tmp_path / "missing"), most_entries=7) == (0, 0)


def test_measuring_calls_a_folder_that_is_too_deep_too_large(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        there = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)
    assert measure(str(tmp_path), most_entries=1000)[0] == 1000
    remove(str(tmp_path / ("d" * 200)))
