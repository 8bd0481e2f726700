"""`difyflow fmt`."""

from __future__ import annotations

import csv
import io
import re
import sys

import pytest

import difyflow
from difyflow.cli.main import run
from difyflow.dsl import _yaml
from difyflow.dsl import canonical as canonical_module
from difyflow.dsl.canonical import canonical, normalized

PLAIN = "workflow:\n  graph: {nodes: [], edges: []}\napp: {mode: 'workflow', name: \"x\"}\n"
DONE = "app:\n  mode: workflow\n  name: x\nworkflow:\n  graph:\n    edges: []\n    nodes: []\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "app.yml"
    path.write_bytes(PLAIN.encode())
    return path


def test_a_file_takes_the_form_of_difys_export(file, capsys):
    assert run(["fmt", str(file)]) == 0
    assert file.read_bytes().decode() == DONE == difyflow.read(PLAIN).render()
    assert capsys.readouterr() == ("", f"formatted {file}\n1 of 1 files formatted\n")
    before = file.stat().st_mtime_ns
    assert run(["fmt", str(file)]) == 0
    assert file.stat().st_mtime_ns == before


def test_an_export_of_dify_is_in_this_form(root):
    assert run(["fmt", "--check", str(root / "tests/seed/fine-tune-corpus.yml")]) == 0


def test_check_and_diff_write_nothing(file, capsys):
    assert run(["fmt", str(file), "--check"]) == 1
    assert "app.yml: not as Dify exports it" in capsys.readouterr().err
    assert run(["fmt", str(file), "--diff"]) == 1
    assert "+  mode: workflow\n" in capsys.readouterr().out
    assert file.read_bytes() == PLAIN.encode()


@pytest.mark.usefixtures("file")
def test_folders_are_searched_for_documents(tmp_path, capsys):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.yaml").write_bytes(PLAIN.encode())
    other = b"services: {web: {image: x}}   # no document\n"
    (tmp_path / "compose.yml").write_bytes(other)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/x.yml").write_bytes(PLAIN.encode())
    assert run(["fmt", str(tmp_path)]) == 0
    assert "2 of 2 files formatted" in capsys.readouterr().err
    assert (tmp_path / "compose.yml").read_bytes() == other
    assert (tmp_path / ".git/x.yml").read_bytes() == PLAIN.encode()


def test_comments_are_not_lost_without_a_word(file, tmp_path, capsys):
    file.write_bytes((PLAIN + "# ours\n").encode())
    (tmp_path / "b.yml").write_bytes(PLAIN.encode())
    assert run(["fmt", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert f"{file}:4: a comment" in said and "--reformat" in said
    assert file.read_bytes() == (PLAIN + "# ours\n").encode()
    assert (tmp_path / "b.yml").read_bytes() == DONE.encode()
    assert run(["fmt", str(file), "--reformat"]) == 0
    assert file.read_bytes() == DONE.encode()


def test_normalize_resets_what_the_editor_leaves_behind(tmp_path):
    node = {
        "id": "1",
        "type": "custom",
        "selected": True,
        "dragging": False,
        "position": {"x": 1, "y": 2},
        "positionAbsolute": {"x": 9, "y": 2},
        "data": {"type": "code", "selected": True, "_connected": [1], "title": "x"},
    }
    inside = {**node, "id": "2", "parentId": "9", "selected": False}
    wanted = [{"value": {"plugin_unique_identifier": name}, "type": "package"} for name in ("b", "a")]
    data = {
        "app": {"mode": "workflow"},
        "dependencies": wanted,
        "workflow": {
            "graph": {
                "nodes": [node, inside, 3],
                "edges": [{"id": "e", "selected": True}],
                "viewport": {"x": 4.5, "y": 1, "zoom": 0.3},
            }
        },
    }
    path = tmp_path / "app.yml"
    path.write_text(_yaml.dump(data), encoding="utf-8")
    assert run(["fmt", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == _yaml.dump(data)
    assert run(["fmt", str(path), "--normalize"]) == 0
    made = _yaml.load(path.read_bytes(), name="x")
    graph = made["workflow"]["graph"]
    assert graph["nodes"][0] == {
        "id": "1",
        "type": "custom",
        "selected": False,
        "position": {"x": 1, "y": 2},
        "positionAbsolute": {"x": 1, "y": 2},
        "data": {"type": "code", "selected": False, "title": "x"},
    }
    assert graph["nodes"][1]["positionAbsolute"] == {"x": 9, "y": 2}
    assert graph["edges"] == [{"id": "e", "selected": False}]
    assert graph["viewport"] == {"x": 0, "y": 0, "zoom": 1}
    assert made["dependencies"] == wanted[::-1]
    assert run(["fmt", str(path), "--normalize", "--check"]) == 0


def test_the_help_has_every_rule_of_normalize_with_its_value(capsys):
    assert run(["fmt", "--help"]) == 0
    said = capsys.readouterr().out
    told = re.search(r"--normalize also resets.*?:\n(.*?)\n\n", said, re.DOTALL)
    rules = {line.split()[0]: line.split("  ")[-1].strip() for line in told[1].splitlines()}
    listed = re.findall(r"(?m)^    (\S.*?)   +\S", canonical_module.__doc__)
    assert set(rules) == {name.strip() for names in listed for name in names.split(",")}
    assert rules["viewport"] == "x 0, y 0, zoom 1" and rules["selected"] == "true becomes false"


def test_a_folder_without_documents_is_left_alone(tmp_path, capsys):
    (tmp_path / "compose.yml").write_bytes(b"app:\n  image: x\n")
    (tmp_path / "document.yml").write_bytes(b"title: of another tool\n")
    assert run(["fmt", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "0 of 0 files formatted\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compose.yml", "document.yml"]


def test_standard_input_goes_to_standard_output(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    assert run(["fmt", "-"]) == 0
    assert capsys.readouterr() == (DONE, "")
    assert run(["fmt", "-", "x.yml"]) == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    capsys.readouterr()
    assert run(["fmt", "-", "--check"]) == 1
    assert capsys.readouterr() == ("", "<stdin>: not as Dify exports it\n")


@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe", b"a: 1\n", b"- x\n", b"app: [", None])
def test_what_is_no_document_is_said_and_left_as_it_is(tmp_path, capsys, data):
    path = tmp_path / "x.yml"
    if data is not None:
        path.write_bytes(data)
    assert run(["fmt", str(path)]) == 3
    assert str(path) in capsys.readouterr().err
    assert (path.read_bytes() if data is not None else None) == data


def test_text_that_difys_form_does_not_keep_is_refused(tmp_path, capsys):
    path = tmp_path / "x.yml"
    source = b'app: {mode: workflow, name: "a\\x85b"}\nkind: app\n'
    path.write_bytes(source)
    assert run(["fmt", str(path)]) == 3
    assert "does not keep" in capsys.readouterr().err
    assert path.read_bytes() == source


def test_a_device_is_no_document(capsys):
    assert run(["fmt", "/dev/null"]) == 3
    assert "/dev/null" in capsys.readouterr().err


@pytest.mark.long
def test_formatting_the_corpus_is_idempotent_and_leaves_raw_exports_alone(corpus_dir):
    with (corpus_dir / "dsl/SOURCES.tsv").open(encoding="utf-8") as table:
        for row in list(csv.DictReader(table, delimiter="\t"))[::6]:
            source = (corpus_dir / "dsl" / f"{row['sha8']}.yml").read_bytes()
            try:
                data = _yaml.load(source, name="x")
            except difyflow.errors.ReadError:
                continue
            if row["byte_identical_to_pyyaml_dump"] == "yes":
                assert canonical(data) == source.decode(), row["sha8"]
            once = canonical(normalized(data))
            assert canonical(normalized(_yaml.load(once, name="x"))) == once
