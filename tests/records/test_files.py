"""Files are written whole or not at all, also bit by bit."""

from __future__ import annotations

import pytest

from difyflow.errors import UsageError
from difyflow.records.files import open_whole


def test_a_file_that_is_written_bit_by_bit_is_complete_at_the_end_and_not_before(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with open_whole(path) as file:
        file.write(b"new ")
        file.flush()
        assert path.read_bytes() == b"old"
        file.write(b"text")
    assert path.read_bytes() == b"new text"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_what_breaks_off_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), open_whole(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_takes_no_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"), open_whole(tmp_path / "nowhere" / "x"):
        pytest.fail("it was opened")


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_whole(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
