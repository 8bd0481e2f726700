"""human-input."""

from difyflow.nodes.human_input import (
    URL,
    HumanInput,
    action,
    email,
    field,
    file,
    files,
    paragraph,
    select,
    webapp,
)
from difyflow.terms.selector import Selector


def test_outputs_are_the_fields_and_what_was_done() -> None:
    node = HumanInput(inputs=(paragraph("a"), select("b", ("x",)), file("c"), files("d")))
    assert {item.name: str(item.type) for item in node.output_variables()} == {
        "a": "string",
        "b": "string",
        "c": "file",
        "d": "array[file]",
        "__action_id": "string",
        "__action_value": "string",
        "__rendered_content": "string",
    }


def test_ways_out_are_the_actions_and_nobody_came(handles) -> None:
    node = HumanInput(user_actions=(action("yes", "Yes", "primary"), action("no", "No")))
    assert handles(node) == ["yes", "no", "__timeout"]


def test_references_are_in_the_form_the_email_and_the_first_values(refs) -> None:
    node = HumanInput(
        delivery_methods=(email("About {{#a.title#}}", f"{{{{#a.text#}}}} {URL}"),),
        form_content=f"{{{{#llm.text#}}}} {field('remarks')}",
        inputs=(paragraph("remarks", Selector(("llm", "draft"))), select("b", Selector(("code", "list")))),
    )
    assert refs(node) == {
        "delivery_methods.0.config.subject": "a.title",
        "delivery_methods.0.config.body": "a.text",
        "form_content": "llm.text",
        "inputs.0.default.selector": "llm.draft",
        "inputs.1.option_source.selector": "code.list",
    }


def test_an_absent_timeout_is_not_what_the_editor_writes(read) -> None:
    node = read("human-input")
    assert (node.timeout, node.timeout_unit) == (36, "hour")
    data = HumanInput().completed("0.6.0").dump()
    assert (data["timeout"], data["timeout_unit"]) == (3, "day")


def test_delivery_methods_get_ids() -> None:
    node = HumanInput(delivery_methods=(webapp(), email("s", URL, "a@example.com"))).with_ids("n")
    assert len({item.id for item in node.delivery_methods}) == 2
    config = node.delivery_methods[1].config
    assert config is not None
    assert config.recipients.items[0].email == "a@example.com"
