from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from difyflow.cli import _show
from difyflow.errors import UsageError


def test_text_goes_to_stdout_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _show.write_text("一\r\n二")
    _show.write_text("三", "-")
    assert capsys.readouterr().out == "一\r\n二三"


def test_a_file_holds_the_bytes_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "语料.yml"
    _show.write_text("first\r\n", str(file))
    _show.write_text("二\n", str(file))
    assert file.read_bytes() == "二\n".encode()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_an_existing_file_keeps_its_mode_and_a_new_one_follows_the_umask(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("x")
    old.chmod(0o640)
    mask = os.umask(0o027)
    try:
        _show.write_text("y", str(old))
        _show.write_text("y", str(new))
    finally:
        os.umask(mask)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to("folder/file")
    _show.write_text("x", str(link))
    assert link.is_symlink()
    assert (tmp_path / "folder" / "file").read_text() == "x"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX devices")
def test_a_device_is_written_to_and_not_replaced() -> None:
    _show.write_text("x", os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize("name", ["no/such/folder/x.yml", "."])
def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        _show.write_text("x", str(tmp_path / name))
    assert caught.value.code == "not-writable"
    assert caught.value.path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="No space left on device"):
        _show.write_text("x", "/dev/full")


def test_a_note_goes_to_stderr_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _show.note("好\tx")
    assert capsys.readouterr() == ("", "好\tx\n")
