"""What the latest runs of an app let one expect of a batch."""

import pytest

from difyflow.client.answers import LogEntry
from difyflow.run.batch.estimate import Estimate, estimate, estimated
from difyflow.run.batch.pace import PaceLimits


def entries(*seconds, tokens=100):
    return [LogEntry(id="l", run_id="r", elapsed_s=one, total_tokens=tokens) for one in seconds]


def test_time_and_tokens_are_those_of_the_latest_runs_times_the_rows():
    found = estimated(entries(8, 12, 10), 400, PaceLimits(concurrency=4))
    assert (found.of, found.run_s, found.tokens) == (3, 10, 40_000)
    assert (found.shortest_s, found.longest_s) == (1_000, 1_000)


def test_auto_lies_between_what_it_begins_with_and_what_it_may_find():
    found = estimated(entries(10, 10, 10), 400, PaceLimits())
    assert (found.shortest_s, found.longest_s) == (500, 2_000)


def test_runs_a_minute_and_the_length_of_one_run_set_a_floor():
    assert estimated(entries(1, 1, 1), 61, PaceLimits(concurrency=50, rpm=1)).shortest_s == 3_600
    assert estimated(entries(30, 30, 30), 2, PaceLimits(concurrency=8)).shortest_s == 30


@pytest.mark.parametrize("found", [[], entries(5, 5), entries(0, 0, 0)])
def test_too_few_runs_say_nothing(found):
    assert estimated(found, 10, PaceLimits()) == Estimate()


def test_of_local_runs_and_of_a_server_that_does_not_say_nothing_is_known(dify, loopback):
    from difyflow.client.app_api import AppApi

    assert estimate(None, 10, PaceLimits()) == Estimate()
    server = dify()
    server.on("GET", "/v1/workflows/logs", loopback.Answer.json({"code": "x", "message": "no"}, 400))
    api = AppApi(server.url, server.key)
    assert estimate(api, 10, PaceLimits()) == Estimate()
    api.close()


def test_a_server_is_asked_for_its_run_list(dify, recording):
    from difyflow.client.app_api import AppApi

    server = dify()
    server.play(recording("1.12.1", "logs/page-2-limit-5"))
    api = AppApi(server.url, server.key)
    assert estimate(api, 10, PaceLimits()).of > 2
    api.close()
