"""The models that a document asks, and asking others: in the text, plugins following."""

from __future__ import annotations

import pytest

import difyflow
from difyflow.dsl.models import Wanted, model_uses, plain_provider, set_model, with_model, with_model_anew
from difyflow.dsl.reader import read_document, read_file
from difyflow.errors import CannotEdit, ReadError, UsageError

FILE = """\
# ours
app: {mode: workflow, name: Two}
dependencies:
- current_identifier: null
  type: marketplace
  value:
    marketplace_plugin_unique_identifier: langgenius/siliconflow:0.0.8@aa   # pinned
    version: null
- current_identifier: null
  type: marketplace
  value:
    marketplace_plugin_unique_identifier: langgenius/tavily:0.1.2@bb
    version: null
kind: app
version: 0.5.0
workflow:
  graph:
    edges: []
    nodes:
    - id: write   # the writer
      data:
        type: llm
        title: Write
        model: {provider: langgenius/siliconflow/siliconflow, name: "Qwen/A", completion_params: {}}
    - id: sort
      data:
        type: question-classifier
        title: Sort
        model:
          provider: langgenius/siliconflow/siliconflow
          name: Qwen/B
          mode: chat
          completion_params: {temperature: 0.3}
    - id: act
      data:
        type: agent
        title: Act
        agent_parameters:
          model: {value: {type: model-selector, provider: langgenius/tongyi/tongyi, model: q}}
    - id: new
      data: {type: from-the-future, title: New, model: {provider: p, name: n, completion_params: {}}}
"""
EMBEDDING = """
    - id: find
      data:
        type: knowledge-retrieval
        title: Find
        multiple_retrieval_config:
          reranking_model: {provider: langgenius/siliconflow/siliconflow, model: bge}
"""


def document(text=FILE):
    return read_document(text.encode(), name="app.yml")


def changed(wanted, text=FILE):
    found = document(text)
    return with_model(found, set_model(found.app, wanted))


def test_every_place_that_names_a_model_is_found_in_known_and_unknown_nodes():
    found = [(use.node, use.provider, use.name) for use in model_uses(document().app)]
    assert found == [
        ("write", "langgenius/siliconflow/siliconflow", "Qwen/A"),
        ("sort", "langgenius/siliconflow/siliconflow", "Qwen/B"),
        ("act", "langgenius/tongyi/tongyi", "q"),
        ("new", "p", "n"),
    ]


def test_an_app_without_a_graph_and_an_agent_package_name_models_too():
    easy = difyflow.read(
        "app: {mode: chat}\nmodel_config: {model: {provider: openai, name: g, mode: chat}}\n"
    )
    assert [use.path for use in model_uses(easy)] == [("model_config", "model")]
    package = "{a: {soul: {model: {plugin_id: x/y, model_provider: x/y/y, model: m}}}}"
    agent = difyflow.read(f"app: {{mode: agent}}\nversion: 0.7.0\nagent_packages: {package}\n")
    assert [(use.provider, use.name) for use in model_uses(agent)] == [("x/y/y", "m")]


def test_a_model_is_changed_in_the_text_and_every_other_byte_stays():
    new = "ft:LoRA/Qwen/Qwen2.5-7B-Instruct:abc:law:xyz"
    assert changed(Wanted(name="Qwen/A", new_name=new)) == FILE.replace('"Qwen/A"', f'"{new}"')


def test_only_the_named_nodes_change_by_id_or_title():
    wanted = Wanted(nodes=("write", "Sort"), new_name="m")
    swaps = set_model(document().app, wanted).swaps
    assert [(swap.before.node, swap.after.name) for swap in swaps] == [("write", "m"), ("sort", "m")]


def test_a_provider_that_nothing_needs_any_more_takes_its_plugin_along():
    text = changed(Wanted(provider="siliconflow", new_provider="openai", new_name="gpt"))
    app = difyflow.read(text)
    assert [use.provider for use in model_uses(app)][:2] == ["langgenius/openai/openai"] * 2
    named = [item.value["marketplace_plugin_unique_identifier"] for item in app.dependencies]
    assert named == ["langgenius/tavily:0.1.2@bb"]
    assert text.startswith("# ours\n")
    assert "# the writer" in text


def test_a_plugin_stays_while_another_node_needs_it():
    for wanted, text in (
        (Wanted(name="Qwen/A", new_provider="openai", new_name="gpt"), FILE),
        (Wanted(provider="siliconflow", new_provider="openai"), FILE + EMBEDDING),
    ):
        change = set_model(document(text).app, wanted)
        assert change.dropped == ()
        assert any("langgenius/openai" in line for line in change.advice)


def test_the_new_plugin_is_declared_in_the_place_of_the_old_one_and_in_its_form():
    wanted = Wanted(
        provider="langgenius/siliconflow/siliconflow",
        new_provider="openai",
        plugin="langgenius/openai:1.0.0@cc",
    )
    app = difyflow.read(changed(wanted))
    assert app.dependencies[0].dump() == {
        "current_identifier": None,
        "type": "marketplace",
        "value": {"marketplace_plugin_unique_identifier": "langgenius/openai:1.0.0@cc", "version": None},
    }
    assert len(app.dependencies) == 2


def test_a_file_without_dependencies_gets_them_with_a_plugin_only():
    text = FILE.replace(FILE[FILE.index("dependencies:") : FILE.index("kind:")], "")
    wanted = {"provider": "siliconflow", "new_provider": "openai"}
    assert difyflow.read(changed(Wanted(**wanted), text)).dependencies is None
    named = difyflow.read(changed(Wanted(**wanted, plugin="langgenius/openai:1@c"), text)).dependencies
    assert [item.value for item in named] == [
        {"marketplace_plugin_unique_identifier": "langgenius/openai:1@c"}
    ]


def test_a_provider_is_spelled_as_the_one_that_it_replaces():
    old = FILE.replace("langgenius/siliconflow/siliconflow", "siliconflow")
    uses = model_uses(
        difyflow.read(changed(Wanted(name="Qwen/A", new_provider="langgenius/openai/openai"), old))
    )
    assert uses[0].provider == "openai"
    assert plain_provider("langgenius/gemini/google") == "google"
    assert plain_provider("someone/openai/openai") == "someone/openai/openai"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(name="Qwen/A"), "which model to ask"),
        (Wanted(new_name="m"), "which models are meant"),
        (Wanted(name="Qwen/A", new_name="a\nb"), "control character"),
        (Wanted(name="Qwen/A", new_name=" "), "space around it"),
        (Wanted(name="nope", new_name="m"), "no model 'nope' is asked here\n  the file asks: Qwen/A of"),
        (Wanted(nodes=("nope",), new_name="m"), "no node 'nope' asks a model"),
        (Wanted(name="Qwen/A", new_name="m", plugin="a/b:1@c"), "--to-provider"),
        (Wanted(name="Qwen/A", new_provider="openai", plugin="a/b:1@c"), "langgenius/openai"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_choices(wanted, words):
    with pytest.raises(UsageError) as caught:
        set_model(document().app, wanted)
    assert words in str(caught.value)


def test_what_is_so_already_is_told_and_changes_nothing():
    change = set_model(document().app, Wanted(nodes=("write",), new_name="Qwen/A"))
    assert (change.swaps, len(change.same), change.edits) == ((), 1, {})
    assert with_model(document(), change) == FILE


def test_a_shared_value_is_refused_in_the_text_and_written_anew_when_told_so():
    text = FILE.replace("model: {provider: langgenius/s", "model: &m {provider: langgenius/s", 1)
    text += "    - {id: again, data: {type: llm, title: Again, model: *m}}\n"
    found = document(text)
    change = set_model(found.app, Wanted(nodes=("write",), new_name="m"))
    with pytest.raises(CannotEdit):
        with_model(found, change)
    uses = model_uses(difyflow.read(with_model(found, change, reformat=True)))
    assert {use.node: use.name for use in uses} == {
        "write": "m",
        "sort": "Qwen/B",
        "act": "q",
        "new": "n",
        "again": "Qwen/A",
    }


def test_written_anew_says_the_same_as_changed_in_the_text():
    wanted = Wanted(provider="siliconflow", new_provider="openai", plugin="langgenius/openai:1.0.0@cc")
    found = document()
    change = set_model(found.app, wanted)
    assert with_model_anew(found.app, change).data() == difyflow.read(with_model(found, change)).data()


@pytest.mark.long
def test_there_and_back_gives_the_same_bytes_for_files_of_the_corpus(corpus_dir):
    seen = 0
    for file in sorted((corpus_dir / "dsl").glob("*.yml"))[::4]:
        try:
            found = read_file(file)
        except ReadError:
            continue
        for name in {use.name for use in model_uses(found.app)}:
            there = with_model(found, set_model(found.app, Wanted(name=name, new_name="ft:LoRA/a/b:c")))
            again = read_document(there.encode(found.source.encoding))
            back = with_model(again, set_model(again.app, Wanted(name="ft:LoRA/a/b:c", new_name=name)))
            assert back.encode(found.source.encoding) == file.read_bytes(), file.name
            seen += 1
    assert seen > 50
