"""The files that a batch leaves."""

import csv
import json

import pytest

from difyflow.run import batch
from difyflow.run.batch.journal import Journal
from difyflow.run.batch.ledger import Key
from difyflow.run.batch.results import write_results

SAMPLE = '{"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]}'


@pytest.fixture
def written(driver, tmp_path):
    """`written(result, ...)`: the result files of a batch whose rows ended so, in the opposite order."""

    def write(*results, **options):
        out = tmp_path / "out"
        spec = driver.begin(out, driver.write_rows(tmp_path / "rows.csv", len(results)))
        journal = Journal(out / "journal.jsonl", out / "results.log")
        for row, said in reversed(list(enumerate(results, 1))):
            line = {
                "row": row,
                "repeat": 1,
                "line": row + 1,
                "attempt": 1,
                "status": "succeeded",
                "answer": "",
            }
            line |= {"run_id": f"run-{row}", "model": "m", "digest": "d", "truncated": False, "error": ""}
            line |= {"outputs": {}, "error_code": "", **said}
            text = json.dumps(line).encode()
            journal.done(Key(row), str(line["status"]), text, written=lambda _place: None)
        journal.close()
        with batch.old_folder(out) as folder:
            return out, write_results(folder, spec, *folder.replay(spec), **options)

    return write


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_results_stand_in_the_order_of_the_rows(written):
    out, _ = written({}, {"status": "failed"}, {})
    assert [one["row"] for one in lines(out / "results.jsonl")] == [1, 2, 3]


def test_the_corpus_is_collected_row_by_row_with_the_source_of_each_line(written):
    text = f"```json\n{SAMPLE}\n```"
    out, said = written({"outputs": {"text": SAMPLE}}, {"outputs": {"text": text + '\n{"messages": ['}})
    assert (said.samples, said.rejected) == (2, 1)
    assert (out / "outputs.jsonl").read_text().splitlines() == [SAMPLE, SAMPLE]
    assert [one["run_id"] for one in lines(out / "outputs.provenance.jsonl")] == ["run-1", "run-2"]
    assert lines(out / "outputs.rejected.jsonl")[0]["row"] == 2


def test_with_several_outputs_one_must_be_named(written):
    result = {"outputs": {"a": SAMPLE, "b": "no sample"}}
    _, said = written(result)
    assert "row 1: the run gave several outputs: a, b" in said.uncollected


def test_a_named_output_is_collected(written):
    _, said = written({"outputs": {"a": SAMPLE, "b": "no sample"}}, output="a")
    assert (said.samples, said.uncollected) == (1, "")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_the_errors_is_a_formula_to_a_spreadsheet(written, sign):
    out, _ = written({"status": "failed", "error": f"{sign}cmd|' /C calc'!A0"})
    with (out / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["error"].startswith(f"'{sign}cmd")
    assert (rows[0]["row"], rows[0]["status"]) == ("1", "failed")
    assert rows[0]["user"].startswith("df-")


def test_files_without_lines_are_not_there(written):
    out, said = written({"outputs": {"text": "no sample at all"}})
    assert [path.name for path in said.files] == ["results.jsonl"]
    assert not (out / "errors.csv").exists()
