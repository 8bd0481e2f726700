"""From a corpus to a job: checked, split by document, honest about what it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from difyflow.errors import InputError, UsageError
from difyflow.tune.job import Tuned, read_job, save_job
from difyflow.tune.prepare import Prepared, prepare
from difyflow.tune.service import service

TRIGGER = "你是消防系统专家"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def validated(made: Prepared) -> int:
    """Samples that are kept for validation."""
    return made.job.validation.samples if made.job.validation else 0


def test_every_sample_is_in_one_part_and_no_document_in_two(plan: Any, corpus: Any) -> None:
    source = corpus(samples=100, documents=20)
    made = prepare(plan(corpus=source, service="siliconflow", base="Qwen/Qwen2.5-7B-Instruct", test=0.1))
    folder, job = plan(corpus=source).folder, made.job
    parts = {name: lines(folder / f"{name}.jsonl") for name in ("train", "validation", "test")}
    assert sorted(line for part in parts.values() for line in part) == sorted(lines(source))
    assert [len(part) for part in parts.values()] == [80, 10, 10]
    where: dict[int, str] = {}
    documents = {line: number % 20 for number, line in enumerate(lines(source))}
    for name, part in parts.items():
        for line in part:
            assert where.setdefault(documents[line], name) == name
    assert (job.train.samples, job.split_by, job.trigger) == (80, "document", TRIGGER)
    assert read_job(folder) == job


def test_the_share_for_validation_is_the_services_own(plan: Any, corpus: Any) -> None:
    made = prepare(plan(corpus=corpus(samples=50, documents=50), service="siliconflow", base="Qwen/A"))
    assert validated(made) == 5
    assert made.notes == ()


def test_a_corpus_of_one_document_is_split_by_sample_and_it_is_said(plan: Any, corpus: Any) -> None:
    made = prepare(plan(corpus=corpus(samples=20, documents=1)))
    assert made.job.split_by == "line"
    assert "come from one document" in made.notes[0]
    assert validated(made) == 2


def test_a_question_is_not_in_two_parts_whatever_its_answers_are(plan: Any, tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_text(
        "".join(f"{sample(f'问题{n % 20}?', f'回答{n}。')}\n" for n in range(60)), encoding="utf-8"
    )
    made = prepare(plan(corpus=path, validation=0.3))
    asked = [
        {json.loads(line)["messages"][0]["content"] for line in lines(tmp_path / "job" / name)}
        for name in ("train.jsonl", "validation.jsonl")
    ]
    assert not asked[0] & asked[1]
    assert validated(made) == 18


def test_a_share_that_documents_do_not_allow_is_said(plan: Any, corpus: Any) -> None:
    made = prepare(plan(corpus=corpus(samples=20, documents=2)))
    assert validated(made) == 10
    assert "documents stay whole" in made.notes[0]


def test_without_validation_the_sheet_leaves_it_to_the_service(plan: Any) -> None:
    wanted = plan(service="siliconflow", base="Qwen/Qwen2.5-7B-Instruct", validation=0.0)
    made = prepare(wanted)
    assert made.job.validation is None
    assert "leave it at 10% of the training data" in (wanted.folder / "STEPS.md").read_text(encoding="utf-8")


def test_the_sheet_says_what_to_click_and_that_there_is_no_api(plan: Any) -> None:
    wanted = plan(service="siliconflow", base="Qwen/Qwen2.5-7B-Instruct")
    prepare(wanted)
    sheet = (wanted.folder / "STEPS.md").read_text(encoding="utf-8")
    assert "documents no API for fine-tuning: nothing was uploaded and nothing was started" in sheet
    for words in (
        "模型微调",
        "`train.jsonl`: 30 samples",
        "`validation.jsonl`",
        f"`{TRIGGER}`",
        "finetune adopt",
    ):
        assert words in sheet
    assert "{" not in sheet


def test_services_with_an_api_get_no_sheet(plan: Any) -> None:
    wanted = plan()
    prepare(wanted)
    assert not (wanted.folder / "STEPS.md").exists()


@pytest.mark.parametrize("name", ["together", "localai", "crusoe", "llamafactory"])
def test_a_service_that_no_job_can_reach_is_refused_before_anything_is_written(plan: Any, name: str) -> None:
    wanted = plan(service=name)
    with pytest.raises(UsageError, match="cannot be told to train from here") as caught:
        prepare(wanted)
    assert service(name).difference in str(caught.value)
    assert not wanted.folder.exists()


def test_what_the_service_would_refuse_is_told_by_line(plan: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(f"{sample('a', 'b')}\n[1]\n" + '{"messages": []}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        prepare(plan(corpus=bad, service="siliconflow", base="Qwen/A"))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["line 2", "line 3"]
    assert "corpus check" in str(caught.value)
    assert not plan(corpus=bad).folder.exists()


def sample(question: Any, answer: Any) -> Any:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}, ensure_ascii=False)


def test_training_data_that_the_split_makes_too_small_is_refused(plan: Any, corpus: Any) -> None:
    small = corpus(samples=10, documents=10)
    with pytest.raises(UsageError, match="the training data has 9 samples; fewer than 10") as caught:
        prepare(plan(corpus=small))
    assert "--validation 0" in str(caught.value)
    assert not plan(corpus=small).folder.exists()
    assert prepare(plan(corpus=small, validation=0.0)).job.train.samples == 10


def test_preference_pairs_are_no_data_for_a_supervised_job(plan: Any, tmp_path: Path) -> None:
    asked = {"messages": [{"role": "user", "content": "a"}]}
    answers = [[{"role": "assistant", "content": text}] for text in ("b", "c")]
    value = {"input": asked, "preferred_output": answers[0], "non_preferred_output": answers[1]}
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(f"{json.dumps(value)}\n" * 12)
    with pytest.raises(UsageError, match="holds preference pairs, and a job from here is supervised"):
        prepare(plan(corpus=pairs))


@pytest.mark.parametrize("option", [{"suffix": "law"}, {"hyperparameters": {"n_epochs": 2}}])
def test_what_a_console_asks_for_is_not_taken_and_forgotten(plan: Any, option: Any) -> None:
    with pytest.raises(UsageError, match="in the form of its console"):
        prepare(plan(service="siliconflow", base="Qwen/A", **option))


def test_samples_of_the_responder_are_refused_unless_allowed(plan: Any, corpus: Any) -> None:
    demo = corpus(model="demo")
    with pytest.raises(UsageError, match="40 of 40 samples come from the rule-based responder") as caught:
        prepare(plan(corpus=demo))
    assert "--allow-demo" in str(caught.value)
    assert prepare(plan(corpus=demo, allow_demo=True)).job.demo == 40


def test_samples_of_the_responder_are_known_when_their_provenance_is_lost(plan: Any, tmp_path: Path) -> None:
    copied = tmp_path / "copied.jsonl"
    turns = [(f"为什么说“第{n}条”?", f"第{n}条:主电源应采用交流电源。") for n in range(20)]
    copied.write_text("".join(f"{sample(*turn)}\n" for turn in turns), encoding="utf-8")
    with pytest.raises(UsageError, match="20 of 20 samples are worded as those of the rule-based responder"):
        prepare(plan(corpus=copied))
    assert prepare(plan(corpus=copied, allow_demo=True)).job.demo == 20


def test_nothing_is_written_over_unless_told_so_and_a_running_job_never(plan: Any) -> None:
    wanted = plan()
    prepare(wanted)
    with pytest.raises(UsageError, match="holds job"):
        prepare(wanted)
    again = prepare(plan(corpus=wanted.corpus, force=True)).job
    from dataclasses import replace

    save_job(wanted.folder, replace(again, remote=replace(again.remote, job_id="ftjob-1")))
    with pytest.raises(UsageError, match="submitted already"):
        prepare(plan(corpus=wanted.corpus, force=True))


@pytest.mark.parametrize("data", [b"", b"\x00\xff", "中".encode("utf-16"), b"x" * 5000])
def test_garbage_is_refused(plan: Any, tmp_path: Path, data: Any) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(data)
    with pytest.raises(UsageError):
        prepare(plan(corpus=bad))


def test_a_missing_file_a_folder_and_bad_provenance_are_refused(plan: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "nope.jsonl", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            prepare(plan(corpus=path))
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="provenance"):
        prepare(plan(provenance=tmp_path / "bad.jsonl"))


def test_words_stand_for_models_of_the_job(plan: Any) -> None:
    wanted = plan()
    job = (
        prepare(wanted)
        .job.with_model(Tuned(id="ft:a"))
        .with_model(Tuned(id="ft:b"))
        .with_model(Tuned(id="ft:a"))
    )
    assert [job.resolve(word) for word in ("base", "ckpt1", "ckpt2", "last", "other/model")] == [
        "gpt-4o-mini",
        "ft:a",
        "ft:b",
        "ft:b",
        "other/model",
    ]
    with pytest.raises(UsageError, match="ckpt1 = ft:a"):
        job.resolve("ckpt3")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 2}', '{"format": 1}', '{"format": 1, "train": 3}', "[" * 10_000]
)
def test_a_broken_job_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(UsageError):
        read_job(tmp_path)
    with pytest.raises(UsageError, match="no job here"):
        read_job(tmp_path / "nowhere")


def test_pieces_of_one_document_stay_together(plan: Any, corpus: Any) -> None:
    path = corpus(samples=40, documents=0)
    entries = [
        {
            "line_sha256": hashlib.sha256(line.encode()).hexdigest(),
            "piece": {"document": f"/x/doc{number % 4}.pdf"},
        }
        for number, line in enumerate(lines(path))
    ]
    path.with_suffix(".provenance.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    made = prepare(plan(corpus=path))
    assert (made.job.split_by, made.job.train.samples, validated(made)) == ("document", 30, 10)
