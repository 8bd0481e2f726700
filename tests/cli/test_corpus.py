"""`difyflow corpus`: from what a model printed to the parts of a training set, and every kind of garbage."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from difyflow.cli.main import run


def sample(question: Any, answer: Any, system: Any = "你是消防系统专家") -> Any:
    turns = [("system", system), ("user", question), ("assistant", answer)]
    messages = [{"role": role, "content": content} for role, content in turns]
    return (json.dumps({"messages": messages}, ensure_ascii=False) + "\n").encode()


LINES = [
    sample(f"第{number}条规定了什么?", f"第{number}条规定了编号为{number}的事项。") for number in range(20)
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jsonl").write_bytes(b"".join(LINES))
    return tmp_path


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`given(data)` puts data on standard input."""

    def give(data: Any) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def corpus(*words: Any) -> Any:
    return run(["corpus", *map(str, words)])


def provenance(path: Path) -> Any:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def write_provenance(folder: Path, name: str, abouts: Any) -> None:
    from difyflow.corpus.provenance import entry

    lines = (folder / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
    entries = [entry(line, about) for line, about in zip(lines, abouts, strict=True)]
    (folder / f"{name}.provenance.jsonl").write_bytes(b"".join(entries))


def test_the_chain_from_a_models_text_to_the_parts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "printed.txt").write_bytes(b"```\n" + b"".join(LINES) + LINES[0] + b"{'a\n```\n")
    assert corpus("collect", "printed.txt", "-o", "c.jsonl") == 0
    assert "21 samples from 1 texts to c.jsonl" in capsys.readouterr().err
    assert len(provenance(here / "c.provenance.jsonl")) == 21
    assert corpus("dedupe", "c.jsonl", "-o", "d.jsonl") == 0
    assert "line 21: exact duplicate of line 1" in capsys.readouterr().err
    assert corpus("check", "d.jsonl", "--for", "siliconflow") == 0
    assert corpus("split", "d.jsonl", "-o", "parts", "--test", "0.1") == 0
    sizes = {one.name: len(one.read_bytes().splitlines()) for one in (here / "parts").iterdir()}
    assert [sizes[f"{name}.jsonl"] for name in ("train", "validation", "test")] == [16, 2, 2]
    known = provenance(here / "parts/train.provenance.jsonl")
    assert len({one["line_sha256"] for one in known}) == 16
    assert len(known) == 17  # one of them was printed twice
    assert corpus("convert", "parts/train.jsonl", "--to", "sharegpt", "-o", "t.jsonl",
                  "--dataset-info", "dataset_info.json") == 0  # fmt: skip
    assert json.loads((here / "dataset_info.json").read_bytes())["t"]["file_name"] == "t.jsonl"
    assert len(provenance(here / "t.provenance.jsonl")) == 17


def test_documents_stay_in_one_part_and_what_is_known_goes_along(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_provenance(here, "x", [{"documents": [f"d{number // 5}.pdf"]} for number in range(20)])
    assert corpus("split", "x.jsonl", "-o", "parts", "--validation", "0.25", "--format", "json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["documents"], said["of_unknown_source"]) == (4, 0)
    assert said["parts"]["validation"]["samples"] == 5
    of = [
        {one["documents"][0] for one in provenance(here / f"parts/{name}.provenance.jsonl")}
        for name in ("train", "validation")
    ]
    assert not of[0] & of[1]


def test_one_document_is_not_split_in_silence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_provenance(here, "x", [{"documents": ["d.pdf"]}] * 20)
    assert corpus("split", "x.jsonl", "-o", "parts") == 2
    assert "--by line" in capsys.readouterr().err
    assert corpus("split", "x.jsonl", "-o", "parts", "--by", "line") == 0
    assert "samples of one document may be in two parts" in capsys.readouterr().err


def test_samples_of_the_demo_responder_are_refused_unless_allowed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_provenance(here, "x", [{"model": "demo"}, *[{"model": "qwen"}] * 19])
    assert corpus("check", "x.jsonl", "--for", "siliconflow") == 1
    assert "x.jsonl: error demo-model: 1 samples" in capsys.readouterr().out
    assert corpus("check", "x.jsonl", "--for", "siliconflow", "--allow-demo") == 0


def test_converting_says_what_no_format_keeps_apart(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"instruction": "翻译", "input": "hello", "output": "你好"},
        {"instruction": "a", "chosen": "b", "rejected": "c"},
    ]
    (here / "a.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    assert corpus("convert", "a.jsonl", "--to", "sharegpt", "-o", "s.jsonl") == 0
    said = capsys.readouterr().err
    assert "in 1 of them `input` stands on the line below `instruction`" in said
    assert "warning: 1 of them have a rejected answer and the others none" in said


def test_samples_of_the_demo_responder_are_known_without_their_provenance(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [sample(f"为什么说“第{n}条”?", f"第{n}条:主电源应采用交流电源。") for n in range(12)]
    (here / "copied.jsonl").write_bytes(b"".join(lines))
    assert corpus("check", "copied.jsonl", "--for", "siliconflow") == 1
    out, said = capsys.readouterr()
    assert "copied.jsonl: error demo-model: 12 of 12 lines looked at are worded as" in out
    assert "no provenance lies beside it" in said
    assert corpus("check", "copied.jsonl", "--for", "siliconflow", "--fix", "-o", "fixed.jsonl") == 1
    assert corpus("check", "copied.jsonl", "--for", "siliconflow", "--allow-demo") == 0


def test_an_array_that_the_service_does_not_take_is_no_corpus_at_a_deeper_look_either(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.json").write_bytes(b"[" + b",\n".join(line.strip() for line in LINES * 2) + b"]")
    assert corpus("check", "a.json", "--for", "openai", "--deep") == 1
    out = capsys.readouterr().out
    assert "a.json:1: error not-json" in out
    assert "duplicate-sample" not in out


def test_what_is_mended_is_looked_at_deeper_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "r.jsonl").write_bytes(b"".join(LINES).replace(b"\n", b"\r\n") + LINES[0])
    options = ("--for", "siliconflow", "--deep", "--fix", "-o", "fixed.jsonl")
    assert corpus("check", "r.jsonl", *options) == 0
    assert "fixed.jsonl:21: warning duplicate-sample: says the same as line 1" in capsys.readouterr().out


def test_findings_have_file_line_severity_and_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.jsonl").write_bytes(
        b"".join(LINES) + b"\n{'a': 1}\n" + LINES[0].replace(b'"user"', b'"User"')
    )
    assert corpus("check", "bad.jsonl", "--for", "siliconflow") == 1
    out, said = capsys.readouterr()
    assert out.splitlines() == [
        "bad.jsonl:21: error blank-line: is blank; every line must hold an object [--fix]",
        "bad.jsonl:22: error single-quotes: is a Python literal: JSON has double quotes",
        'bad.jsonl:23: error role-spelling: message 2 has the role "User"; it must be "user" [--fix]',
    ]
    assert said.startswith("23 lines, 21 samples: 3 errors, 0 warnings\n")
    assert corpus("check", "bad.jsonl", "--for", "siliconflow", "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["rules"] == {"blank-line": 1, "role-spelling": 1, "single-quotes": 1}
    assert [one["line"] for one in told["findings"]] == [21, 22, 23]


def test_fixing_writes_another_file_and_checks_that(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [*LINES, b"\n", LINES[0].replace(b'"user"', b'"User"'), b"{'a': 1}\n"]
    (here / "bad.jsonl").write_bytes(b"".join(lines))
    write_provenance(here, "bad", [{"n": number} for number in range(len(lines))])
    assert corpus("check", "bad.jsonl", "--for", "siliconflow", "--fix", "-o", "good.jsonl") == 1
    out, said = capsys.readouterr()
    assert out == "good.jsonl:22: error single-quotes: is a Python literal: JSON has double quotes\n"
    assert "mended role-spelling: 1" in said
    assert (here / "bad.jsonl").read_bytes() == b"".join(lines)
    assert (here / "good.jsonl").read_bytes() == b"".join([*LINES, LINES[0], lines[-1]])
    assert [one["n"] for one in provenance(here / "good.provenance.jsonl")][-2:] == [21, 22]


def test_many_findings_of_a_rule_are_cut_and_counted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.jsonl").write_bytes(b"\n" * 50)
    assert corpus("check", "bad.jsonl", "--for", "openai", "--max", "2") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "bad.jsonl: blank-line: 48 more; --max 0 shows all"
    assert corpus("check", "bad.jsonl", "--for", "openai", "--max", "0") == 1
    assert len(capsys.readouterr().out.splitlines()) == 51


def test_the_second_look_reads_documents_of_any_kind(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "docs").mkdir()
    (here / "docs/规范.md").write_text("第1条规定了编号为1的事项。", encoding="utf-8")
    (here / "docs/broken.pdf").write_bytes(b"no pdf")
    assert corpus("check", "x.jsonl", "--for", "siliconflow", "--deep", "--documents", "docs") == 0
    out, said = capsys.readouterr()
    assert (
        "x.jsonl:3: warning number-not-in-source: 2 of the answer does not stand in any document" not in out
    )
    assert "left out: docs/broken.pdf" in said
    for path in ("nothing", "x.jsonl"):
        assert corpus("check", "x.jsonl", "--for", "siliconflow", "--deep", "--documents", path) == 2


def test_the_documents_that_the_provenance_names_are_looked_up_without_being_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "规范.md").write_text("第1条规定了编号为1的事项。" * 3, encoding="utf-8")
    about = {"documents": ["规范.md"], "paths": [str(here / "规范.md"), str(here / "gone.pdf"), "\0"]}
    write_provenance(here, "x", [about] * 20)
    assert corpus("check", "x.jsonl", "--for", "siliconflow", "--deep") == 0
    out, said = capsys.readouterr()
    assert "answers are looked up in 1 documents that the provenance names" in said
    assert "x.jsonl:1: warning number-not-in-source" not in out  # 0 stands in the question
    assert "rule-skipped: answers" not in out


def test_numbers_are_shown_as_text_json_and_page(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert corpus("stats", "x.jsonl", "--price", "2.5", "--currency", "CNY", "--html", "x.html") == 0
    out = capsys.readouterr().out
    assert "samples     20 in 20 lines" in out
    assert "estimate" in out
    assert "CNY" in out
    page = (here / "x.html").read_text(encoding="utf-8")
    assert "第7条规定了什么" in page
    assert corpus("stats", "x.jsonl", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["tokens"]["how"].startswith("estimate")


def test_nothing_is_overwritten_without_force(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "there").write_bytes(b"mine")
    (here / "parts").mkdir()
    (here / "parts/test.jsonl").write_bytes(b"mine")
    commands = [
        ["collect", "x.jsonl", "-o", "there"],
        ["check", "x.jsonl", "--for", "openai", "--fix", "-o", "there"],
        ["dedupe", "x.jsonl", "-o", "there"],
        ["dedupe", "x.jsonl", "-o", "new.jsonl", "--report", "there"],
        ["convert", "x.jsonl", "--to", "alpaca", "-o", "there"],
        ["stats", "x.jsonl", "--html", "there"],
        ["split", "x.jsonl", "-o", "parts"],
        ["dedupe", "x.jsonl", "-o", "."],
        ["dedupe", "x.jsonl", "-o", "no/where.jsonl"],
        ["split", "x.jsonl", "-o", "there"],
    ]
    before = sorted(path.name for path in here.rglob("*"))
    for words in commands:
        assert corpus(*words) == 2, words
        assert capsys.readouterr().err.startswith("error: ")
    assert (here / "there").read_bytes() == b"mine"
    assert sorted(path.name for path in here.rglob("*")) == before
    assert corpus("dedupe", "x.jsonl", "-o", "there", "--force") == 0
    assert corpus("dedupe", "there", "-o", "there", "--force") == 0
    assert (here / "there").read_bytes() == b"".join(LINES)


GARBAGE = {
    "empty": b"",
    "blank": b"\n\n \n",
    "binary": bytes(range(256)) * 40,
    "nul": b"\x00" * 5000,
    "deep": b"[" * 200_000 + b"\n" + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"\n",
    "surrogates": b'{"messages": [{"role": "user", "content": "\\ud83d"}]}\n',
    "twice": b'{"messages": 1, "messages": [], "messages": {}}\n',
    "mixed": LINES[0] + "你好\n".encode("gb18030") + "你好\n".encode("utf-16"),
    "utf-16": "".join(line.decode() for line in LINES).encode("utf-16"),
    "numbers": b"1e999\n" + b"9" * 10_000 + b'\n{"messages": NaN}\n',
    "odd": b'{"messages": [null, 1, "x", [], {}]}\n{"conversations": [{}]}\n{"instruction": {}}\n'
    b'{"input": 1}\n{"messages": [{"role": {}, "content": "x"}]}\n',
    "array": b"[" + b",".join(line.strip() for line in LINES) + b"]",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_told_and_never_a_fault_of_ours(
    here: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (here / "g.jsonl").write_bytes(GARBAGE[name])
    (here / "g.provenance.jsonl").write_bytes(GARBAGE[name])
    for words in (
        ["collect", "g.jsonl", "-o", "out.jsonl"],
        ["check", "g.jsonl", "--for", "siliconflow"],
        ["check", "g.jsonl", "--for", "openai", "--deep", "--format", "json"],
        ["check", "g.jsonl", "--for", "llamafactory", "--fix", "-o", "fixed.jsonl"],
        ["dedupe", "g.jsonl", "-o", "d.jsonl", "--normalised"],
        ["split", "g.jsonl", "-o", "parts"],
        ["stats", "g.jsonl", "--html", "g.html", "--for", "openai"],
        ["convert", "g.jsonl", "--to", "messages", "-o", "m.jsonl"],
        ["convert", "g.jsonl", "--to", "alpaca", "-o", "a.jsonl", "--skip", "--lossy"],
    ):
        assert corpus(*words) in (0, 1, 2), words
        assert "bug in difyflow" not in capsys.readouterr().err, words


def test_a_line_without_an_end_is_cut_and_does_not_fill_memory(
    here: Path, capsys: pytest.CaptureFixture[str], given: Callable[..., None]
) -> None:
    with (here / "long.jsonl").open("wb") as file:
        for _ in range(17):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + b"".join(LINES))
    assert corpus("check", "long.jsonl", "--for", "siliconflow") == 1
    assert capsys.readouterr().out == (
        "long.jsonl:1: error line-too-long: has 17,825,793 bytes; more than 16,777,216 are not read\n"
    )
    assert corpus("collect", "long.jsonl", "-o", "c.jsonl") == 0
    assert "line-too-long: 1" in capsys.readouterr().err
    given((here / "long.jsonl").read_bytes())
    for words in (["dedupe", "-", "-o", "d"], ["check", "-", "--for", "openai", "--fix", "-o", "d"]):
        assert corpus(*words) == 2  # a line of which only the beginning is known is not copied
        assert "standard input:1: has 17,825,793 bytes" in capsys.readouterr().err
        given((here / "long.jsonl").read_bytes())
    assert not (here / "d").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["collect", "missing"],
        ["collect"],
        ["collect", "."],
        ["check", "missing", "--for", "openai"],
        ["check", ".", "--for", "openai"],
        ["check", "x.jsonl", "--for", "nobody"],
        ["check", "x.jsonl", "--for", "openai", "--fix"],
        ["check", "x.jsonl", "--for", "openai", "-o", "y"],
        ["check", "x.jsonl", "--for", "openai", "--provenance", "missing"],
        ["dedupe", "x.jsonl", "--near", "--threshold", "7", "-o", "y"],
        ["dedupe", "x.jsonl", "--threshold", "0.9", "-o", "y"],
        ["check", "x.jsonl", "--for", "openai", "--documents", "."],
        ["stats", "x.jsonl", "--epochs", "3"],
        ["stats", "x.jsonl", "--currency", "CNY"],
        ["stats", "x.jsonl", "--for", "openai"],
        ["stats", "x.jsonl", "--price", "nan"],
        ["stats", "x.jsonl", "--price", "inf"],
        ["convert", "x.jsonl", "--to", "alpaca", "--name", "a", "-o", "y"],
        ["dedupe", "x.jsonl", "--format", "json"],
        ["split", "x.jsonl", "-o", "parts", "--validation", "2"],
        ["stats", "x.jsonl", "--tokenizer", "missing.json"],
        ["stats", "x.jsonl", "--html", "-"],
        ["convert", "x.jsonl", "--to", "dpo", "--dataset-info", "d.json", "-o", "y"],
        ["convert", "x.jsonl", "--to", "alpaca", "--dataset-info", "x.jsonl", "-o", "y"],
        ["convert", "x.jsonl", "--to", "alpaca", "--from", "nothing"],
        ["convert", "x.jsonl", "--to", "alpaca", "-o", "y.json", "--dataset-info", "./y.json"],
        ["dedupe", "x.jsonl", "-o", "y", "--report", "y"],
        ["dedupe", "x.jsonl", "-o", "y.jsonl", "--report", "y.provenance.jsonl"],
        ["dedupe", "x.jsonl", "-o", "y", "--report", "x.jsonl", "--force"],
    ],
)
def test_what_cannot_be_done_as_asked_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], words: Any
) -> None:
    assert corpus(*words) == 2
    assert capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["x.jsonl"]


def test_lines_that_do_not_fit_a_format_are_told_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = LINES[1].replace(b'"role": "assistant"', b'"role": "assistant", "weight": 0')
    (here / "w.jsonl").write_bytes(LINES[0] + odd)
    assert corpus("convert", "w.jsonl", "--to", "messages", "-o", "m.jsonl") == 1
    assert 'w.jsonl:2: not converted: messages has no place for "weight"' in capsys.readouterr().err
    assert not (here / "m.jsonl").exists()
    assert corpus("convert", "w.jsonl", "--to", "messages", "-o", "m.jsonl", "--skip") == 1
    assert (here / "m.jsonl").read_bytes() == LINES[0]
    assert corpus("convert", "w.jsonl", "--to", "messages", "-o", "m.jsonl", "--lossy", "--force") == 0
    assert 'w.jsonl:2: left out: messages has no place for "weight"' in capsys.readouterr().err
    assert len((here / "m.jsonl").read_bytes().splitlines()) == 2


def test_an_array_is_written_for_trainers_that_want_one_file_of_json(here: Path) -> None:
    assert corpus("convert", "x.jsonl", "--to", "alpaca", "--array", "-o", "a.json") == 0
    value = json.loads((here / "a.json").read_bytes())
    assert len(value) == 20
    assert value[3]["instruction"] == "第3条规定了什么?"


def test_other_entries_of_dataset_info_stay(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "dataset_info.json").write_text('{"other": {"file_name": "o.json"}}', encoding="utf-8")
    words = ["convert", "x.jsonl", "--to", "openai", "-o", "o.jsonl", "--dataset-info", "dataset_info.json"]
    assert corpus(*words) == 0
    assert set(json.loads((here / "dataset_info.json").read_bytes())) == {"other", "o"}
    assert corpus(*words[:5], "p.jsonl", *words[6:], "--name", "o") == 2
    assert "--name" in capsys.readouterr().err


def test_standard_input_is_read_as_often_as_needed(
    here: Path, capsysbinary: Any, given: Callable[..., None]
) -> None:
    for words in (["dedupe", "-"], ["convert", "-", "--to", "openai"], ["collect", "-"]):
        given(b"".join(LINES))
        assert corpus(*words) == 0
        assert capsysbinary.readouterr().out == b"".join(LINES)
    given(b"".join(LINES))
    assert corpus("check", "-", "--for", "siliconflow", "--deep") == 0
    given(b"".join(LINES))
    assert corpus("split", "-", "-o", "parts") == 0
    assert len((here / "parts/train.jsonl").read_bytes().splitlines()) == 18


@pytest.mark.parametrize("name", ["collect", "check", "dedupe", "split", "stats", "convert"])
def test_every_command_shows_options_and_examples(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert corpus(name, "--help") == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert f"difyflow corpus {name} " in out


def test_an_array_is_read_where_it_may_be_one_and_is_a_fault_where_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corpus("convert", "x.jsonl", "--to", "alpaca", "--array", "-o", "a.json") == 0
    assert corpus("check", "a.json", "--for", "llamafactory") == 0
    assert "a.json is a JSON array: lines are counted by its elements" in capsys.readouterr().err
    assert corpus("convert", "a.json", "--to", "messages", "-o", "back.jsonl") == 0
    assert (here / "back.jsonl").read_bytes() == b"".join(LINES)
    assert corpus("dedupe", "a.json", "-o", "d.jsonl") == 0
    assert len((here / "d.jsonl").read_bytes().splitlines()) == 20
    assert corpus("check", "a.json", "--for", "siliconflow") == 1
