"""A Python function becomes a Code node and stays a function."""

import json
from typing import Any, TypedDict

import pytest

from difyflow import Flow
from difyflow.build import code
from difyflow.errors import BuildError
from difyflow.nodes.code import returns
from difyflow.nodes.start import Start, files, number, paragraph

SUFFIX = "!"


class Counted(TypedDict):
    words: int
    parts: list[str]


def count(text: str, limit: int = 3) -> Counted:
    """Splits 文本 at blanks."""
    import re

    parts = re.split(r"\s+", text)[:limit]
    return {"words": len(parts), "parts": parts}


def shout(text: str) -> Counted:
    return {"words": 1, "parts": [text + SUFFIX]}


def plain(text):
    return {"result": text}


@pytest.fixture
def start():
    return Flow("x").add(Start(variables=(paragraph("text", "Text"), number("limit", "Limit"))))


def test_the_signature_gives_the_inputs_and_the_annotation_the_outputs(start):
    node = code(count, title="Count", text=start.text)
    assert [(item.variable, list(item.value_selector)) for item in node.variables] == [
        ("text", ["start", "text"])
    ]
    assert {name: item.type for name, item in node.outputs.items()} == {
        "words": "number",
        "parts": "array[string]",
    }


def test_the_code_runs_on_its_own_as_main_and_does_the_same(start):
    node = code(count, text=start.text, limit=start.limit)
    space: dict = {}
    exec(node.code, space)
    assert space["main"](text="a b c d", limit=2) == count("a b c d", 2)
    json.dumps(space["main"](text="a"))
    assert "Counted" not in node.code
    assert node.code.startswith("def main(text: str, limit: int = 3) -> dict:")
    assert "文本" in node.code


def test_a_name_from_outside_is_refused_because_it_would_not_exist_on_the_server(start):
    with pytest.raises(BuildError, match="SUFFIX"):
        code(shout, text=start.text)


def test_outputs_must_be_said_somewhere(start):
    with pytest.raises(BuildError, match="what it returns"):
        code(plain, text=start.text)
    assert code(plain, outputs=returns(result="string"), text=start.text).outputs["result"].type == "string"


def test_a_parameter_without_a_reference_and_a_reference_without_a_parameter_are_refused(start):
    with pytest.raises(BuildError, match="no reference for text"):
        code(count)
    with pytest.raises(BuildError, match="no parameter txt"):
        code(count, text=start.text, txt=start.text)


def test_a_lambda_is_refused(start):
    with pytest.raises(BuildError, match="def"):
        code(lambda text: {"a": text}, outputs=returns(a="string"), text=start.text)


class Loose(TypedDict, total=False):
    any: dict[str, Any]
    rows: list[dict[str, Any]]
    nested: list[Counted]
    one: Counted


def loose(text: str) -> Loose:
    return {"any": {"text": text}}


def limited(text: str, suffix: str = SUFFIX) -> Loose:
    return {"any": {"text": text + suffix}}


def positional(text: str, /) -> Loose:
    return {"any": {"text": text}}


def of_files(files: list[dict[str, Any]]) -> Loose:
    return {"rows": files}


def test_any_mapping_is_an_object(start):
    outputs = code(loose, text=start.text).outputs
    assert {key: item.type for key, item in outputs.items()} == {
        "any": "object",
        "rows": "array[object]",
        "nested": "array[object]",
        "one": "object",
    }


def test_files_come_as_mappings():
    start = Flow("x").add(Start(variables=(files("files", "Files"),)))
    assert code(of_files, files=start.files).variables


def test_a_default_from_outside_and_a_parameter_without_a_name_are_refused(start):
    with pytest.raises(BuildError, match="uses SUFFIX from outside"):
        code(limited, text=start.text)
    with pytest.raises(BuildError, match="cannot be given by name"):
        code(positional, text=start.text)
