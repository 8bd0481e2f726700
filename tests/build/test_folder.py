"""A document as a folder, and back."""

from __future__ import annotations

import csv
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import difyflow
from difyflow.build import folder
from difyflow.build.load import load, read_only
from difyflow.dsl import _yaml
from difyflow.dsl.app import App
from difyflow.errors import CannotEdit, ReadError
from difyflow.nodes._record import READING

WORDS = st.one_of(
    st.sampled_from(
        ("$file", "$split", "$$file", "file", "", "a\nb", "x\n", "\n", "one\r\ntwo", "\ufeffx\ny", "con")
    ),
    st.text(max_size=12),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(WORDS, st.integers(0, 3)), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def nodes(draw):
    kind = draw(st.sampled_from(("llm", "code", "template-transform", "answer", "if-else", "odd", "")))
    data = {
        **draw(st.dictionaries(WORDS, VALUES, max_size=3)),
        "type": kind,
        "title": draw(WORDS),
        "selected": draw(st.booleans()),
    }
    if kind == "llm":
        roles = st.sampled_from(("system", "user", "../x"))
        data["prompt_template"] = [
            {"role": draw(roles), "text": draw(WORDS)} for _ in range(draw(st.integers(0, 2)))
        ]
    if kind in ("code", "template-transform", "answer"):
        data[{"code": "code", "answer": "answer"}.get(kind, "template")] = draw(WORDS)
    node = {"id": draw(st.sampled_from(("1", "2", "3", "x/..", ""))), "data": data, "type": "custom"}
    return {
        **node,
        **draw(st.dictionaries(st.sampled_from(("position", "width", "$file")), VALUES, max_size=2)),
    }


@st.composite
def documents(draw):
    graph = {"nodes": draw(st.one_of(st.lists(nodes(), max_size=4), VALUES))}
    if draw(st.booleans()):
        graph["viewport"] = draw(VALUES)
    if draw(st.booleans()):
        ends = {"source": "1", "target": "2", "selected": draw(st.booleans())}
        graph["edges"] = draw(st.one_of(VALUES, st.just([{"id": "e", **ends}])))
    workflow = {
        "graph": draw(st.one_of(st.just(graph), VALUES)),
        **draw(st.dictionaries(WORDS, VALUES, max_size=2)),
    }
    if draw(st.booleans()):
        workflow["environment_variables"] = draw(VALUES)
    return {
        "app": {"name": "x", "mode": "workflow"},
        **draw(st.dictionaries(WORDS, VALUES, max_size=2)),
        **({"workflow": workflow} if draw(st.booleans()) else {}),
    }


def there_and_back(app: App) -> str:
    files = folder.split(app)
    return folder.join(files.get, name="x")


def fits_every_system(name: str) -> bool:
    stem = name.split("/")[-1]
    device = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)", stem.split(".")[0])
    return not (
        device
        or re.search(r'[<>:"\\|?*\x00-\x1f]', name)
        or stem.endswith((".", " "))
        or len(stem.encode()) > 200
    )


@settings(max_examples=min(settings.default.max_examples, 150))
@given(documents())
def test_every_document_comes_back_from_its_folder(data):
    app = App.model_validate(
        {key: item for key, item in data.items() if isinstance(key, str)}, context=READING
    )
    try:
        files = folder.split(app)
    except CannotEdit:
        assert difyflow.read(app.render()).data() != app.data()
        return
    assert folder.join(files.get, name="x") == app.render()
    assert all(fits_every_system(name) for name in files), files
    keys = [unicodedata.normalize("NFKC", name.casefold()) for name in files]
    assert len(set(keys)) == len(keys)
    again = difyflow.read(folder.join(files.get, name="x")) if app.app else app
    assert folder.split(again) == files


def test_the_seed_has_a_file_per_prompt_and_code_block(root):
    text = (root / "tests/seed/fine-tune-corpus.yml").read_bytes().decode()
    files = folder.split(difyflow.read(text))
    assert folder.join(files.get, name="x") == text
    assert sorted(name for name in files if "/" not in name) == sorted(folder.PARTS)
    assert any(name.startswith("prompts/") and name.endswith(".system.md") for name in files)
    assert any(name.startswith("code/") and name.endswith(".py") for name in files)
    graph = files["graph.yml"].decode()
    for key in ("position", "width", "selected", "viewport"):
        assert not re.search(rf"^ *-? *{key}:", graph, re.MULTILINE)
        assert re.search(rf"^ *{key}:", files["layout.yml"].decode(), re.MULTILINE)


def document(*titles, **more):
    made = [
        {
            "id": f"n{number}",
            "type": "custom",
            "data": {"type": "code", "title": title, "code": f"x = {number}"},
        }
        for number, title in enumerate(titles)
    ]
    return difyflow.read(
        _yaml.dump({"app": {"mode": "workflow", "name": "x"}, "workflow": {"graph": {"nodes": made}}, **more})
    )


@pytest.mark.parametrize(
    "titles",
    [
        ("CON", "con", "nul.txt", "COM1"),
        ("../../etc/passwd", "..", ".", "/", "\\\\server\\x", "C:\\x"),
        ("Ask", "ASK", "ask", "Ask"),
        ("é", "e\u0301"),
        ("x" * 500, "x" * 501),
        ("问" * 200, "🤖", "\n", ""),
        ("a.", "a ", "a"),
    ],
)
def test_names_of_files_are_safe_whatever_the_titles(titles, tmp_path):
    app = document(*titles)
    files = folder.split(app)
    assert all(fits_every_system(name) for name in files)
    assert len(files) == len(titles) + 2  # the code, document.yml, graph.yml
    for name, data in files.items():
        path = tmp_path / "x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert path.resolve().is_relative_to(tmp_path / "x")
        path.write_bytes(data)
    assert load(tmp_path / "x").render() == app.render()


def test_names_do_not_depend_on_the_order_of_nodes_with_one_title():
    one, other = document("Ask", "Ask"), document("Ask", "Ask")
    swapped = other.changed(
        workflow=other.workflow.changed(graph=other.graph.changed(nodes=other.nodes[::-1]))
    )
    assert {name for name in folder.split(one)} == {name for name in folder.split(swapped)}
    assert folder.split(one)["code/Ask_n1.py"] == folder.split(swapped)["code/Ask_n1.py"] == b"x = 1\n"


def test_a_folder_is_read_where_a_file_is(tmp_path):
    app = document("Ask")
    for name, data in folder.split(app).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert load(tmp_path) == read_only(str(tmp_path)) == app
    (tmp_path / "code" / "Ask.py").write_bytes(b"x = 7")
    assert load(tmp_path).nodes[0].data.code == "x = 7"
    with pytest.raises(ReadError, match="no `app:`"):
        load(tmp_path / "document.yml")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("document.yml", "$split: 2\ndocument: {}\n", "later version"),
        ("document.yml", "- 1\n", "mapping"),
        ("document.yml", None, "no such file"),
        ("graph.yml", None, "no such file"),
        ("graph.yml", "nodes: [{data: {code: {$file: ../x}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: /etc/passwd}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: code/../../x}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: code/..}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: 'code/a:b'}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: [1]}}}]\n", "names no file of this folder"),
        ("graph.yml", "nodes: [{data: {code: {$file: code/gone.py}}}]\n", "the graph names it"),
        ("graph.yml", "nodes: [", "graph.yml"),
        ("code/Ask.py", b"\xff\xfe", "no UTF-8"),
    ],
)
def test_a_broken_folder_is_an_error_that_names_the_file(name, text, says):
    files = folder.split(document("Ask"))
    if text is None:
        del files[name]
    else:
        files[name] = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ReadError, match=re.escape(says)) as caught:
        folder.join(files.get, name="wf")
    assert caught.value.path.startswith("wf")


def test_text_that_difys_form_does_not_keep_is_refused():
    app = difyflow.read('app: {mode: workflow, name: "a\\x85b"}\n')
    with pytest.raises(CannotEdit, match="does not keep"):
        folder.split(app)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("key", encoding="utf-8")
    for name, data in folder.split(document("Ask")).items():
        (tmp_path / "wf" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "wf" / name).write_bytes(data)
    (tmp_path / "wf/code/Ask.py").unlink()
    (tmp_path / "wf/code/Ask.py").symlink_to(secret)
    with pytest.raises(ReadError, match="leads out of the folder"):
        load(tmp_path / "wf")


def test_layout_of_nodes_that_are_gone_is_passed_over():
    files = folder.split(document("Ask"))
    files["layout.yml"] = b"nodes: {gone: {position: {x: 1, y: 2}}, n0: {width: 3}}\nviewport: {x: 1}\n"
    app = difyflow.read(folder.join(files.get, name="x"))
    assert app.nodes[0].width == 3
    assert app.graph.viewport.x == 1


@pytest.mark.long
def test_every_file_of_the_corpus_comes_back_from_its_folder(corpus_dir):
    count = 0
    with (corpus_dir / "dsl/SOURCES.tsv").open(encoding="utf-8") as table:
        for row in list(csv.DictReader(table, delimiter="\t"))[::4]:
            path = corpus_dir / "dsl" / f"{row['sha8']}.yml"
            try:
                app = read_only(path)
            except ReadError:
                continue
            text = there_and_back(app)
            assert text == app.render(), path.name
            if row["byte_identical_to_pyyaml_dump"] == "yes":
                assert text == path.read_bytes().decode(), path.name
            count += 1
    assert count > 60
