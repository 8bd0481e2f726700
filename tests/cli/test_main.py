from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import click
import pytest

from difyflow.cli.main import run
from difyflow.errors import (
    ApiError,
    AuthError,
    ConnectionLost,
    InputError,
    MissingExtra,
    ReadError,
    RunFailed,
    ServerError,
)

Fresh = Callable[..., CompletedProcess[str]]


def _raising(error: BaseException) -> click.Group:
    @click.command()
    def fail() -> None:
        raise error

    return click.Group(commands={"fail": fail})


def _returning(value: object) -> click.Group:
    @click.command()
    def end() -> object:
        return value

    return click.Group(commands={"end": end})


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (1, 1), (5, 5)])
def test_a_command_returns_its_exit_code(value: object, code: int) -> None:
    assert run(["end"], root=_returning(value)) == code


def test_an_error_is_told_with_where_what_and_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    error = ReadError("not YAML", path="a.yml", line=3, hint="quote the colon")
    assert run(["fail"], root=_raising(error)) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: a.yml:3: not YAML\n  quote the colon\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("no such input", problems=["x: unknown"]), 2),
        (MissingExtra("no engine", hint="pip install 'difyflow[local]'"), 2),
        (AuthError("refused", status=401), 4),
        (ServerError("failed", status=500), 4),
        (ServerError("gateway", status=502, may_have_run=True), 5),
        (ConnectionLost("no answer"), 4),
        (ConnectionLost("broke off", may_have_run=True), 5),
        (RunFailed("failed", result=None), 1),
    ],
)
def test_the_exit_code_follows_from_the_error(error: Exception, code: int) -> None:
    assert run(["fail"], root=_raising(error)) == code


def test_an_interruption_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fail"], root=_raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_wrong_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "bash", "--wrong"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rendr"]) == 2
    assert "No such command 'rendr'" in capsys.readouterr().err


def test_a_file_that_the_system_refuses_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "a.pdf")
    assert run(["fail"], root=_raising(error)) == 2
    assert capsys.readouterr().err == "error: a.pdf: No such file or directory\n"


def test_a_bug_is_one_line_and_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["fail"], root=_raising(KeyError("no\nsuch"))) == 70
    first, second = capsys.readouterr().err.splitlines()
    assert first == r"error: KeyError: 'no\nsuch'"
    assert second == "  This is a bug in difyflow; run with DIFYFLOW_DEBUG=1 for the traceback."
    monkeypatch.setenv("DIFYFLOW_DEBUG", "1")
    assert run(["fail"], root=_raising(KeyError("no\nsuch"))) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_lost_connection_that_nobody_translated_is_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fail"], root=_raising(ConnectionResetError(errno.ECONNRESET, "reset"))) == 70
    assert "bug" in capsys.readouterr().err


def test_what_a_server_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fail"], root=_raising(ApiError("\x1b[2Jgone\x07 \x9b1m 好"))) == 4
    assert capsys.readouterr().err == "error: \\x1b[2Jgone\\x07 \\x9b1m 好\n"


def test_a_command_that_cannot_be_imported_is_not_hidden(in_new_python: Fresh, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('"""Break."""\nimport no_such_module_at_all\n')
    code = (
        "import sys; from difyflow.cli import commands; from difyflow.cli.main import run;"
        f"commands.__path__.append({str(tmp_path)!r}); sys.exit(run(['broken']))"
    )
    ended = in_new_python("-c", code)
    assert ended.returncode == 70
    assert "no_such_module_at_all" in ended.stderr


def test_the_version_is_the_package_version(in_new_python: Fresh) -> None:
    import difyflow

    ended = in_new_python("-m", "difyflow", "--version")
    assert (ended.returncode, ended.stdout) == (0, f"difyflow {difyflow.__version__}\n")


def test_output_is_utf8_whatever_encoding_the_streams_have(in_new_python: Fresh) -> None:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "gbk"}
    ended = in_new_python("-m", "difyflow", "文", env=environment)
    assert ended.returncode == 2
    assert "'文'" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX pipe")
def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "difyflow", "completion", "zsh"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["completion", "zsh"], ["--help"]])
def test_a_full_disk_behind_stdout_is_one_clear_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "difyflow", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"error: ")
    assert ended.stderr.count(b"\n") == 1
    assert b"No space left on device" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX signal")
def test_ctrl_c_in_a_running_process_ends_it_with_130() -> None:
    code = (
        "import click, sys, threading; from difyflow.cli.main import run\n"
        "@click.command()\n"
        "def wait():\n"
        "    print('waiting', flush=True)\n"
        "    threading.Event().wait(60)\n"
        "sys.exit(run(['wait'], root=click.Group(commands={'wait': wait})))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=-1, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (130, "interrupted\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_asks_difyflow_for_its_commands(in_new_python: Fresh, shell: str) -> None:
    environment = {
        **os.environ,
        "_DIFYFLOW_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "difyflow comp",
        "COMP_CWORD": "comp" if shell == "fish" else "1",
    }
    ended = in_new_python("-m", "difyflow", env=environment)
    assert ended.returncode == 0
    assert "completion" in ended.stdout


def test_output_into_a_text_stream_without_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert run(["completion", "fish"]) == 0
    assert "_DIFYFLOW_COMPLETE" in stream.getvalue()
