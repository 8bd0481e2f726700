import pytest

from difyflow.client.abilities import abilities, version_tuple

TWICE = "counts_streaming_twice"
BOUND = "binds_uploads"
QUEUES = {BOUND, "finds_by_user", "ends_alone", "queues", "stop_shows_as_failed", "stays_open"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.15.3", (0, 15, 3)),
        ("1.14.2", (1, 14, 2)),
        ("1.9.2-fix.1", (1, 9, 2)),
        ("v1.0.0-beta.1", (1, 0, 0)),
        ("1.13", (1, 13, 0)),
        ("", None),
        ("main", None),
    ],
)
def test_a_version_is_read_from_its_beginning(text, number):
    assert version_tuple(text) == number


@pytest.mark.parametrize(
    ("version", "true"),
    [
        ("0.15.3", {"never_ends_alone"}),
        ("1.4.0", set()),
        ("1.8.1", {"finds_by_user"}),
        ("1.9.1", {"finds_by_user", "stopped_keeps_running"}),
        ("1.12.1", {"finds_by_user", "ends_alone", "stopped_keeps_running"}),
        ("1.13.0", QUEUES),
        ("1.14.2", QUEUES | {"reattach", TWICE}),
        ("1.16.0", QUEUES | {"reattach", TWICE}),
        ("", set()),
    ],
)
def test_what_a_server_can_do_follows_from_its_version(version, true):
    can = abilities(version)

    assert {name for name in can.__dataclass_fields__ if getattr(can, name)} == true
