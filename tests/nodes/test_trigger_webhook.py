"""trigger-webhook."""

from difyflow.nodes.trigger_webhook import TriggerWebhook, header, parameter


def test_what_is_read_is_put_out(outputs) -> None:
    node = TriggerWebhook(
        headers=(header("X-Key"),),
        params=(parameter("page", "number"),),
        body=(parameter("order", "object"),),
    )
    expected = {"_webhook_raw": "object", "X_Key": "string", "page": "number", "order": "object"}
    assert outputs(node) == expected
    made = node.completed("0.5.0")
    assert outputs(made) == expected
    assert [(item.variable, item.label) for item in made.variables] == [
        ("_webhook_raw", "raw"),
        ("X_Key", "header"),
        ("page", "param"),
        ("order", "body"),
    ]


def test_the_editor_offers_only_what_stands_in_variables(read, outputs) -> None:
    node = read(
        "trigger-webhook",
        params=[{"name": "page", "type": "number", "required": False}],
        variables=[
            {"variable": "_webhook_raw", "value_type": "object", "value_selector": [], "required": True}
        ],
    )
    assert outputs(node) == {"_webhook_raw": "object"}
    assert [item.name for item in node.output_variables() if item.run_time_only] == ["page"]
