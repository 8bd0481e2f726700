"""`difyflow finetune compare`: asks, lays side by side, writes what was told to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.cli import _exit, _show
from difyflow.cli._finetune import Place, access, patience, settings
from difyflow.errors import UsageError
from difyflow.pages import compare as pages
from difyflow.records.files import write_whole
from difyflow.tune.blind import blind_order, count_votes
from difyflow.tune.chat import Chat
from difyflow.tune.compare import Answer, Comparison, Row, Run, compare, names_of
from difyflow.tune.job import Job, read_job
from difyflow.tune.questions import Question, read_questions
from difyflow.tune.sheet import to_csv

if TYPE_CHECKING:
    from rich.table import Table

_ROWS = 20  # questions that the terminal shows
_CELL = 240  # characters of an answer there
_HEADS = ("answers", "similarity", "length", "odd", "seconds", "judge")
_NOTES = (
    "Similarity: how many pairs of characters an answer shares with the reference (F1, 0 to 1). It measures "
    "wording: a right answer in other words scores low, a wrong one in the same words scores high.",
    "Length: median, as a multiple of the reference. Odd: answers that are empty, cut off, repeat "
    "themselves, are in another language than the reference, or are no JSON where it is. "
    "None of these says that an answer is right.",
)
_WORDS = {"second": "won", "first": "lost", "tie": "tie", "split": "order decided"}
_JUDGED = (
    "Judge: {judge} compared each answer with that of {first}, twice, in both orders. Won and lost are those "
    "where it said the same both times; where the order decided, nobody won. A judge is a model, too, "
    "and may prefer what it would have written."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    folder: str
    models: str
    questions: str
    out: str | None
    limit: int | None
    pairs: tuple[str, ...]
    concurrency: int
    judge: str
    judge_base_url: str
    judge_key_env: str
    blind: bool
    votes: str | None
    base_url: str
    key_env: str
    format_: str


def run(options: Options) -> int:
    """Runs the command; 1 if an answer did not come.

    Raises:
        UsageError: no job, no such model, no questions, or a folder that takes no files.
        AuthError: the key was refused.
    """
    job = read_job(Path(options.folder))
    models = names_of(options.models.split(","), job.resolve)
    questions = read_questions(Path(options.questions), limit=options.limit)
    out = Path(options.out) if options.out else Path(options.folder) / "compare"
    if options.votes:
        return _tell_votes(Path(options.votes), out, dict((model, name) for name, model in models))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(out), code="not-writable"
        ) from err
    found = _asked(job, models, questions, out, options)
    if options.blind:
        _write_blind(found, job, out)
    else:
        _write(found, out)
    _tell(found, out, options)
    return _exit.FINDINGS if found.failed else _exit.FINE


def _asked(
    job: Job,
    models: tuple[tuple[str, str], ...],
    questions: Sequence[Question],
    out: Path,
    options: Options,
) -> Comparison:
    with ExitStack() as stack:
        place = access(job, Place(options.base_url, options.key_env), os.environ)
        chat = stack.enter_context(Chat(place, patience()))
        judge = None
        if options.judge_base_url or options.judge_key_env:
            at = Place(options.judge_base_url or place.base_url, options.judge_key_env)
            judge = stack.enter_context(Chat(access(job, at, os.environ), patience()))
        return compare(
            questions,
            Run(
                folder=out,
                models=models,
                chat=chat,
                settings=settings(options.pairs),
                concurrency=options.concurrency,
                judge=options.judge,
                judge_chat=judge,
                progress=_progress,
            ),
        )


def _progress(done: int, of: int) -> None:
    """A line that is written over; nothing where stderr is no terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {of} answers" + ("\n" if done == of else ""))
        sys.stderr.flush()


def _write(found: Comparison, out: Path) -> None:
    write_whole(out / "compare.csv", to_csv(found).encode("utf-8", "backslashreplace"))
    notes = [*_NOTES, *_judge_note(found)]
    columns = [
        pages.Column(name=name, model=model, figures=_figures(found, at))
        for at, (name, model) in enumerate(found.models)
    ]
    heads = _HEADS if found.judge else _HEADS[:-1]
    text = pages.comparison(
        "Comparison of models", heads, columns, [_item(row, found) for row in found.rows], notes
    )
    write_whole(out / "compare.html", text.encode())


def _write_blind(found: Comparison, job: Job, out: Path) -> None:
    items, orders = [], {}
    for row in found.rows:
        order = blind_order(row.question, job.mark, len(found.models))
        orders[row.question.key] = [found.models[at][1] for at in order]
        cells = [_blind_cell(row.answers[at]) for at in order]
        question = row.question
        items.append(
            pages.Item(key=question.key, question=question.text, system=question.system, cells=cells)
        )
    write_whole(out / "blind.html", pages.blind("Which answer is better?", items).encode())
    text = json.dumps({"orders": orders}, ensure_ascii=False, indent=2) + "\n"
    write_whole(out / "blind.key.json", text.encode())


def _blind_cell(answer: Answer) -> pages.Cell:
    if answer.reply is None:
        return pages.Cell(text="(no answer came)", bad=True)
    return pages.Cell(text=answer.reply.text)


def _item(row: Row, found: Comparison) -> pages.Item:
    cells = []
    for at, answer in enumerate(row.answers):
        verdict = row.verdicts[at] if row.verdicts else None
        if answer.reply is None:
            cells.append(pages.Cell(text=answer.error, bad=True))
            continue
        odd = bool(answer.score and answer.score.flags)
        about = [*_about(answer), *([f"judge: {_said(verdict, found)}"] if verdict else [])]
        cells.append(
            pages.Cell(text=answer.reply.text, about=" · ".join(about), won=verdict == "second", odd=odd)
        )
    question = row.question
    return pages.Item(
        key=question.key,
        question=question.text,
        system=question.system,
        reference=question.reference,
        cells=cells,
    )


def _said(verdict: str, found: Comparison) -> str:
    first = found.models[0][0]
    words = {
        "first": f"worse than {first}",
        "second": f"better than {first}",
        "tie": "no difference",
        "split": "the order decided",
        "unreadable": "said neither",
    }
    return words[verdict]


def _about(answer: Answer) -> Iterator[str]:
    score, reply = answer.score, answer.reply
    if score is None or reply is None:
        return
    if score.similarity is not None:
        yield f"similarity {score.similarity:.2f}"
    yield f"{score.length} characters"
    yield f"{reply.took_s:.1f} s"
    yield from score.flags


def _figures(found: Comparison, at: int) -> list[str]:
    total = found.totals[at]
    failed = len(found.rows) - total.answers
    odd = ", ".join(f"{count} {flag}" for flag, count in total.flags.items())
    return [
        f"{total.answers}{f', {failed} failed' if failed else ''}",
        "" if total.similarity is None else f"{total.similarity:.2f}",
        "" if total.ratio is None else f"× {total.ratio:.2f}",
        odd or "none",
        "" if total.took_s is None else f"{total.took_s:.1f}",
        *([_verdicts(found, at)] if found.judge else []),
    ]


def _verdicts(found: Comparison, at: int) -> str:
    if at == 0:
        return "the one compared with"
    counts = found.verdicts[at - 1]
    words = {**_WORDS, **{key: key.replace("-", " ") for key in counts if key not in _WORDS}}
    return ", ".join(f"{counts[key]} {name}" for key, name in words.items() if counts.get(key))


def _judge_note(found: Comparison) -> list[str]:
    if not found.judge:
        return []
    return [_JUDGED.format(judge=found.judge, first=found.models[0][0])]


def _tell(found: Comparison, out: Path, options: Options) -> None:
    if options.format_ == "json":
        _show.write_text(json.dumps(_report(found, out, options), ensure_ascii=False, indent=2) + "\n")
        return
    if options.blind:
        _show.note(
            f"{len(found.rows)} questions: {out / 'blind.html'}; whose is whose stands in blind.key.json"
        )
        _show.note("count the votes with: --votes votes.json")
    else:
        _table(found)
        for note in (*_NOTES, *_judge_note(found)):
            _show.note(note)
        _show.note(f"wrote {out / 'compare.csv'} and {out / 'compare.html'}")
    for row in found.rows[:_ROWS]:
        for (name, _), answer in zip(found.models, row.answers, strict=True):
            if answer.reply is None and not options.blind:
                _show.note(f"line {row.question.line}, {name}: {answer.error}")
    if found.failed:
        _show.note(f"answers that did not come: {found.failed}; the same command asks for them again")


def _table(found: Comparison) -> None:
    """Totals and the first questions, side by side, on standard output."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    console = Console(width=wide, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        for row in found.rows[:_ROWS]:
            console.print(_row_table(row, found))
        if len(found.rows) > _ROWS:
            console.print(f"and {len(found.rows) - _ROWS} more questions")
        console.print(_totals_table(found))
    _show.write_text(shown.get())


def _row_table(row: Row, found: Comparison) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(_short(row.question.text)), title_justify="left", expand=True)
    texts = [_short(row.question.reference)] if row.question.reference else []
    if texts:
        table.add_column(Text("reference"), overflow="fold")
    for at, (name, _) in enumerate(found.models):
        table.add_column(Text(name), overflow="fold")
        answer = row.answers[at]
        said = f"(error) {answer.error}" if answer.reply is None else answer.reply.text
        texts.append(f"{_short(said)}\n\n{', '.join(_about(answer))}".rstrip())
    table.add_row(*(Text(text) for text in texts))
    return table


def _totals_table(found: Comparison) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text("All questions"), title_justify="left")
    for head in ("model", *(_HEADS if found.judge else _HEADS[:-1])):
        table.add_column(Text(head))
    for at, (name, _) in enumerate(found.models):
        table.add_row(Text(name), *(Text(figure) for figure in _figures(found, at)))
    return table


def _short(text: str) -> str:
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= _CELL else plain[: _CELL - 1] + "…"


def _report(found: Comparison, out: Path, options: Options) -> dict[str, object]:
    if options.blind:
        return {"questions": len(found.rows), "failed": found.failed, "page": str(out / "blind.html")}
    models = []
    for at, (name, model) in enumerate(found.models):
        total = found.totals[at]
        one: dict[str, object] = {
            "name": name,
            "model": model,
            "answers": total.answers,
            "similarity": total.similarity,
            "length_ratio": total.ratio,
            "odd": total.flags,
            "took_s": total.took_s,
        }
        if found.judge and at:
            one["judge"] = {_WORDS.get(key, key): count for key, count in found.verdicts[at - 1].items()}
        models.append(one)
    return {
        "questions": len(found.rows),
        "failed": found.failed,
        "judge": found.judge or None,
        "models": models,
        "files": [str(out / "compare.csv"), str(out / "compare.html")],
    }


def _tell_votes(path: Path, out: Path, names: Mapping[str, str]) -> int:
    orders = _read(out / "blind.key.json", "orders", "make the page first, with --blind")
    votes = _read(path, "votes", "it is what the blind page saves")
    if not all(isinstance(order, list) for order in orders.values()):
        raise UsageError("is no key of a blind page", path=str(out / "blind.key.json"), code="votes")
    counts, ties, odd = count_votes({key: str(value) for key, value in votes.items()}, orders)
    for model, count in sorted(counts.items(), key=lambda item: -item[1]):
        _show.write_text(f"{count}  {names.get(model, model)}\n")
    _show.write_text(f"{ties}  no difference\n")
    if odd:
        _show.note(f"{len(odd)} votes belong to no question of this page: {', '.join(odd[:5])}")
    return _exit.FINE


def _read(path: Path, name: str, hint: str) -> dict[str, list[str]]:
    """A mapping in a JSON file.

    Raises:
        UsageError: there is none.
    """
    try:
        found = json.loads(path.read_bytes())[name]
    except OSError as err:
        raise UsageError(f"cannot be read: {err.strerror or err}", path=str(path), hint=hint) from err
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise UsageError(f"holds no {name}", path=str(path), code="votes", hint=hint) from err
    if not isinstance(found, dict):
        raise UsageError(f"holds no {name}", path=str(path), code="votes", hint=hint)
    return found
