"""trigger-schedule."""

import pytest

from difyflow.nodes.trigger_schedule import cron, daily, hourly, monthly, weekly


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (cron("0 9 * * 1-5"), {"mode": "cron", "cron_expression": "0 9 * * 1-5"}),
        (hourly(15), {"frequency": "hourly", "on_minute": 15}),
        (daily("9:00 AM"), {"frequency": "daily", "time": "9:00 AM"}),
        (weekly("9:00 AM", ("mon",)), {"frequency": "weekly", "weekdays": ("mon",)}),
        (monthly("9:00 AM", (1, "last")), {"frequency": "monthly", "monthly_days": (1, "last")}),
    ],
)
def test_times_are_written_as_the_editor_does(node, expected, outputs) -> None:
    data = node.completed("0.5.0").dump()
    assert expected.items() <= (data | data["visual_config"]).items()
    assert set(data["visual_config"]) == {"time", "weekdays", "on_minute", "monthly_days"}
    assert outputs(node) == {}


def test_exports_carry_the_default_beside_the_node_s_own() -> None:
    data = daily("9:00 AM", timezone="Asia/Tokyo").completed("0.5.0").dump()
    assert data["timezone"] == "Asia/Tokyo"
    assert data["config"]["timezone"] == "UTC"
    assert data["config"]["visual_config"]["time"] == "12:00 AM"
