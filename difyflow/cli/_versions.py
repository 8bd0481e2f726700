"""Shows which Dify releases take a file: a table for people, JSON for scripts."""

from __future__ import annotations

from difyflow.dsl.compatibility import Report
from difyflow.dsl.imports import Answer
from difyflow.dsl.releases import NO_VERSION
from difyflow.nodes._record import Newcomer

_OTHER_KINDS = {
    "rag_pipeline": "It is a knowledge pipeline: import it under Knowledge, from Dify 1.9 on.",
    "snippet": "It is a snippet: import it among the snippets, from Dify 1.15 on.",
}


def to_text(report: Report) -> str:
    """The report as a table."""
    lines = [_head(report), ""]
    rows = [("Dify", "DSL", "an import there")]
    for answer in report.answers:
        rows.append((str(answer.releases), answer.releases.dsl, _in_words(report, answer)))
    width = max(len(row[0]) for row in rows)
    lines += [f"  {first:<{width}}  {dsl:<5}  {words}" for first, dsl, words in rows]
    seen = ", ".join(str(item.releases) for item in report.answers if item.releases.known.startswith("rec"))
    lines += ["", f"Recorded from servers: {seen}. The rest follows from code and documentation."]
    lines += ["", *_needs(report)]
    if report.kind in _OTHER_KINDS:
        lines.append(_OTHER_KINDS[report.kind])
    return "\n".join(lines).rstrip() + "\n"


def to_json(report: Report) -> dict[str, object]:
    """The report as plain data; `known` says where an answer is known from."""
    return {
        "file": report.file,
        "version": report.version,
        "written_by": [str(item) for item in report.written_by],
        "kind": report.kind,
        "mode": report.mode,
        "runs_since": report.runs_since,
        "answers": [
            {
                "dify": str(answer.releases),
                "dsl": answer.releases.dsl,
                "known": answer.releases.known,
                "status": answer.status,
                "confirmed": answer.confirmed,
                "error": answer.error,
                "unknown": [_shown(item) for item in report.unknown_to(answer.releases)],
            }
            for answer in report.answers
        ],
        "needs": [{"since": item.since, **_shown(item)} for item in report.needs],
    }


def _shown(item: Newcomer) -> dict[str, object]:
    return {"what": item.what, "path": list(item.path)}


def _head(report: Report) -> str:
    version = report.version or f"no version, read as {NO_VERSION}"
    writers = " and ".join(str(item) for item in report.written_by)
    written = f" (written by Dify {writers})" if writers and report.version else ""
    parts = [f"{report.file}: DSL {version}{written}", report.mode or report.kind]
    if report.app is not None and report.app.nodes:
        parts.append(f"{len(report.app.nodes)} nodes")
    return ", ".join(part for part in parts if part)


def _in_words(report: Report, answer: Answer) -> str:
    words = str(answer.status)
    if answer.confirmed:
        words += f", and {answer.confirmed} when confirmed"
    if answer.error:
        words += f": {answer.error}"
    elif unknown := report.unknown_to(answer.releases):
        words += f"; {len(unknown)} {'thing is' if len(unknown) == 1 else 'things are'} newer than it"
    return words


def _needs(report: Report) -> list[str]:
    if not report.needs:
        return ["Nothing in it needs a newer Dify than 0.6.0."] if report.app else []
    groups: dict[tuple[str, str], list[str]] = {}
    for item in report.needs:
        groups.setdefault((item.since, item.what), []).append(report.place(item))
    lines = [f"All of it is known since Dify {report.runs_since}:"]
    for (since, what), places in groups.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        lines.append(f"  {since:<7} {what}  ({places[0]}{more})")
    return lines
