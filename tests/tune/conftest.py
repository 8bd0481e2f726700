"""What the tests of fine-tuning share: a corpus with provenance, a prepared job, a service, no waiting."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from difyflow.tune._openai import Access, Patience
from difyflow.tune.jobs import Jobs
from difyflow.tune.prepare import Plan, prepare
from difyflow.tune.service import service

TRIGGER = "你是消防系统专家"


def sample(question: Any, answer: Any, trigger: Any = TRIGGER) -> Any:
    roles = (("system", trigger), ("user", question), ("assistant", answer))
    messages = [{"role": role, "content": content} for role, content in roles]
    return json.dumps({"messages": messages}, ensure_ascii=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Any:
    """`corpus(samples=40, documents=4, model="m")` writes a corpus with its provenance."""

    def write(samples: Any = 40, documents: Any = 4, model: Any = "m", name: str = "corpus.jsonl") -> Any:
        lines = [sample(f"第{n}个问题是什么?", f"第{n}个回答,讲的是灭火器。") for n in range(samples)]
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if documents:
            sources = [
                {
                    "line_sha256": hashlib.sha256(line.encode()).hexdigest(),
                    "model": model,
                    "documents": [f"doc{number % documents}.pdf"],
                }
                for number, line in enumerate(lines)
            ]
            text = "".join(f"{json.dumps(source)}\n" for source in sources)
            path.with_suffix(".provenance.jsonl").write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def plan(corpus: Any, tmp_path: Path) -> Any:
    """`plan(service="openai", ...)` is what to prepare."""

    def make(**changes: Any) -> Any:
        given: dict[str, Any] = {
            "corpus": None,
            "folder": tmp_path / "job",
            "service": "openai",
            "base": "gpt-4o-mini",
        }
        given |= changes
        given["corpus"] = given["corpus"] or corpus()
        return Plan(**given)

    return make


@pytest.fixture
def prepared(plan: Any) -> Any:
    """`prepared(...)` gives the folder and the job."""

    def make(**changes: Any) -> Any:
        wanted = plan(**changes)
        return wanted.folder, prepare(wanted).job

    return make


@pytest.fixture
def waits() -> Any:
    """The waits that were asked for, in seconds; none is made."""
    return []


@pytest.fixture
def patience(waits: Any) -> Any:
    return Patience(sleep=waits.append, tries=3)


@pytest.fixture
def tuning() -> Any:
    from loopback.fine_tuning import FineTuning

    with FineTuning() as server:
        yield server


@pytest.fixture
def jobs(tuning: Any, patience: Any) -> Any:
    access = Access(base_url=tuning.base_url, key="secret-key", key_env="OPENAI_API_KEY", read_s=2.0)
    with Jobs(access, service("openai"), patience) as found:
        yield found
