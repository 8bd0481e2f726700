"""trigger-schedule: a workflow begins at set times (Dify 1.10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import VIOLET, CanvasRow, Look, row
from difyflow.nodes._record import NEVER, Many, Record, Written

Weekday = Literal["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


class VisualConfig(Record):
    """When, for the mode `visual`; the editor always writes all four."""

    time: str = "12:00 AM"
    """`h:mm AM|PM`, for daily, weekly, monthly."""
    weekdays: Many[str] = ("sun",)
    """sun, mon, tue, wed, thu, fri, sat."""
    on_minute: int = 0
    """For hourly."""
    monthly_days: Many[int | str] = (1,)
    """1 to 31, or last."""


class ScheduleConfig(Record):
    """A copy of the default that exports carry; it says nothing about this node."""

    mode: str = "visual"
    frequency: str = "daily"
    timezone: str = "UTC"
    visual_config: VisualConfig | None = VisualConfig()
    cron_expression: str | None = None


class TriggerSchedule(NodeData):
    """Has no outputs of its own. Only in workflows, and not beside a start node.

    `cron`, `hourly`, `daily`, `weekly` and `monthly` make one.
    """

    SINCE: ClassVar[str] = "1.10.0"
    ENTRY: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(VIOLET, "clock")

    type: str = "trigger-schedule"
    title: str = "Schedule Trigger"
    mode: str = "visual"
    """visual, cron."""
    frequency: str | None = "daily"
    """hourly, daily, weekly, monthly."""
    cron_expression: str | None = ""
    """For cron: minute, hour, day, month, weekday."""
    visual_config: VisualConfig | None = VisualConfig()
    timezone: Annotated[str, NEVER] = "UTC"
    config: Annotated[ScheduleConfig | None, Written(value=ScheduleConfig())] = None
    """Only in exports."""

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """When."""
        when = self.cron_expression if self.mode == "cron" else self.frequency
        return (row(when or "", self.timezone),)

    def canvas_height(self) -> int:
        """With the next time."""
        return 130


def cron(expression: str, *, timezone: str = "UTC", title: str = "Schedule Trigger") -> TriggerSchedule:
    """`cron("0 9 * * 1-5", timezone="Asia/Shanghai")`."""
    return TriggerSchedule(title=title, mode="cron", cron_expression=expression, timezone=timezone)


def hourly(minute: int = 0, *, timezone: str = "UTC", title: str = "Schedule Trigger") -> TriggerSchedule:
    """Every hour at this minute."""
    return _visual("hourly", VisualConfig(on_minute=minute), timezone, title)


def daily(at: str, *, timezone: str = "UTC", title: str = "Schedule Trigger") -> TriggerSchedule:
    """Every day: `daily("9:00 AM")`."""
    return _visual("daily", VisualConfig(time=at), timezone, title)


def weekly(
    at: str, weekdays: Iterable[Weekday], *, timezone: str = "UTC", title: str = "Schedule Trigger"
) -> TriggerSchedule:
    """On these days: `weekly("9:00 AM", ("mon", "thu"))`."""
    return _visual("weekly", VisualConfig(time=at, weekdays=tuple(weekdays)), timezone, title)


def monthly(
    at: str,
    days: Iterable[int | Literal["last"]],
    *,
    timezone: str = "UTC",
    title: str = "Schedule Trigger",
) -> TriggerSchedule:
    """On these days of the month: `monthly("9:00 AM", (1, "last"))`."""
    return _visual("monthly", VisualConfig(time=at, monthly_days=tuple(days)), timezone, title)


def _visual(frequency: str, config: VisualConfig, timezone: str, title: str) -> TriggerSchedule:
    return TriggerSchedule(
        title=title, mode="visual", frequency=frequency, visual_config=config, timezone=timezone
    )


EXAMPLE = weekly("9:00 AM", ("mon", "thu"), timezone="Asia/Shanghai", title="Mondays and Thursdays")

NODE = TriggerSchedule
