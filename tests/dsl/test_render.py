"""Rendering comes from the model, and gives the bytes of PyYAML's pure-Python dumper."""

import copy
import csv

import pytest
import yaml

import difyflow
from difyflow.dsl import App
from difyflow.dsl.reader import read_file
from difyflow.nodes._record import READING


def oracle(data: object) -> str:
    return yaml.dump(data, allow_unicode=True)


@pytest.fixture(scope="module")
def seed(root):
    return (root / "tests/seed/fine-tune-corpus.yml").read_bytes().decode()


def raw_exports(corpus_dir):
    with (corpus_dir / "dsl/SOURCES.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["byte_identical_to_pyyaml_dump"] == "yes":
                yield corpus_dir / "dsl" / f"{row['sha8']}.yml"


def test_the_seed_comes_back_byte_for_byte(seed):
    assert difyflow.read(seed).render() == seed
    assert difyflow.read(seed.encode()).render() == seed


def test_an_app_rebuilt_from_its_own_dump_renders_the_same_bytes(seed):
    app = difyflow.read(seed)
    assert App.model_validate(app.dump(), context=READING) == app
    assert App.model_validate(app.data(), context=READING).render() == seed


def edits(data):
    """Three changes: a title, a prompt or other text, a position."""
    nodes = data["workflow"]["graph"]["nodes"]
    node = next((item for item in nodes if isinstance(item.get("data"), dict)), None)
    if node is None:
        return
    node["data"]["title"] = "改过的: title # 'quoted'"
    node["position"] = {"x": 12.5, "y": -3}
    for item in nodes:
        for message in item["data"].get("prompt_template") or []:
            if isinstance(message, dict):
                message["text"] = "one\n two \n{{#sys.query#}}\tthree"


def edited_model(app):
    """The same three changes made on the model."""
    nodes = list(app.graph.nodes)
    first = nodes[0]
    data = first.data.changed(title="改过的: title # 'quoted'")
    nodes[0] = first.changed(data=data, position={"x": 12.5, "y": -3})
    for index, node in enumerate(nodes):
        prompt = node.data.dump().get("prompt_template")
        if isinstance(prompt, list | tuple):
            text = "one\n two \n{{#sys.query#}}\tthree"
            messages = [{**item, "text": text} for item in prompt]
            nodes[index] = node.changed(data=node.data.changed(prompt_template=messages))
    graph = app.graph.changed(nodes=nodes)
    return app.changed(workflow=app.workflow.changed(graph=graph))


def test_a_changed_seed_renders_like_the_changed_data(seed):
    data = yaml.safe_load(seed)
    edits(data)
    assert edited_model(difyflow.read(seed)).render() == oracle(data)


@pytest.mark.long
def test_every_raw_export_comes_back_byte_for_byte(corpus_dir):
    for path in raw_exports(corpus_dir):
        text = path.read_bytes().decode()
        app = read_file(path).app
        assert app.render() == text, path.name
        assert App.model_validate(app.dump(), context=READING).render() == text, path.name


@pytest.mark.long
def test_every_changed_raw_export_renders_like_its_changed_data(corpus_dir):
    changed = 0
    for path in raw_exports(corpus_dir):
        data = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        if not (data.get("workflow") or {}).get("graph", {}).get("nodes"):
            continue
        wanted = copy.deepcopy(data)
        edits(wanted)
        assert edited_model(read_file(path).app).data() == wanted, path.name
        changed += 1
        if changed % 8 == 0:  # the oracle is slow; the bytes of every file are compared above
            assert edited_model(read_file(path).app).render() == oracle(wanted), path.name
    assert changed > 100


def test_what_is_not_known_is_kept():
    text = oracle(
        {
            "app": {"name": "x", "mode": "workflow", "tint": 3},
            "kind": "app",
            "version": "9.9.9",
            "later": {"a": [1, 2.5, None, True]},
            "workflow": {
                "graph": {
                    "nodes": [
                        {"id": "1", "type": "custom", "data": {"type": "magic-box", "wand": {"core": [1]}}},
                        {"id": "2", "type": "custom", "data": {"type": "code", "outputs": [], "code": 7}},
                        {"id": "3", "type": "custom-sticker", "glue": True},
                    ],
                    "edges": [{"id": "e", "source": "1", "target": "2", "sourceHandle": True}],
                    "minimap": False,
                },
                "features": None,
            },
        }
    )
    app = difyflow.read(text)
    assert app.render() == text
    assert [problem.path for problem in app.problems()] == [
        ("workflow", "features"),
        ("workflow", "graph", "nodes", 1, "data", "code"),
        ("workflow", "graph", "nodes", 1, "data", "outputs"),
        ("workflow", "graph", "edges", 0, "sourceHandle"),
    ]


def test_a_changed_value_takes_the_place_of_one_that_did_not_fit():
    app = difyflow.read("app: {name: 3, mode: workflow}\n")
    assert app.app.changed(name="three").dump() == {"mode": "workflow", "name": "three"}
    with pytest.raises(ValueError, match="valid string"):
        app.app.changed(name=4)
