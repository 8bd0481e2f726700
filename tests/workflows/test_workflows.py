"""Each finished workflow lies beside the YAML that it renders; the founding case has its own bytes."""

import ast
import re

import pytest

import difyflow

FOLDERS = ["fine_tune_corpus", "fine_tune_corpus_v2"]


def test_every_workflow_is_tested(root):
    assert sorted(path.parent.name for path in root.glob("workflows/*/flow.py")) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_workflow_renders_the_file_beside_it(root, name, golden):
    golden(root / "workflows" / name / "app.yml", difyflow.load(root / "workflows" / name).render())


def test_the_founding_case_is_the_seed_byte_for_byte(root):
    seed = (root / "tests/seed/fine-tune-corpus.yml").read_bytes()
    assert difyflow.load(root / "workflows/fine_tune_corpus").render().encode() == seed
    assert len(seed.decode()) == 9288


def test_the_founding_flow_says_only_what_is_its_own(root):
    text = (root / "workflows/fine_tune_corpus/flow.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert not re.search(r"\b(width|height|zIndex|sourcePosition|selected)\b", text)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Dict | ast.DictComp)]


def test_the_code_of_the_founding_case_is_a_function_that_cuts_at_80000_characters(root):
    space: dict = {}
    exec((root / "workflows/fine_tune_corpus/code/merge.py").read_text(encoding="utf-8"), space)
    assert space["main"](articleSections=["学" * 79_999, "而"]) == {"result": "学" * 79_999 + "\n"}
