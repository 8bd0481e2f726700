"""What can be done with a server, by its version: the table that choosing a way of recovery stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a server of some version does.

    Attributes:
        binds_uploads: a file belongs to the `user` and app that uploaded it, and no other run may take it
            (recorded on the 1.15 line; 1.12.1 takes any file of the workspace).
        finds_by_user: the logs can be filtered by the exact `user` (1.5.0).
        reattach: a running stream can be joined again (1.14.0).
        queues: streaming runs wait for a worker, so they may begin long after they were sent (1.13).
        ends_alone: a streaming run whose client left goes on and its record ends (1.9.2, recorded on 1.12.1).
        never_ends_alone: such a run stays `running` for ever and is never logged (recorded on 0.15.3).
        stop_shows_as_failed: the stream of a stopped run says `failed`, its record `stopped` (recorded on the
            1.15 line).
        stopped_keeps_running: the record of a stopped run stays `running` (recorded on 1.12.1).
        counts_streaming_twice: where an app's limit is one run at a time, each streaming run is refused
            (recorded on the 1.15 line, which says that it is 1.14.2).
        stays_open: a stream stays open after its last event, for a second or, after an error, for minutes
            (recorded on the 1.15 line; since streams come from a worker, 1.13).
    """

    binds_uploads: bool
    finds_by_user: bool
    reattach: bool
    queues: bool
    ends_alone: bool
    never_ends_alone: bool
    stop_shows_as_failed: bool
    stopped_keeps_running: bool
    counts_streaming_twice: bool
    stays_open: bool


def version_tuple(version: str) -> tuple[int, int, int] | None:
    """`1.14.2-fix.1` as (1, 14, 2); None if it does not begin with two numbers."""
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", version.strip())
    if match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3] or 0)


def abilities(version: str) -> Abilities:
    """What a server with this `X-Version` does; of an empty or strange version little is expected."""
    at = version_tuple(version) or (1, 0, 0)
    return Abilities(
        binds_uploads=at >= (1, 13, 0),
        finds_by_user=at >= (1, 5, 0),
        reattach=at >= (1, 14, 0),
        queues=at >= (1, 13, 0),
        ends_alone=at >= (1, 9, 2),
        never_ends_alone=at < (1, 0, 0),
        stop_shows_as_failed=at >= (1, 13, 0),
        stopped_keeps_running=(1, 9, 0) <= at < (1, 13, 0),
        counts_streaming_twice=at >= (1, 14, 0),
        stays_open=at >= (1, 13, 0),
    )
