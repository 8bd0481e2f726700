"""What a result leaves on disk."""

import json

import pytest

from difyflow.errors import UsageError
from difyflow.records.result import Result, RunStatus
from difyflow.run.output import Plan, text_of, write


def sample(question, answer):
    return {
        "messages": [
            {"role": "system", "content": "你是当代大儒"},
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
    }


def result(text, **more):
    return Result(status=RunStatus.SUCCEEDED, outputs={"text": text}, run_id="r-1", models=("demo",), **more)


GOOD = json.dumps(sample("应该怎么学习?", '子曰:"学而时习之"'), ensure_ascii=False)


def test_a_corpus_holds_whole_samples_and_says_beside_it_where_they_come_from(tmp_path):
    plan = Plan(tmp_path / "x.jsonl")
    written = write(result(f"```jsonl\n{GOOD}\n```"), plan, source={"documents": ["a.pdf"]})
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8") == GOOD + "\n"
    (line,) = (tmp_path / "x.provenance.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["model"] == "demo"
    assert json.loads(line)["documents"] == ["a.pdf"]
    assert not plan.rejected.exists()
    assert written.collection is not None
    assert written.collection.repairs


def test_what_cannot_be_saved_is_kept_apart_with_its_reason(tmp_path):
    cut = GOOD[:-20]
    plan = Plan(tmp_path / "x.jsonl")
    written = write(result(f"{GOOD}\n{cut}", truncated=True), plan, source={})
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8") == GOOD + "\n"
    (line,) = plan.rejected.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["raw"].strip() == cut
    assert json.loads(line)["reason"]
    assert set(written.files) == {plan.path, plan.rejected, plan.provenance}


def test_an_output_without_a_sample_writes_no_corpus(tmp_path):
    plan = Plan(tmp_path / "x.jsonl")
    written = write(result("I am sorry, I cannot do that."), plan, source={})
    assert written.empty
    assert not plan.path.exists()
    assert not plan.provenance.exists()


def test_side_files_of_an_earlier_run_do_not_stay(tmp_path):
    plan = Plan(tmp_path / "x.jsonl", force=True)
    write(result(GOOD[:-20], truncated=True), plan, source={})
    assert plan.rejected.exists()
    write(result(GOOD), plan, source={})
    assert not plan.rejected.exists()


@pytest.mark.parametrize("name", ["x.txt", "x.md", "x"])
def test_other_files_hold_the_text_as_it_is(tmp_path, name):
    write(result("a\r\n```b"), Plan(tmp_path / name), source={})
    assert (tmp_path / name).read_bytes() == b"a\r\n```b"


def test_a_json_file_holds_all_outputs(tmp_path):
    many = Result(status=RunStatus.SUCCEEDED, outputs={"a": "你", "n": 3, "list": [1]})
    write(many, Plan(tmp_path / "x.json"), source={})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": "你", "n": 3, "list": [1]}


def test_a_lone_surrogate_is_written_and_reads_back(tmp_path):
    write(result("a\ud800b"), Plan(tmp_path / "x.json"), source={})
    assert json.loads((tmp_path / "x.json").read_bytes()) == {"text": "a\ud800b"}


def test_one_of_several_outputs_must_be_named():
    many = Result(status=RunStatus.SUCCEEDED, outputs={"a": "1", "b": ["x"]})
    with pytest.raises(UsageError, match="several outputs: a, b"):
        text_of(many)
    with pytest.raises(UsageError, match="no output 'c'"):
        text_of(many, output="c")
    assert text_of(many, output="b") == '["x"]'


def test_a_file_that_exists_is_refused_before_the_run(tmp_path):
    (tmp_path / "x.provenance.jsonl").write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        Plan(tmp_path / "x.jsonl").check()
    Plan(tmp_path / "x.jsonl", force=True).check()
    assert (tmp_path / "x.provenance.jsonl").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.provenance.jsonl"]


def test_a_place_that_takes_no_file_is_refused_before_the_run(tmp_path):
    with pytest.raises(UsageError):
        Plan(tmp_path / "none" / "x.jsonl").check()
    with pytest.raises(UsageError, match="folder"):
        Plan(tmp_path).check()
