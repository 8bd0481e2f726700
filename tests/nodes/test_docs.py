"""The strings under fields are in the JSON Schema, though no import reads them."""

from __future__ import annotations

from pydantic import Field

from difyflow.dsl import App
from difyflow.nodes._record import Record
from difyflow.nodes.llm import LLM


class Thing(Record):
    """A thing."""

    size: int = 0
    """In metres,
    from end to end."""
    colour: str = ""
    name: str = Field(default="", alias="called", description="Its own words.")
    """These are not taken."""


class Other(Thing):
    """One whose size is another."""

    size: int = 1
    colour: str = "red"
    """Of the paint."""


def test_the_string_under_a_field_describes_it_in_the_schema() -> None:
    found = Thing.model_json_schema()["properties"]
    assert found["size"]["description"] == "In metres,\nfrom end to end."
    assert "description" not in found["colour"]
    assert found["called"]["description"] == "Its own words."


def test_a_field_that_is_declared_again_has_the_string_under_the_new_one() -> None:
    found = Other.model_json_schema()["properties"]
    assert "description" not in found["size"]
    assert found["colour"]["description"] == "Of the paint."
    assert found["called"]["description"] == "Its own words."


def test_records_in_records_are_described_too() -> None:
    found = LLM.model_json_schema()
    assert found["properties"]["variables"]["description"] == "Unused."
    assert found["properties"]["version"]["description"].startswith("Picks the node class")
    assert found["$defs"]["PromptMessage"]["properties"]["id"]["description"] == "A UUID in the editor."
    assert App.model_json_schema()["$defs"]["Node"]["properties"]["id"]["description"].startswith("A-Z, a-z")


def test_what_has_no_source_has_no_descriptions() -> None:
    made = type("Made", (Record,), {"__annotations__": {"size": int}, "size": 0, "__module__": __name__})
    assert "description" not in made.model_json_schema()["properties"]["size"]


def test_no_class_keeps_descriptions_of_its_fields() -> None:
    assert all(field.description is None for field in LLM.model_fields.values())
