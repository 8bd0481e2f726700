"""`difyflow finetune`: prepare, adopt, submit, watch, checkpoints, cancel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from difyflow.cli import main
from difyflow.cli._finetune_curve import plot

BASE = "Qwen/Qwen2.5-7B-Instruct"
NAME = f"ft:LoRA/{BASE}:d0example0000000000a:fire:abcdefghijklmnopqrst"


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    def call(*arguments: Any) -> Any:
        code = main.run(["finetune", *map(str, arguments)])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return call


@pytest.fixture
def seed(tmp_path: Path) -> Any:
    """Twelve samples in the form of the founding corpus."""
    path = tmp_path / "fire.jsonl"
    lines = []
    for number in range(12):
        said = (("system", "你是消防系统专家"), ("user", f"问题{number}?"), ("assistant", f"回答{number}。"))
        messages = [{"role": role, "content": content} for role, content in said]
        lines.append(json.dumps({"messages": messages}, ensure_ascii=False))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def job(seed: Any, tmp_path: Path, run: Any) -> Any:
    """`job("openai")` prepares a job and gives its folder."""

    def make(service: str = "siliconflow", base: Any = BASE) -> Any:
        folder = tmp_path / "job"
        assert run("prepare", seed, "--for", service, "--base", base, "-o", folder)[0] == 0
        return folder

    return make


@pytest.fixture
def tuning(monkeypatch: pytest.MonkeyPatch) -> Any:
    from loopback.fine_tuning import FineTuning

    monkeypatch.setattr("time.sleep", lambda _: None)
    with FineTuning() as server:
        yield server


def test_a_corpus_becomes_a_job_that_says_what_to_click(seed: Any, tmp_path: Path, run: Any) -> None:
    folder = tmp_path / "job"
    code, text, said = run("prepare", seed, "--for", "siliconflow", "--base", BASE, "-o", folder)
    assert (code, text) == (0, "")
    assert f"train.jsonl 11, validation.jsonl 1 samples for SiliconFlow, base {BASE}" in said
    assert f"SiliconFlow has no API for this: {folder}/STEPS.md says what to click" in said
    assert sorted(path.name for path in folder.iterdir()) == [
        "STEPS.md",
        "job.json",
        "train.jsonl",
        "validation.jsonl",
    ]
    code, _, said = run("prepare", seed, "--for", "siliconflow", "--base", BASE, "-o", folder)
    assert code == 2
    assert "--force" in said
    code, text, _ = run(
        "prepare", seed, "--for", "openai", "--base", "m", "-o", folder, "--force", "--format", "json"
    )
    assert json.loads(text)["service"] == "openai"


def test_hyperparameters_are_json_or_text(seed: Any, tmp_path: Path, run: Any) -> None:
    folder = tmp_path / "job"
    options = ("--set", "n_epochs=3", "--set", "lr=auto", "--suffix", "fire")
    assert run("prepare", seed, "--for", "openai", "--base", "m", "-o", folder, *options)[0] == 0
    made = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    assert made["hyperparameters"] == {"n_epochs": 3, "lr": "auto"}
    code, _, said = run("prepare", seed, "--for", "openai", "--base", "m", "-o", tmp_path / "x", "--set", "a")
    assert (code, "NAME=VALUE" in said) == (2, True)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[1]\n", b"{" * 5000 + b"\n"])
def test_garbage_is_refused_and_leaves_nothing(tmp_path: Path, run: Any, data: Any) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)
    code, text, said = run("prepare", path, "--for", "siliconflow", "--base", "a/b", "-o", tmp_path / "job")
    assert (code, text) == (2, "")
    assert "Traceback" not in said
    assert not (tmp_path / "job").exists()


def test_a_name_is_adopted_without_a_call_if_it_has_the_right_shape(job: Any, run: Any) -> None:
    folder = job()
    code, _, said = run("adopt", folder, NAME, "--no-call")
    assert (code, said) == (0, f"ckpt1 is {NAME}\n")
    code, _, said = run("adopt", folder, "gpt-4o", "--no-call")
    assert code == 2
    assert "begins with ft:LoRA/" in said
    code, _, said = run("adopt", folder, NAME)
    assert code == 2
    assert "SILICONFLOW_API_KEY is not set" in said


@pytest.mark.local
def test_adopting_asks_the_model_one_question(
    job: Any, run: Any, tuning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = job()
    monkeypatch.setenv("FINETUNE_API_KEY", "sk-own")
    monkeypatch.setenv("SILICONFLOW_API_KEY", "sk-siliconflow")
    code, text, said = run("adopt", folder, NAME, "--base-url", tuning.base_url, "--format", "json")
    assert (code, said) == (0, "")
    assert json.loads(text)["answer"] == f"Answer of {NAME}"
    assert tuning.seen[-1].headers["authorization"] == "Bearer sk-own"


@pytest.mark.parametrize("verb", ["submit", "watch", "checkpoints", "cancel"])
def test_siliconflow_is_refused_since_it_has_no_api(job: Any, run: Any, verb: Any) -> None:
    code, text, said = run(verb, job())
    assert (code, text) == (2, "")
    assert "documents no API for fine-tuning" in said


@pytest.mark.local
def test_a_job_is_submitted_watched_and_its_checkpoints_are_known(job: Any, run: Any, tuning: Any) -> None:
    folder = job("compatible", "qwen")
    at = ("--base-url", tuning.base_url)
    code, _, said = run("submit", folder, *at)
    assert code == 0
    assert "ftjob-1 at 127.0.0.1" in said
    assert "was there already" in run("submit", folder)[2]
    code, _, said = run("watch", folder, "--every", "0.1")
    assert code == 0
    assert "Step 5/5  train_loss 0.4, valid_loss 0.44" in said
    assert "train_loss  last 0.4, lowest 0.4" in said
    assert "ftjob-1: succeeded: ft:qwen:org::1" in said
    code, text, _ = run("checkpoints", folder)
    assert text.split("\n")[1].startswith(
        "ckpt2  step 10  ft:qwen:org::1:ckpt-step-10  full_valid_loss 0.6, train_loss 0.1"
    )
    models = json.loads((folder / "job.json").read_text(encoding="utf-8"))["models"]
    assert [model["step"] for model in models] == [None, 10, 20, 30]
    assert json.loads(run("checkpoints", folder, "--format", "json")[1])["models"][0]["word"] == "ckpt1"
    code, _, said = run("cancel", folder)
    assert code == 4
    assert "succeeded already" in said


@pytest.mark.local
def test_a_cancelled_job_ends_with_1_and_events_come_as_json(job: Any, run: Any, tuning: Any) -> None:
    folder = job("compatible", "qwen")
    run("submit", folder, "--base-url", tuning.base_url)
    assert run("watch", folder, "--once")[0] == 0
    assert run("cancel", folder)[2] == "ftjob-1: cancelled\n"
    tuning.jobs["ftjob-1"].event("ended \x1b[31mred", number=1)
    code, text, _ = run("watch", folder, "--format", "json")
    assert code == 1
    assert json.loads(text.split("\n")[-2])["message"] == "ended \x1b[31mred"
    assert "\x1b" not in run("watch", folder)[2]


@pytest.mark.local
def test_an_outcome_that_nobody_knows_ends_with_5(job: Any, run: Any, tuning: Any) -> None:
    from loopback.fine_tuning import Answer

    folder = job("compatible", "qwen")
    tuning.fault("create", Answer(reset=True))
    code, _, said = run("submit", folder, "--base-url", tuning.base_url)
    assert code == 5
    assert "run submit again" in said


@pytest.mark.parametrize("verb", ["submit", "watch", "checkpoints", "cancel"])
def test_what_is_no_job_is_told(tmp_path: Path, run: Any, verb: Any) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        code, _, said = run(verb, folder)
        assert (code, "no job here" in said) == (2, True)
    (tmp_path / "job.json").write_text("[]")
    assert run(verb, tmp_path)[0] == 2


@pytest.mark.local
def test_a_job_that_was_not_submitted_cannot_be_watched(
    job: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    code, _, said = run("watch", job("openai", "m"))
    assert (code, "not submitted yet" in said) == (2, True)


def test_a_curve_is_drawn_with_braille_dots() -> None:
    assert plot({}) == []
    lines = plot(
        {"valid_loss": [(1, 2.0), (10, 1.0)], "train_loss": [(1, 2.5), (5, 1.0), (10, 0.5)]},
        width=10,
        height=2,
    )
    assert lines == [
        "train_loss  last 0.5, lowest 0.5",
        "2.5 ┤⠑⠢⢄⠀⠀⠀⠀⠀⠀⠀",
        "0.5 ┤⠀⠀⠀⠉⠒⠢⠤⠤⢄⣀",
        "     step 1  10",
        "valid_loss  last 1, lowest 1",
        "2.5 ┤⠤⠤⣀⣀⣀⠀⠀⠀⠀⠀",
        "0.5 ┤⠀⠀⠀⠀⠀⠉⠉⠉⠒⠒",
        "     step 1  10",
    ]


@pytest.mark.parametrize(
    "points", [[(1, 1.0)], [(1, 1.0), (1, 1.0)], [(1, 5.0), (2, 5.0)], [(1, -1e9), (9, 1e9)]]
)
def test_a_curve_of_one_point_or_a_flat_one_is_drawn_too(points: Any) -> None:
    lines = plot({"train_loss": points}, width=12, height=3)
    assert len(lines) == 5
    assert any(0x2800 < ord(sign) <= 0x28FF for line in lines for sign in line)


@pytest.fixture
def comparing(job: Any, run: Any, tuning: Any, tmp_path: Path) -> Any:
    """`comparing("--blind")` compares two models of a job over two questions."""
    folder = job("compatible", "qwen")
    questions = tmp_path / "q.jsonl"
    questions.write_text(
        '{"question": "几点?", "reference": "三点。"}\n{"question": "谁?"}\n', encoding="utf-8"
    )

    def call(*options: Any) -> Any:
        at = ("--models", "base,other", "--questions", questions, "--base-url", tuning.base_url)
        return folder / "compare", *run("compare", folder, *at, *options)

    return call


@pytest.mark.local
def test_models_are_compared_in_the_terminal_a_sheet_and_a_page(comparing: Any) -> None:
    out, code, text, said = comparing()
    assert code == 0
    for words in ("几点?", "三点。", "Answer of qwen", "Answer of other", "similarity 0.00", "All questions"):
        assert words in text
    assert "None of these says that an answer is right." in said
    assert (out / "compare.csv").read_text(encoding="utf-8").startswith("\ufeffline,system,question")
    page = (out / "compare.html").read_text(encoding="utf-8")
    assert "Answer of other" in page
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", page)
    _, code, text, _ = comparing("--format", "json")
    assert [model["answers"] for model in json.loads(text)["models"]] == [2, 2]


@pytest.mark.local
def test_a_judge_says_what_it_found(comparing: Any, tuning: Any) -> None:
    from loopback.model_server import says

    def judging(seen: Any) -> Any:
        body = seen.json()
        return says("TIE" if body["model"] == "judge" else f"Answer of {body['model']}")

    tuning.on("POST", "/v1/chat/completions", judging)
    _, code, text, said = comparing("--judge", "judge")
    assert code == 0
    assert "2 tie" in text
    assert "twice, in both orders" in said
    assert json.loads(comparing("--judge", "judge", "--format", "json")[2])["models"][1]["judge"] == {
        "tie": 2
    }


@pytest.mark.local
def test_people_judge_blindly_and_their_votes_are_counted(comparing: Any, tmp_path: Path) -> None:
    out, code, text, said = comparing("--blind")
    assert (code, text) == (0, "")
    assert "blind.key.json" in said
    page = (out / "blind.html").read_text(encoding="utf-8")
    names = re.findall(r'name="([0-9a-f]{16})" value="A"', page)
    assert len(names) == 2
    votes = tmp_path / "votes.json"
    votes.write_text(json.dumps({"votes": {names[0]: "A", names[1]: "tie", "x": "A"}}))
    _, code, text, said = comparing("--votes", votes)
    order = json.loads((out / "blind.key.json").read_text(encoding="utf-8"))["orders"][names[0]]
    winner = {"qwen": "base", "other": "other"}[order[0]]
    assert text.startswith(f"1  {winner}\n")
    assert text.endswith("1  no difference\n")
    assert "1 votes belong to no question" in said
    for data in ("", "[]", "{}", '{"votes": 1}'):
        votes.write_text(data)
        assert comparing("--votes", votes)[1] == 2


@pytest.mark.local
def test_answers_that_did_not_come_are_named_and_end_with_1(comparing: Any, tuning: Any) -> None:
    from loopback.model_server import refuses

    tuning.on("POST", "/v1/chat/completions", refuses(400, "content filter"))
    out, code, text, said = comparing()
    assert code == 1
    assert "content filter" in text
    assert "answers that did not come: 4" in said
    assert "content filter" in (out / "compare.html").read_text(encoding="utf-8")


def test_unknown_models_and_bad_questions_are_told_before_anything_is_asked(
    job: Any, run: Any, tmp_path: Path
) -> None:
    folder = job()
    questions = tmp_path / "q.jsonl"
    questions.write_text("{}\n")
    code, _, said = run("compare", folder, "--models", "base,ckpt1", "--questions", questions)
    assert (code, "no tuned model yet" in said) == (2, True)
    code, _, said = run("compare", folder, "--models", "base", "--questions", questions)
    assert (code, "line 1" in said or ":1:" in said) == (2, True)


@pytest.mark.local
@pytest.mark.long
@pytest.mark.parametrize("at", [1, 5])
def test_a_submit_that_is_killed_in_an_upload_or_in_asking_for_the_job_is_not_sent_twice(
    job: Any, run: Any, tuning: Any, at: Any
) -> None:
    """The service does what it is asked to, and the process dies before it reads the answer."""
    folder = job("compatible", "qwen")
    words = ["finetune", "submit", str(folder), "--base-url", tuning.base_url]
    calm = tuning.reply
    victims: list[subprocess.Popen[bytes]] = []

    def killing(seen: Any) -> Any:
        answer = calm(seen)
        if victims and len(tuning.seen) == at + 1:
            victims[0].kill()
            victims[0].wait()
        return answer

    tuning.reply = killing
    command = [sys.executable, "-m", "difyflow", *words]
    victims.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert victims[0].wait(timeout=60) == -9
    victims.clear()
    code, _, said = run(*words[1:])
    assert code == 0
    assert "was there already: not sent again" in said
    assert len(tuning.jobs) == 1
    assert tuning.count("POST", "/files") == 2


def test_without_the_package_the_extra_is_named(job: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    code, _, said = run("submit", job("compatible", "qwen"), "--base-url", "http://127.0.0.1:9/v1")
    assert (code, "pip install 'difyflow[tune]'" in said) == (2, True)
