"""How many runs at a time."""

from difyflow.run.batch.pace import Pace, PaceLimits


def feed(pace, count, latency_s):
    for _ in range(count):
        pace.ended(latency_s)


def test_auto_begins_with_two_and_grows_to_eight_while_latency_holds():
    pace = Pace(PaceLimits())
    assert pace.limit == 2
    feed(pace, 100, 1.0)
    assert pace.limit == 8


def test_auto_grows_beyond_eight_only_when_told():
    pace = Pace(PaceLimits(most=12))
    feed(pace, 200, 1.0)
    assert pace.limit == 12


def test_auto_does_not_grow_while_runs_take_longer():
    pace = Pace(PaceLimits())
    feed(pace, 2, 1.0)
    before = pace.limit
    feed(pace, 50, 2.0)
    assert pace.limit <= before + 1


def test_too_many_requests_halve_the_number_and_pause():
    pace = Pace(PaceLimits(concurrency=8))
    pace.refused(100.0, None)
    assert pace.limit == 4
    assert pace.wait_s(100.0, 0) == 1.0
    assert pace.wait_s(101.0, 0) == 0.0


def test_refusals_that_come_together_count_once_and_later_ones_pause_longer():
    pace = Pace(PaceLimits(concurrency=8))
    for _ in range(4):
        pace.refused(100.0, None)
    assert pace.limit == 4
    pace.refused(102.0, None)
    assert (pace.limit, pace.wait_s(102.0, 0)) == (2, 2.0)


def test_the_server_is_given_the_time_that_it_asks_for():
    pace = Pace(PaceLimits())
    pace.refused(0.0, 30.0)
    assert pace.wait_s(0.0, 0) == 30.0


def test_a_number_that_was_given_is_reached_again_after_a_refusal():
    pace = Pace(PaceLimits(concurrency=4))
    pace.refused(0.0, None)
    feed(pace, 20, 1.0)
    assert pace.limit == 4


def test_runs_wait_for_a_place_and_for_the_minute():
    pace = Pace(PaceLimits(concurrency=2, rpm=60))
    assert pace.wait_s(10.0, 2) is None
    pace.began(10.0)
    assert pace.wait_s(10.0, 1) == 1.0
    pace.began(11.0)
    assert pace.wait_s(11.0, 1) == 1.0
