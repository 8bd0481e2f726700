"""The README's code blocks run, and what it shows of them is true."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w+)(?: (\w+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (language, purpose or "", textwrap.dedent(code))
    for indent, language, purpose, code in (match.groups() for match in BLOCK.finditer(TEXT))
]


def blocks(language, *purposes):
    return [code for kind, purpose, code in BLOCKS if kind == language and purpose in purposes]


@pytest.fixture
def folder(tmp_path):
    """A new user's folder: the workflows, and `difyflow` on the PATH."""
    shutil.copytree(ROOT / "workflows", tmp_path / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
    tools = tmp_path / "bin"
    tools.mkdir()
    command = tools / "difyflow"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m difyflow "$@"\n')
    command.chmod(0o755)
    return tmp_path


def shell(code, folder, **environment):
    env = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        **environment,
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_every_block_is_of_a_kind_that_is_tested():
    known = {
        ("sh", ""),
        ("sh", "make"),
        ("sh", "install"),
        ("sh", "server"),
        ("sh", "siliconflow"),
        ("sh", "api"),
        ("sh", "console"),
        ("python", ""),
        ("text", "demo"),
    }
    assert {(language, purpose) for language, purpose, _ in BLOCKS} == known


@pytest.mark.parametrize("code", blocks("python", ""))
def test_a_python_block_runs(folder, code):
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    # a Code node needs its function's source, which `-c` does not keep
    if "inspect.getsource" in done.stderr or "could not get source" in done.stderr:
        (folder / "block.py").write_text(code, encoding="utf-8")
        done = shell(f'"{sys.executable}" block.py', folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.local
@pytest.mark.parametrize("code", blocks("sh", ""))
def test_a_shell_block_runs(folder, code):
    done = shell(code, folder)
    assert done.returncode == 0, done.stderr


def test_the_server_block_runs_against_a_server(folder, dify):
    server = dify("1.12.1")
    for code in blocks("sh", "server"):
        done = shell(code, folder, DIFY_BASE_URL=server.url, DIFY_API_KEY=server.key)
        assert done.returncode == 0, done.stderr
        assert '"status": "succeeded"' in done.stdout


@pytest.mark.long
def test_the_api_block_runs_against_a_server(folder, dify):
    server = dify("1.12.1")
    for code in blocks("sh", "api"):
        done = shell(code, folder, DIFY_BASE_URL=server.url, DIFY_API_KEY=server.key)
        assert done.returncode == 0, done.stderr
        assert "workflow" in done.stdout
        assert server.key not in done.stdout + done.stderr


@pytest.mark.long
def test_the_console_block_runs_against_a_console(folder, console):
    server = console("1.12.1")
    account = {"DIFY_CONSOLE_EMAIL": "admin@example.com", "DIFY_CONSOLE_PASSWORD": "Loopback-geheim-1"}
    for code in blocks("sh", "console"):
        done = shell(code, folder, CONSOLE=server.url, **account)
        assert done.returncode == 0, done.stderr
    (app,) = server.apps.values()
    assert app.live is not None
    assert app.comment == "first"


@pytest.mark.local
def test_the_chinese_block_runs_with_the_responder_that_it_names(folder):
    for code in blocks("sh", "siliconflow"):
        done = shell(code.rstrip() + " --model-endpoint demo\n", folder)
        assert done.returncode == 0, done.stderr
        refused = shell(code.replace("corpus.jsonl", "other.jsonl"), folder)
        assert refused.returncode == 2
        assert "SILICONFLOW_API_KEY" in refused.stderr


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for code in blocks("sh", "make"):
        target = code.split()[1]
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_extra_that_is_named_exists():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for code in blocks("sh", "install"):
        for extra in re.findall(r"\[(\w+)\]", code):
            assert re.search(rf"^{extra} = \[", project, re.MULTILINE)


@pytest.mark.local
def test_the_output_of_the_demo_is_what_it_shows(folder):
    """Times and the runner's name depend on the machine; the rest does not."""
    recipe = subprocess.run(
        ["make", "-n", "demo"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=True
    ).stdout
    lines = recipe.replace(".venv/bin/python -m difyflow", "difyflow").splitlines()
    done = shell("\n".join(line for line in lines if not line.startswith(".ci/")), folder)
    assert done.returncode == 0, done.stderr
    (shown,) = blocks("text", "demo")

    def settled(text):
        return re.sub(r"\d+\.\d\d s", "_ s", re.sub(r"^  code: .*$", "  code: _", text, flags=re.MULTILINE))

    assert settled(done.stderr).strip() == settled(shown).strip()
