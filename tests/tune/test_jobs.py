"""Submitting at most once, whatever happens on the way; asking what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from difyflow.errors import ApiError, AuthError, ConnectionLost, RateLimited, UsageError
from difyflow.tune._openai import Access
from difyflow.tune.job import read_job
from difyflow.tune.jobs import Jobs, submit
from difyflow.tune.service import service
from loopback.fine_tuning import Answer, refused

pytestmark = pytest.mark.local  # the package `openai`


def test_a_submit_uploads_both_files_and_asks_for_the_job_once(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared(hyperparameters={"n_epochs": 2}, suffix="fire", seed=7)
    done = submit(folder, job, jobs)
    assert (done.remote.id, done.remote.status, done.found) == ("ftjob-1", "validating_files", ())
    asked = tuning.calls("POST", "/v1/fine_tuning/jobs")[0].json()
    assert asked == {
        "model": "gpt-4o-mini",
        "training_file": "file-1",
        "validation_file": "file-2",
        "suffix": "fire",
        "seed": 7,
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
        "metadata": {"difyflow": job.mark},
    }
    assert tuning.contents["file-1"] == (folder / "train.jsonl").read_bytes()
    assert tuning.files["file-1"]["purpose"] == "fine-tune"
    remote = read_job(folder).remote
    assert (remote.job_id, remote.training_file, remote.creating) == ("ftjob-1", "file-1", False)


def test_a_second_submit_sends_nothing(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    again = submit(folder, read_job(folder), jobs)
    assert (again.found, again.remote.id) == (("job",), "ftjob-1")
    assert (tuning.count("POST", "/files"), tuning.count("POST", "/fine_tuning/jobs")) == (2, 1)


@pytest.mark.parametrize(
    "lost", [Answer(reset=True), refused(502), Answer.html(504, "timeout"), Answer(cut_at=3)]
)
def test_a_submit_whose_answer_was_lost_finds_the_job_and_sends_no_other(
    prepared: Any, tuning: Any, jobs: Any, lost: Any
) -> None:
    folder, job = prepared()
    if lost.cut_at:
        lost = Answer.json({"id": "ftjob-1", "object": "fine_tuning.job"}).but(cut_at=3)
    tuning.fault("create", lost, done=True)
    done = submit(folder, job, jobs)
    assert done.remote.id == "ftjob-1"
    assert tuning.count("POST", "/fine_tuning/jobs") == 1
    assert read_job(folder).remote.job_id == "ftjob-1"


def test_an_upload_whose_answer_was_lost_finds_the_file(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    tuning.fault("upload", Answer(reset=True), done=True)
    submit(folder, job, jobs)
    assert tuning.count("POST", "/files") == 2
    assert len(tuning.files) == 2


def test_a_file_that_did_not_arrive_is_uploaded_again(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    tuning.fault("upload", refused(500))
    submit(folder, job, jobs)
    assert (tuning.count("POST", "/files"), len(tuning.files)) == (3, 2)


def test_a_submit_whose_end_nobody_knows_says_so_and_the_next_one_looks_first(
    prepared: Any, tuning: Any, jobs: Any
) -> None:
    folder, job = prepared()
    tuning.fault("create", Answer(reset=True), done=True)
    hidden = Answer.json({"object": "list", "data": [], "has_more": False})
    tuning.fault("jobs", hidden, hidden, hidden, hidden)
    with pytest.raises(ConnectionLost) as caught:
        submit(folder, job, jobs)
    assert caught.value.may_have_run
    assert "run submit again" in str(caught.value)
    assert read_job(folder).remote.creating
    done = submit(folder, read_job(folder), jobs)
    assert (done.found, done.remote.id) == (("job",), "ftjob-1")
    assert tuning.count("POST", "/fine_tuning/jobs") == 1


def test_a_refusal_for_now_is_waited_for_as_long_as_the_server_asks(
    prepared: Any, tuning: Any, jobs: Any, waits: Any
) -> None:
    folder, job = prepared()
    tuning.fault("create", refused(429, "slow down", Retry_After="7"))
    assert submit(folder, job, jobs).remote.id == "ftjob-1"
    assert waits == [7.0]
    tuning.fault("job", *[refused(429)] * 3)
    with pytest.raises(RateLimited):
        jobs.get("ftjob-1")


def test_a_refusal_starts_nothing_and_says_what_the_server_says(
    prepared: Any, tuning: Any, jobs: Any
) -> None:
    folder, job = prepared()
    tuning.fault("create", refused(400, "the model cannot be tuned"))
    with pytest.raises(ApiError, match="the model cannot be tuned") as caught:
        submit(folder, job, jobs)
    assert not caught.value.may_have_run
    assert not read_job(folder).remote.creating
    tuning.fault("files", refused(401, "bad key secret-key"))
    with pytest.raises(AuthError) as refusal:
        jobs.find_file("x", 1)
    assert "secret-key" not in str(refusal.value)
    assert "check OPENAI_API_KEY" in str(refusal.value)


def test_a_server_that_is_not_there_starts_nothing(prepared: Any, patience: Any) -> None:
    from loopback.server import unused_port

    folder, job = prepared()
    access = Access(base_url=f"http://127.0.0.1:{unused_port()}/v1")
    with Jobs(access, service("openai"), patience) as jobs, pytest.raises(ConnectionLost) as caught:
        submit(folder, job, jobs)
    assert not caught.value.may_have_run


def test_faults_of_reading_are_tried_again(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    tuning.fault("job", refused(503), Answer(reset=True))
    assert jobs.get("ftjob-1").id == "ftjob-1"
    tuning.fault("events", Answer.json({"object": "list"}).but(cut_at=4))
    assert [event.message for event in jobs.events("ftjob-1", lambda _: False)] == []


@pytest.mark.parametrize("answer", [Answer.json([1]), Answer.json({}), Answer.html(200, "hello")])
def test_an_answer_of_another_shape_is_told_and_no_fault_of_ours(
    prepared: Any, tuning: Any, jobs: Any, answer: Any
) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    tuning.fault("job", *[answer] * 3)
    with pytest.raises(ConnectionLost, match="not what OpenAI's API answers"):
        jobs.get("ftjob-1")


def test_lists_are_read_to_their_end(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    for number in range(150):
        tuning.files[f"old-{number}"] = {
            "id": f"old-{number}",
            "object": "file",
            "bytes": 1,
            "created_at": 1,
            "filename": f"{number}.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
        }
    assert jobs.find_file("3.jsonl", 1) == "old-3"
    assert jobs.find_file("3.jsonl", 2) == ""
    done = submit(folder, job, jobs)
    fake = tuning.jobs[done.remote.id]
    for number in range(250):
        fake.event(f"e{number}")
    found = jobs.events(done.remote.id, lambda _: False)
    assert [event.message for event in found[:2]] == ["e0", "e1"]
    assert len(found) == 250


def test_checkpoints_come_by_step_with_their_metrics(prepared: Any, jobs: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    found = jobs.checkpoints("ftjob-1")
    assert [item.step for item in found] == [10, 20, 30]
    assert found[1].model == "ft:gpt-4o-mini:org::1:ckpt-step-20"
    assert found[1].metrics["full_valid_loss"] == 0.5


def test_a_job_can_be_cancelled_once(prepared: Any, jobs: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    assert jobs.cancel("ftjob-1").status == "cancelled"
    with pytest.raises(ApiError, match="cancelled already"):
        jobs.cancel("ftjob-1")


def test_a_file_that_was_changed_after_the_check_is_not_sent(prepared: Any, tuning: Any, jobs: Any) -> None:
    folder, job = prepared()
    (folder / "train.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="was changed"):
        submit(folder, job, jobs)
    assert tuning.count("POST", "/files") == 0


def test_older_servers_get_the_hyperparameters_in_the_old_place_and_no_metadata(
    prepared: Any, tuning: Any, patience: Any
) -> None:
    folder, job = prepared(service="nebius", hyperparameters={"lora": True})
    with Jobs(Access(base_url=tuning.base_url), service("nebius"), patience) as jobs:
        submit(folder, job, jobs)
    asked = tuning.calls("POST", "/v1/fine_tuning/jobs")[0]
    assert asked.json()["hyperparameters"] == {"lora": True}
    assert "metadata" not in asked.json()
    assert "authorization" not in asked.headers


@pytest.mark.parametrize("name", ["siliconflow", "together", "localai", "crusoe", "llamafactory"])
def test_services_of_another_shape_are_refused_with_their_difference(
    prepared: Any, tuning: Any, patience: Any, name: str
) -> None:
    folder, job = prepared()
    with (
        Jobs(Access(base_url=tuning.base_url), service(name), patience) as jobs,
        pytest.raises(UsageError, match="cannot be told to train from here") as caught,
    ):
        submit(folder, replace(job, service=name), jobs)
    assert service(name).difference in str(caught.value)
    assert tuning.seen == []


def test_a_job_that_went_elsewhere_is_not_sent_to_another_place(
    prepared: Any, jobs: Any, patience: Any
) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    with (
        Jobs(Access(base_url="http://127.0.0.1:9/v1"), service("openai"), patience) as other,
        pytest.raises(UsageError, match="this job went to"),
    ):
        submit(folder, read_job(folder), other)
