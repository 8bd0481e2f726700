"""Samples out of results, batch folders, texts of any encoding, and garbage."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from difyflow.corpus.collect import Collected, Counts, Rejected, collect, open_texts
from difyflow.corpus.provenance import documents
from difyflow.corpus.samples import LONGEST
from difyflow.errors import UsageError


def found_in(*sources: Any, stdin: Any = b"", **options: Any) -> Any:
    counts = Counts()
    found = list(collect(open_texts(map(str, sources), stdin=io.BytesIO(stdin), **options), counts=counts))
    return (
        [one for one in found if isinstance(one, Collected)],
        [one for one in found if isinstance(one, Rejected)],
        counts,
    )


def test_what_a_model_printed_is_read_and_each_liberty_is_counted(asked: Callable[..., bytes]) -> None:
    text = "以下是样本:\n```jsonl\n".encode() + asked("a?", "b") + b"```\n"
    samples, rejects, counts = found_in("-", stdin=text)
    assert [one.line for one in samples] == [asked("a?", "b")]
    assert (counts.samples, counts.texts, rejects) == (1, 1, [])
    assert counts.repairs["code-fence"] == 1
    assert samples[0].about == {"source": "standard input"}


def test_the_results_of_runs_are_read_with_what_is_known_of_them(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    good = {"status": "succeeded", "outputs": {"text": asked("a?", "b").decode()}, "run_id": "r1",
            "model": "demo", "answer": "", "truncated": False}  # fmt: skip
    bad = {"status": "failed", "outputs": {}, "run_id": "r2"}
    lines = tmp_path / "some.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in (good, bad)), encoding="utf-8")
    whole = tmp_path / "one.json"
    whole.write_text(json.dumps(good, indent=2), encoding="utf-8")
    for path in (lines, whole):
        samples, _, counts = found_in(path)
        assert [one.about for one in samples] == [{"run_id": "r1", "model": "demo"}]
        assert counts.texts == 1


def test_a_list_of_texts_is_read_one_after_the_other(tmp_path: Path, asked: Callable[..., bytes]) -> None:
    outputs = {"samples": [asked("a?", "b").decode(), asked("c?", "d").decode()]}
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"status": "succeeded", "outputs": outputs}), encoding="utf-8")
    assert len(found_in(path)[0]) == 2


def test_a_batch_folder_gives_the_documents_of_each_row(tmp_path: Path, asked: Callable[..., bytes]) -> None:
    folder = tmp_path / "batch"
    folder.mkdir()
    (tmp_path / "甲.pdf").write_bytes(b"x")
    row = {"row": 2, "folder": str(tmp_path), "values": {"attachments": "@甲.pdf", "trigger": "你是专家"}}
    (folder / "rows.jsonl").write_text(f"{json.dumps({'row': 1})}\n{json.dumps(row)}\n", encoding="utf-8")
    (folder / "batch.json").write_text('{"workflow_sha256": "w"}', encoding="utf-8")
    result = {"row": 2, "repeat": 1, "status": "succeeded", "outputs": {"t": asked("a?", "b").decode()}}
    (folder / "results.jsonl").write_text(json.dumps(result) + "\n", encoding="utf-8")
    for source in (folder, folder / "results.jsonl"):
        ((sample,), _, _) = found_in(source)
        paths = [str(tmp_path / "甲.pdf")]
        assert sample.about == {
            "row": 2, "repeat": 1, "documents": ["甲.pdf"], "paths": paths, "workflow_sha256": "w"
        }  # fmt: skip


def test_a_piece_of_a_split_document_comes_from_the_whole_one(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    folder = tmp_path / "batch"
    folder.mkdir()
    piece = {"document": "/somewhere/甲.pdf", "part": 2, "of": 3}
    result = {"row": 2, "piece": piece, "status": "succeeded", "outputs": {"t": asked("a?", "b").decode()}}
    (folder / "results.jsonl").write_text(json.dumps(result) + "\n", encoding="utf-8")
    ((sample,), _, _) = found_in(folder)
    assert sample.about == {"row": 2, "documents": ["甲.pdf"], "piece": piece}
    assert (
        documents(sample.about) == documents({"piece": {"document": "甲.pdf"}, "digest": "x"}) == ("甲.pdf",)
    )


def test_a_corpus_keeps_the_provenance_that_lies_beside_it(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(asked("a?", "b"))
    from difyflow.corpus.provenance import entry

    (tmp_path / "x.provenance.jsonl").write_bytes(entry(asked("a?", "b"), {"documents": ["d"]}))
    assert found_in(path)[0][0].about == {"documents": ["d"]}


def test_a_result_with_several_outputs_needs_a_name(tmp_path: Path, asked: Callable[..., bytes]) -> None:
    path = tmp_path / "r.json"
    value = {"status": "succeeded", "outputs": {"a": "x", "b": asked("a?", "b").decode()}}
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(UsageError, match="several outputs: a, b"):
        found_in(path)
    with pytest.raises(UsageError, match="no output 'c'"):
        found_in(path, output="c")
    assert len(found_in(path, output="b")[0]) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_says_the_encoding(
    tmp_path: Path, asked: Callable[..., bytes], encoding: str
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes((asked("怎么装?", "装墙上。") * 2).decode().encode(encoding))
    samples, rejects, _ = found_in(path)
    assert ([one.line for one in samples], rejects) == ([asked("怎么装?", "装墙上。")] * 2, [])


def test_another_encoding_is_named_by_the_user_and_never_guessed(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(asked("怎么装?", "装墙上。").decode().encode("gb18030"))
    samples, rejects, _ = found_in(path)
    assert (samples, [one.reason for one in rejects]) == ([], ["bad-encoding"])
    assert found_in(path, encoding="gb18030")[0][0].line == asked("怎么装?", "装墙上。")
    with pytest.raises(UsageError, match="no such encoding"):
        found_in(path, encoding="klingon")


def test_one_line_that_is_not_text_does_not_hurt_the_others(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(asked("a?", "b") + b"\xff\xfe\x00\n" + asked("c?", "d"))
    samples, rejects, _ = found_in(path)
    assert ([one.line for one in samples], len(rejects)) == ([asked("a?", "b"), asked("c?", "d")], 1)


@pytest.mark.parametrize("name", ["", "missing.txt"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        found_in(tmp_path / name)


def test_a_file_of_results_with_a_broken_line_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"status": "succeeded", "outputs": {}}\n{"sta\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"r\.jsonl:2"):
        found_in(path)


def test_a_broken_result_of_a_batch_is_rejected_with_its_line_and_never_lost_in_silence(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    good = json.dumps({"status": "succeeded", "outputs": {"text": asked("问", "答").decode()}})
    (tmp_path / "results.jsonl").write_text(f"{good}\n{good[:-20]}\n{good}\n", encoding="utf-8")
    samples, rejects, counts = found_in(tmp_path)
    assert len(samples) == 2
    assert [(one.reason, one.line) for one in rejects] == [("no-result", 2)]
    assert counts.to_json()["rejects"] == {"no-result": 1}


def test_a_result_that_is_too_long_is_rejected_and_told(tmp_path: Path, asked: Callable[..., bytes]) -> None:
    good = json.dumps({"status": "succeeded", "outputs": {"text": asked("问", "答").decode()}})
    (tmp_path / "results.jsonl").write_text(f"{good}\n{' ' * (LONGEST + 9)}{good}\n", encoding="utf-8")
    samples, rejects, _ = found_in(tmp_path)
    assert len(samples) == 1
    assert "bytes; more than" in rejects[0].detail


def test_runs_that_failed_are_counted_and_give_nothing(tmp_path: Path, asked: Callable[..., bytes]) -> None:
    texts = {"text": asked("问", "答").decode()}
    lines = [{"status": status, "outputs": texts} for status in ("failed", "succeeded", "stopped", "failed")]
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    samples, rejects, counts = found_in(tmp_path)
    assert (len(samples), len(rejects), counts.texts) == (1, 0, 1)
    assert counts.to_json()["failed_runs"] == {"failed": 2, "stopped": 1}


def test_a_long_line_of_wide_characters_is_cut_like_any_other(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    text = asked("问", "x" * LONGEST) + asked("问", "答")
    (tmp_path / "x.txt").write_bytes(text.decode().encode("utf-16"))
    samples, rejects, _ = found_in(tmp_path / "x.txt")
    assert [one.line for one in samples] == [asked("问", "答")]
    assert [one.reason for one in rejects] == ["line-too-long"]


def test_documents_are_found_in_whatever_order_the_results_come(
    tmp_path: Path, asked: Callable[..., bytes]
) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"d{number}.txt").write_text("x")
    rows = [
        {"row": number, "values": {"file": f"@d{number}.txt"}, "folder": str(tmp_path)}
        for number in (1, 2, 3)
    ]
    results = [
        {"status": "succeeded", "outputs": {"text": asked(f"问{row}", "答").decode()}, "row": row}
        for row in (3, 1, 2)
    ]
    for name, values in (("rows", rows), ("results", results)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in values))
    samples, _, _ = found_in(tmp_path)
    assert [documents(one.about) for one in samples] == [("d3.txt",), ("d1.txt",), ("d2.txt",)]
