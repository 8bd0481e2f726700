"""A comparison as CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from difyflow.tune.compare import Answer, Comparison

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(found: Comparison) -> str:
    """A row for each question; a cell that a spreadsheet would take for a formula begins with a `'`."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    head = ["line", "system", "question", "reference"]
    for name, _ in found.models:
        head += [name, f"{name} similarity", f"{name} characters", f"{name} odd", f"{name} seconds"]
        head += [f"{name} judge"] if found.judge else []
    write.writerow(map(_safe, head))
    for row in found.rows:
        question = row.question
        cells: list[object] = [question.line, question.system, question.text, question.reference]
        for at, answer in enumerate(row.answers):
            cells += _cells(answer)
            cells += [(row.verdicts[at] if row.verdicts else None) or ""] if found.judge else []
        write.writerow(map(_safe, cells))
    return "\ufeff" + text.getvalue()


def _cells(answer: Answer) -> list[object]:
    reply, score = answer.reply, answer.score
    if reply is None or score is None:
        return [f"(error) {answer.error}", "", "", "", ""]
    similar = "" if score.similarity is None else round(score.similarity, 4)
    return [reply.text, similar, score.length, " ".join(score.flags), round(reply.took_s, 2)]


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
