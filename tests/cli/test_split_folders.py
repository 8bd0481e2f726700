"""A folder made by `difyflow split` is taken where a file is taken."""

from __future__ import annotations

import os
import subprocess

import pytest

from difyflow.cli.main import run


@pytest.fixture
def folder(root, tmp_path, monkeypatch, capsys):
    """`app.yml`, and what it is split into in `wf`; the test stands there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yml").write_bytes((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    assert run(["split", "app.yml", "wf"]) == 0
    capsys.readouterr()
    return tmp_path / "wf"


@pytest.mark.parametrize(
    "arguments",
    [["render"], ["show"], ["show", "--format", "json"], ["draw", "--format", "mermaid"]],
)
@pytest.mark.usefixtures("folder")
def test_what_is_said_of_it_is_what_is_said_of_the_file(capsys, arguments):
    said = []
    for target in ("app.yml", "wf"):
        assert run([arguments[0], target, *arguments[1:]]) == 0, target
        said.append(capsys.readouterr().out.replace("app.yml", "wf"))
    assert said[0] == said[1]


def test_lint_reads_it_as_one_document(folder, capsys):
    assert run(["lint", "wf"]) in (0, 1)
    before = capsys.readouterr()
    assert "in 1 file" in before.err + before.out
    code = folder / "code" / "代码执行.py"
    code.write_text("def main(:\n", encoding="utf-8")
    assert run(["lint", "."]) == 1
    assert "wf" in capsys.readouterr().out
    assert run(["lint", "wf", "--fix"]) == 1
    assert code.read_text(encoding="utf-8") == "def main(:\n"


def test_diff_and_merge_take_it(folder, capsys):
    graph = folder / "graph.yml"
    graph.write_bytes(graph.read_bytes().replace(b"temperature: 0.3", b"temperature: 0.7"))
    assert run(["diff", "app.yml", "wf"]) == 1
    assert "temperature 0.3 -> 0.7" in capsys.readouterr().out
    assert run(["merge", "app.yml", "app.yml", "wf"]) == 0
    assert "temperature: 0.7" in capsys.readouterr().out


def test_a_diff_of_a_range_shows_it_as_one_document(folder, tmp_path, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    graph = folder / "graph.yml"
    graph.write_bytes(graph.read_bytes().replace(b"temperature: 0.3", b"temperature: 0.7"))
    (folder / "prompts/LLM.user.md").write_bytes(b"another\n")
    assert run(["diff", "HEAD"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("temperature 0.3 -> 0.7") == 1 and "prompt_template[user].text" in shown


@pytest.mark.long
@pytest.mark.local
@pytest.mark.usefixtures("folder")
def test_run_takes_it(root, capsys):
    document = root / "workflows/fine_tune_corpus/samples/lunyu.docx"
    inputs = ["--input", f"attachments=@{document}", "--input", "trigger=x"]
    assert run(["run", "wf", *inputs, "--model-endpoint", "demo", "--code-runner", "auto-or-unsafe"]) == 0
    assert "messages" in capsys.readouterr().out


def test_lint_mends_it_in_the_file_concerned(folder, capsys):
    document = folder / "document.yml"
    document.write_bytes(document.read_bytes().replace(b"kind: app", b"kind: flow  # ours"))
    before = held(folder)
    assert run(["lint", "wf", "--diff"]) == 1
    out = capsys.readouterr().out
    assert "--- a/wf/document.yml\n" in out and "-  kind: flow  # ours\n+  kind: app  # ours\n" in out
    assert held(folder) == before
    assert run(["lint", "wf", "--fix"]) == 0
    assert "1 mended" in capsys.readouterr().err
    assert changed(folder, before) == ["document.yml"]
    assert b"  kind: app  # ours\n" in document.read_bytes()


def held(place):
    return {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def changed(place, before):
    after = held(place)
    return sorted(str(name) for name in {**before, **after} if before.get(name) != after.get(name))


def test_layout_writes_into_it(folder, capsys):
    before = held(folder)
    assert run(["layout", "wf", "--check"]) == run(["layout", "app.yml", "--check"])
    assert run(["layout", "app.yml", "--write"]) == 0
    assert run(["layout", "wf", "--write"]) == 0
    assert changed(folder, before) == ["layout.yml"]
    assert run(["join", "wf", "-o", "app.yml", "--check"]) == 0
    assert run(["layout", "wf"]) == 0
    assert capsys.readouterr().out == (folder.parent / "app.yml").read_bytes().decode()


def test_models_are_set_in_it(folder):
    before = held(folder)
    words = ["--from-provider", "siliconflow", "--to", "new-model", "--write"]
    assert run(["model", "set", "wf", *words]) == 0
    assert run(["model", "set", "app.yml", *words]) == 0
    assert changed(folder, before) == ["graph.yml"]
    assert run(["join", "wf", "-o", "app.yml", "--check"]) == 0


@pytest.mark.parametrize("where", [["--write"], ["-o", "wf"]])
def test_migrate_writes_into_it(folder, where):
    before = held(folder)
    assert run(["migrate", "wf", "--to", "0.6.0", *where]) == 0
    assert run(["migrate", "app.yml", "--to", "0.6.0", "--write"]) == 0
    assert "code/代码执行.py" not in changed(folder, before)
    assert run(["join", "wf", "-o", "app.yml", "--check"]) == 0


@pytest.mark.usefixtures("folder")
def test_versions_takes_it(capsys):
    said = []
    for target in ("app.yml", "wf"):
        assert run(["versions", target]) == 0
        said.append(capsys.readouterr().out.replace("app.yml", "wf"))
    assert said[0] == said[1]


def test_fmt_brings_its_parts_into_the_form_that_split_gives_them(folder, capsys):
    assert run(["fmt", "--check", "wf"]) == 0
    before = held(folder)
    graph = folder / "graph.yml"
    graph.write_bytes(b"nodes: []   # none\n" + graph.read_bytes().replace(b"nodes:", b"old:", 1))
    capsys.readouterr()
    assert run(["fmt", "wf"]) == 3
    assert "wf/graph.yml:1: a comment" in capsys.readouterr().err
    graph.write_bytes(before[graph.relative_to(folder)])
    graph.write_bytes(graph.read_bytes().replace(b"temperature: 0.3", b"temperature:    0.3"))
    assert run(["fmt", "--check", "."]) == 1
    assert "wf/graph.yml: not as `difyflow split` writes it" in capsys.readouterr().err
    assert run(["fmt", "."]) == 0
    assert held(folder) == before


def test_fmt_normalizes_it(folder):
    before = held(folder)
    assert run(["fmt", "--normalize", "wf"]) == 0
    assert run(["fmt", "--normalize", "app.yml"]) == 0
    assert changed(folder, before) == ["layout.yml"]
    assert run(["join", "wf", "-o", "app.yml", "--check"]) == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [["layout"], ["migrate", "--to", "0.6.0"], ["model", "set", "--from", "x", "--to", "y"]],
)
@pytest.mark.parametrize("target", ["-", "HEAD:app.yml"])
def test_only_what_is_on_disk_is_written_in_place(tmp_path, capsys, arguments, target):
    before = sorted(tmp_path.rglob("*"))
    assert run([*arguments, target, "--write"]) == 2
    assert f"--write needs a file, and the target is {target}" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
