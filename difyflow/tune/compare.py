"""The same questions to several models, at the same time, and once only.

Each answer goes to a log before it counts, so a comparison that is broken off goes on where it was. A judge,
if one is named, sees each pair of answers twice, in both orders: where it does not say the same both times,
the place decided and not the answer, and nobody wins.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from difyflow.errors import AuthError, DifyflowError, UsageError
from difyflow.tune._log import Log
from difyflow.tune.chat import Chat, Reply
from difyflow.tune.judge import INSTRUCTIONS, Verdict, judge_prompt, verdict, word
from difyflow.tune.questions import Question, digest
from difyflow.tune.scores import Score, Total, score, total

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one model said to one question; `error` if it said nothing."""

    model: str
    reply: Reply | None = None
    error: str = ""
    score: Score | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question and the answers in the order of the models; `verdicts` are against the first one's."""

    question: Question
    answers: tuple[Answer, ...]
    verdicts: tuple[Verdict | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A whole comparison.

    Attributes:
        models: names by which people know them, and ids, in order.
        totals: by model, in order.
        verdicts: how often each verdict was given, for each model but the first.
    """

    models: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    judge: str = ""
    verdicts: tuple[Mapping[str, int], ...] = ()

    @property
    def failed(self) -> int:
        """Answers that did not come."""
        return sum(answer.reply is None for row in self.rows for answer in row.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a comparison is made.

    Attributes:
        folder: of the answers, which exists.
        models: (name, id) of each.
        chat: where the models are asked.
        settings: for all of them: temperature, max_tokens, ...
        concurrency: questions under way at a time.
        judge: model that compares; empty = none.
        judge_chat: where it is asked; None = where the others are.
        progress: told (done, of) after each answer.
    """

    folder: Path
    models: tuple[tuple[str, str], ...]
    chat: Chat
    settings: Mapping[str, object] = field(default_factory=dict)
    concurrency: int = 4
    judge: str = ""
    judge_chat: Chat | None = None
    progress: Callable[[int, int], None] = lambda done, of: None  # noqa: ARG005


def compare(questions: Sequence[Question], run: Run) -> Comparison:
    """Asks all models all questions and lays the answers side by side.

    Raises:
        AuthError: the key was refused; what was answered before lies in the log.
        UsageError: the log cannot be read or written.
    """
    log = Log(run.folder / "answers.jsonl", ("question", "model", "settings"))
    settings = digest(json.dumps(run.settings, sort_keys=True, default=str))
    work = [(question, model) for question in questions for _, model in run.models]

    def ask(item: tuple[Question, str]) -> Answer:
        question, model = item
        return _answer(question, model, settings, run, log)

    found = iter(_each(work, ask, run.concurrency, run.progress))
    rows = [Row(question=question, answers=tuple(next(found) for _ in run.models)) for question in questions]
    if run.judge:
        rows = _judged(rows, run)
    return _comparison(tuple(rows), run)


def _answer(question: Question, model: str, settings: str, run: Run, log: Log) -> Answer:
    known = log.get(question.key, model, settings)
    reply = _reply(known)
    if reply is None:
        try:
            reply = run.chat.ask(model, question.messages, run.settings)
        except (AuthError, UsageError):
            raise
        except DifyflowError as err:
            return Answer(model=model, error=" ".join(err.message.split()))
        log.add(
            {
                "question": question.key,
                "model": model,
                "settings": settings,
                "text": reply.text,
                "finish_reason": reply.finish_reason,
                "tokens": reply.tokens,
                "took_s": round(reply.took_s, 3),
            }
        )
    found = score(reply.text, question.reference, finish_reason=reply.finish_reason)
    return Answer(model=model, reply=reply, score=found)


def _reply(record: Mapping[str, object] | None) -> Reply | None:
    """The reply in a record of the log; None if it holds none."""
    if record is None or not isinstance(record.get("text"), str):
        return None
    tokens, took = record.get("tokens"), record.get("took_s")
    return Reply(
        text=str(record["text"]),
        finish_reason=str(record.get("finish_reason") or ""),
        tokens=tokens if isinstance(tokens, int) else None,
        took_s=float(took) if isinstance(took, int | float) else 0.0,
    )


def _each(
    items: Sequence[Item], call: Callable[[Item], Result], most: int, progress: Callable[[int, int], None]
) -> list[Result]:
    """The results in the order of the items; a fault that is raised ends it, what runs is waited for."""
    results: dict[int, Result] = {}
    waiting: dict[Future[Result], int] = {}
    left = iter(enumerate(items))
    with ThreadPoolExecutor(max_workers=most) as pool:
        while True:
            for index, item in _few(left, most - len(waiting)):
                waiting[pool.submit(call, item)] = index
            if not waiting:
                break
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                results[waiting.pop(done)] = done.result()
                progress(len(results), len(items))
    return [results[index] for index in range(len(items))]


def _few(left: Iterator[tuple[int, Item]], count: int) -> Iterator[tuple[int, Item]]:
    for _ in range(count):
        item = next(left, None)
        if item is None:
            return
        yield item


def _judged(rows: Sequence[Row], run: Run) -> list[Row]:
    log = Log(run.folder / "judge.jsonl", ("pair", "judge"))
    work = [
        (row, at, swapped) for row in rows for at in range(1, len(run.models)) for swapped in (False, True)
    ]

    def ask(item: tuple[Row, int, bool]) -> str:
        row, at, swapped = item
        first, second = row.answers[0].reply, row.answers[at].reply
        if first is None or second is None:
            return ""
        pair = (second.text, first.text) if swapped else (first.text, second.text)
        return _word(row.question, pair, run, log)

    words = iter(_each(work, ask, run.concurrency, lambda done, of: None))  # noqa: ARG005
    judged = []
    for row in rows:
        verdicts = tuple(verdict(next(words), next(words)) for _ in run.models[1:])
        judged.append(Row(question=row.question, answers=row.answers, verdicts=(None, *verdicts)))
    return judged


def _word(question: Question, pair: tuple[str, str], run: Run, log: Log) -> str:
    """What the judge says about a pair in this order: A, B, TIE, or `?`; empty if it could not be asked."""
    text = judge_prompt(question, pair)
    key = digest(text)
    known = log.get(key, run.judge)
    if known is not None and isinstance(known.get("said"), str):
        return word(known["said"])
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]
    try:
        reply = (run.judge_chat or run.chat).ask(run.judge, messages, {"temperature": 0})
    except (AuthError, UsageError):
        raise
    except DifyflowError:
        return ""
    log.add({"pair": key, "judge": run.judge, "said": reply.text})
    return word(reply.text)


def _comparison(rows: tuple[Row, ...], run: Run) -> Comparison:
    totals = []
    for at in range(len(run.models)):
        answers = [row.answers[at] for row in rows]
        scores = [item.score for item in answers if item.score is not None]
        totals.append(total(scores, [item.reply.took_s for item in answers if item.reply is not None]))
    verdicts: list[Mapping[str, int]] = []
    for at in range(1, len(run.models) if run.judge else 1):
        verdicts.append(Counter(row.verdicts[at] or "not-asked" for row in rows))
    return Comparison(
        models=run.models, rows=rows, totals=tuple(totals), judge=run.judge, verdicts=tuple(verdicts)
    )


def names_of(models: Iterable[str], resolve: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """(name, id) of models, each once.

    Raises:
        UsageError: fewer than one, or the same model under two names.
    """
    found = tuple((name, resolve(name)) for name in dict.fromkeys(item.strip() for item in models) if name)
    ids = [model for _, model in found]
    if not ids:
        raise UsageError("no model is named", hint="--models base,ckpt1")
    twice = [model for model, count in Counter(ids).items() if count > 1]
    if twice:
        raise UsageError(
            f"{twice[0]} is named twice", hint="a model is compared with others, not with itself"
        )
    return found
