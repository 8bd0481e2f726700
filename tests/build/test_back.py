"""Documents written back into files and folders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import difyflow
import documents
from difyflow.build import back, folder
from difyflow.build.load import read_only
from difyflow.dsl import _yaml
from difyflow.errors import CannotEdit, DslError, UsageError


@pytest.fixture
def seed(root):
    return (root / "tests/seed/fine-tune-corpus.yml").read_bytes().decode()


@pytest.fixture
def parts(seed):
    """The files of the seed's folder."""
    return folder.split(difyflow.read(seed))


def written(files, found):
    made = {**files, **found}
    return {name: data for name, data in made.items() if data is not None}


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_a_folder_holds_whatever_document_is_written_into_it(data, base):
    try:
        old = difyflow.read(_yaml.dump(base))
        new = difyflow.read(_yaml.dump(data.draw(documents.edited(base))))
        files = folder.split(old)
        folder.split(new)
    except (DslError, CannotEdit):
        return
    found = back.changes(files.get, new.render(), name="x")
    made = written(files, found)
    assert _yaml.same(folder.held(made.get, name="x").data, _yaml.load(new.render(), name="x"))
    assert all(files.get(name) != item for name, item in found.items())
    assert back.changes(made.get, new.render(), name="x") == {}
    assert set(made) == set(folder.files_of(made.get, name="x"))


def test_what_stays_the_same_is_not_written(seed, parts):
    assert back.changes(parts.get, seed, name="x") == {}
    moved = seed.replace("temperature: 0.3", "temperature: 0.7")
    assert list(back.changes(parts.get, moved, name="x")) == ["graph.yml"]
    prompt = next(name for name in parts if name.endswith(".system.md"))
    app = folder.join({**parts, prompt: b"Another.\n"}.get, name="x")
    assert back.changes(parts.get, app, name="x") == {prompt: b"Another.\n"}


def test_a_layout_that_changes_touches_the_layout_only(seed, parts):
    moved = folder.join({**parts, "layout.yml": parts["layout.yml"].replace(b"y: 2", b"y: 3")}.get, name="x")
    assert moved != seed
    assert list(back.changes(parts.get, moved, name="x")) == ["layout.yml"]


def test_names_of_files_and_comments_of_the_folder_stay(parts):
    code = next(name for name in parts if name.startswith("code/"))
    graph = b"# ours\n" + parts["graph.yml"].replace(f"$file: {code}".encode(), b"$file: code/mine.py")
    mine = {**parts, "graph.yml": graph, "code/mine.py": parts[code]}
    del mine[code]
    text = folder.join(mine.get, name="x").replace("temperature: 0.3", "temperature: 0.7")
    found = back.changes(mine.get, text, name="x")
    assert found == {"graph.yml": graph.replace(b"temperature: 0.3", b"temperature: 0.7")}


def test_a_node_that_goes_takes_its_files_along(parts):
    app = difyflow.read(folder.join(parts.get, name="x"))
    data = app.data()
    nodes = data["workflow"]["graph"]["nodes"]
    gone = next(node for node in nodes if node["data"]["type"] == "code")
    nodes.remove(gone)
    found = back.changes(parts.get, _yaml.dump(data), name="x")
    assert sorted(name for name, item in found.items() if item is None) == [
        name for name in parts if name.startswith("code/")
    ]
    assert {name for name, item in found.items() if item is not None} == {"graph.yml", "layout.yml"}


def test_a_text_that_two_share_gets_a_file_of_its_own_when_one_changes(tmp_path):
    place = tmp_path / "wf"
    place.mkdir()
    (place / "code").mkdir()
    (place / "code/both.py").write_bytes(b"x = 1\n")
    (place / "document.yml").write_bytes(b"$split: 1\ndocument: {app: {mode: workflow, name: x}}\n")
    node = "- {id: %s, data: {type: code, title: T, code: {$file: code/both.py}}}\n"
    (place / "graph.yml").write_text("nodes:\n" + node % "a" + node % "b", encoding="utf-8")
    data = read_only(place).data()
    data["workflow"]["graph"]["nodes"][1]["data"]["code"] = "x = 2"
    back.write_back(place, _yaml.dump(data))
    assert (place / "code/both.py").read_bytes() == b"x = 1\n"
    assert read_only(place).data() == data
    assert len(list((place / "code").iterdir())) == 2


def test_layout_that_stands_in_the_graph_is_not_lost(parts):
    layout = _yaml.load(parts["layout.yml"], name="x")
    graph = _yaml.load(parts["graph.yml"], name="x")
    for node in graph["nodes"]:
        node.update(layout["nodes"].pop(node["id"]))
    mine = {**parts, "graph.yml": _yaml.dump(graph).encode()}
    del mine["layout.yml"]
    before = folder.join(mine.get, name="x")
    text = before.replace("temperature: 0.3", "temperature: 0.7")
    made = written(mine, back.changes(mine.get, text, name="x"))
    assert folder.join(made.get, name="x") == text


def test_a_comment_that_would_be_lost_is_told(parts):
    mine = {**parts, "graph.yml": b"# ours\n" + parts["graph.yml"]}
    text = folder.join(mine.get, name="x")
    assert back.changes(mine.get, text, name="x") == {}
    with pytest.raises(CannotEdit, match="comment"):
        back.changes(mine.get, text, name="x", anew=True)
    assert back.changes(mine.get, text, name="x", anew=True, reformat=True) == {
        "graph.yml": parts["graph.yml"]
    }


@pytest.mark.parametrize("nodes", [1, "x", None, {"a": 1}, [1, {"id": []}]])
def test_a_graph_of_another_shape_is_written_too(nodes):
    files = folder.split(difyflow.read(_yaml.dump({"app": {"mode": "workflow"}, "workflow": {"graph": {}}})))
    text = _yaml.dump({"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": nodes}}})
    made = written(files, back.changes(files.get, text, name="x"))
    assert folder.join(made.get, name="x") == text
    assert back.changes(made.get, text, name="x") == {}


def test_a_folder_that_holds_no_document_is_not_written(tmp_path):
    with pytest.raises(UsageError, match="holds no document"):
        back.write_back(tmp_path, "app: {}\n")
    assert list(tmp_path.iterdir()) == []
