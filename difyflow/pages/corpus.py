"""A corpus as a page: charts, and its samples to page through, filtered by finding and by text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from difyflow.corpus.coverage import Covered
from difyflow.corpus.findings import Finding
from difyflow.corpus.samples import Turn
from difyflow.corpus.stats import UNKNOWN, Spread, Stats
from difyflow.draw.xml import element
from difyflow.pages import _charts as charts
from difyflow.pages._page import page

_STYLE = """
main { max-width: 1180px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 22px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 28px 0 8px; }
.about, .note { color: #676f83; margin: 0 0 16px; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 20px; padding: 0; list-style: none; }
.facts li { background: #fff; border: 1px solid #e9ebf0; border-radius: 10px; padding: 8px 14px; }
.facts b { display: block; font-size: 18px; overflow-wrap: anywhere; }
.facts span { color: #676f83; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(520px, 100%), 1fr));
  gap: 0 16px; align-items: start; }
.parts { list-style: none; margin: 4px 0 0; padding: 0; display: flex; gap: 2px; }
.parts li { flex: 1; min-width: 6px; height: 22px; border-radius: 3px; background: #e9ebf0; }
.parts .some { background: #84adff; } .parts .many { background: #155eef; }
.doc { background: #fff; border: 1px solid #e9ebf0; border-radius: 10px; padding: 10px 14px;
  margin: 0 0 10px; }
.doc details { color: #676f83; font-size: 12px; margin-top: 6px; }
.doc ol { margin: 4px 0; padding-left: 28px; }
.bar { position: sticky; top: 0; background: #f2f4f7; padding: 10px 0; display: flex; flex-wrap: wrap;
  gap: 8px; align-items: center; z-index: 1; }
.bar input, .bar select { font: inherit; color: inherit; padding: 5px 8px; border: 1px solid #d0d5dc;
  border-radius: 6px; background: #fff; max-width: 100%; }
.bar input { flex: 1; min-width: 140px; }
.bar button { border: 1px solid #d0d5dc; background: #fff; padding: 5px 10px; }
.bar button:disabled { color: #98a2b2; cursor: default; }
.sample { background: #fff; border: 1px solid #e9ebf0; border-radius: 10px; padding: 10px 14px;
  margin: 0 0 12px; }
.sample .head { color: #676f83; font-size: 12px; margin: 0 0 6px; overflow-wrap: anywhere; }
.turn { display: grid; grid-template-columns: 76px 1fr; gap: 0 10px; padding: 4px 0; }
.turn b { color: #676f83; font-weight: 500; }
.turn p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.turn.user p { font-weight: 600; } .turn.system p, .turn.rejected p { color: #676f83; }
.found { margin: 6px 0 0; padding: 0; list-style: none; font-size: 13px; }
.found li { overflow-wrap: anywhere; }
.found li::before { content: "●"; margin-right: 6px; color: #98a2b2; }
.found .error::before { color: #d92d20; } .found .warning::before { color: #f79009; }
@media print { .bar { display: none; } }
"""

_SCRIPT = """
"use strict";
(() => {
  const samples = JSON.parse(document.querySelector("#data").textContent);
  const list = document.querySelector("#list");
  const where = document.querySelector("#where");
  const rule = document.querySelector("#rule");
  const text = document.querySelector("#text");
  const back = document.querySelector("#back"), next = document.querySelector("#next");
  const SIZE = 20;
  let chosen = samples, at = 0;

  const make = (tag, name, said) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (said !== undefined) node.textContent = said;
    return node;
  };
  const turn = (role, content) => {
    const row = make("div", "turn " + role);
    row.append(make("b", "", role), make("p", "", content));
    return row;
  };
  const card = (one) => {
    const node = make("article", "sample");
    node.append(make("p", "head", "line " + one.line + (one.from ? " · " + one.from : "")));
    for (const [role, content] of one.turns) node.append(turn(role, content));
    if (one.found.length) {
      const found = make("ul", "found");
      for (const [severity, id, message] of one.found) {
        found.append(make("li", severity, id + ": " + message));
      }
      node.append(found);
    }
    return node;
  };
  const show = () => {
    list.replaceChildren(...chosen.slice(at, at + SIZE).map(card));
    const last = Math.min(at + SIZE, chosen.length);
    where.textContent = chosen.length ? `${at + 1}–${last} of ${chosen.length}` : "none";
    back.disabled = at === 0;
    next.disabled = last >= chosen.length;
  };
  const fits = (one) => {
    const wanted = rule.value;
    if (wanted === "*" ? !one.found.length : wanted && !one.found.some((found) => found[1] === wanted)) {
      return false;
    }
    const said = text.value.trim().toLowerCase();
    return !said || one.turns.some((pair) => pair[1].toLowerCase().includes(said));
  };
  const choose = () => { chosen = samples.filter(fits); at = 0; show(); };
  const go = (by) => {
    at = Math.max(0, at + by);
    show();
    document.querySelector("#samples").scrollIntoView();
  };

  rule.addEventListener("change", choose);
  text.addEventListener("input", choose);
  back.addEventListener("click", () => go(-SIZE));
  next.addEventListener("click", () => go(SIZE));
  show();
})();
"""
_MOST_DOCUMENTS = 40
_LONGEST = 4000
"""Characters of a message that are shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A sample on the page."""

    line: int
    turns: tuple[Turn, ...]
    rejected: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] = ()
    documents: tuple[str, ...] = ()


def report(
    stats: Stats, samples: Sequence[Shown], *, title: str, whole: Sequence[Finding] = (), left_out: int = 0
) -> str:
    """The whole page; it loads nothing.

    Args:
        stats: of the whole corpus.
        samples: those to page through, in the order of the file.
        title: name of the corpus.
        whole: findings about the whole file.
        left_out: samples that are not on the page.
    """
    counts = Counter(finding.id for one in samples for finding in one.findings)
    parts = [
        element("h1", text=title),
        element("p", {"class": "about"}, text=_about(stats)),
        element("ul", {"class": "facts"}, *(_fact(name, value) for name, value in _facts(stats))),
        *(element("p", {"class": "note"}, text=f"{one.severity}: {one.message}") for one in whole),
        element("div", {"class": "charts"}, *_drawn(stats, counts)),
        *_documents(stats),
        element("h2", {"id": "samples"}, text="Samples"),
        *_left_out(left_out, len(samples)),
        _bar(counts),
        element("div", {"id": "list"}, text=" "),
        element("noscript", text="The samples are shown by a script, which this browser does not run."),
        f'<script type="application/json" id="data">{_data(samples)}</script>',
    ]
    return page(title, element("main", None, *parts), style=charts.STYLE + _STYLE, script=_SCRIPT)


def _about(stats: Stats) -> str:
    trigger = f"system text of most: {stats.trigger[:120]}" if stats.trigger else "most have no system text"
    other = f" ({stats.systems} different ones)" if stats.systems > 1 else ""
    return f"{trigger}{other}; tokens: {stats.tokens_how}"


def _facts(stats: Stats) -> Iterator[tuple[str, str]]:
    yield "samples", f"{stats.samples:,}"
    if stats.unread:
        yield "lines that are none", f"{stats.unread:,}"
    total, about = sum(stats.tokens), "" if stats.tokens_exact else "about "
    yield "tokens", f"{about}{total:,}"
    yield "of them learned", f"{about}{stats.learned:,}"
    yield "characters of an answer, median", f"{Spread.of(stats.lengths['answer']).median:,}"
    yield "duplicates", f"{stats.exact + stats.normalised + (stats.near or 0):,}"
    if stats.price is not None:
        epochs = f"{stats.price.epochs} epoch{'s' * (stats.price.epochs != 1)}"
        yield f"for {epochs}, by your price", f"{about}{stats.cost_shown}"


def _fact(name: str, value: str) -> str:
    return element("li", None, element("b", text=value), element("span", text=name))


def _drawn(stats: Stats, counts: Mapping[str, int]) -> Iterator[str]:
    yield charts.histogram("Characters of a question", list(map(float, stats.lengths["question"])))
    yield charts.histogram("Characters of an answer", list(map(float, stats.lengths["answer"])))
    yield charts.histogram(f"Tokens of a sample ({stats.tokens_how})", list(map(float, stats.tokens)))
    yield charts.bars(
        "Answers by language", [(name, float(count)) for name, count in stats.languages.items()]
    )
    pairs = [
        (f"{count} answers" if count != 1 else "1 answer", number) for count, number in stats.pairs.items()
    ]
    if len(pairs) > 1:
        yield charts.bars("Samples by turns", [(name, float(count)) for name, count in sorted(pairs)])
    doubles = {"exact": stats.exact, "normalised": stats.normalised, "near": stats.near or 0}
    if any(doubles.values()):
        yield charts.bars(
            "Duplicates", [(name, float(count)) for name, count in doubles.items()], look="warn"
        )
    if counts:
        order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        yield charts.bars("Samples by finding", [(name, float(count)) for name, count in order], look="warn")
    if set(stats.documents) - {UNKNOWN}:
        shown = list(stats.documents.items())[:_MOST_DOCUMENTS]
        yield charts.bars("Samples by document", [(name, float(count)) for name, count in shown])


def _documents(stats: Stats) -> Iterator[str]:
    if not stats.coverage:
        return
    yield element("h2", text="Which parts of the documents gave samples")
    for one in stats.coverage[:_MOST_DOCUMENTS]:
        yield _document(one)
    if stats.elsewhere:
        yield element("p", {"class": "note"}, text=f"{stats.elsewhere:,} samples stand in none of them")


def _document(one: Covered) -> str:
    cells = [
        element(
            "li",
            {
                "class": "many" if part.samples > 2 else "some" if part.samples else "none",
                "title": f"characters {part.start:,} to {part.end:,}: {part.samples} samples",
            },
            text=" ",
        )
        for part in one.parts
    ]
    empty = [part for part in one.parts if not part.samples]
    said = f"{one.name}: {one.samples} samples from {one.share:.0%} of its {len(one.parts)} parts"
    more = []
    if empty:
        items = [element("li", text=f"from character {part.start:,}: {part.begins}…") for part in empty]
        more = [
            element("details", None, element("summary", text="Parts without"), element("ol", None, *items))
        ]
    return element(
        "div", {"class": "doc"}, element("b", text=said), element("ul", {"class": "parts"}, *cells), *more
    )


def _left_out(left_out: int, shown: int) -> Iterator[str]:
    if left_out:
        text = f"{shown:,} of {shown + left_out:,} samples are on this page; those with findings come first."
        yield element("p", {"class": "note"}, text=text)


def _bar(counts: Mapping[str, int]) -> str:
    options = [element("option", {"value": ""}, text="all samples")]
    if counts:
        options.append(element("option", {"value": "*"}, text="with any finding"))
    options += [
        element("option", {"value": name}, text=f"{name} ({count:,})")
        for name, count in sorted(counts.items())
    ]
    return element(
        "div",
        {"class": "bar"},
        element("select", {"id": "rule", "aria-label": "Finding"}, *options),
        element("input", {"id": "text", "type": "search", "placeholder": "Text", "aria-label": "Text"}),
        element("button", {"id": "back"}, text="Back"),
        element("output", {"id": "where"}, text=" "),
        element("button", {"id": "next"}, text="Next"),
    )


def _data(samples: Iterable[Shown]) -> str:
    """The samples as JSON that cannot end the element it stands in."""
    values = [
        {
            "line": one.line,
            "from": ", ".join(one.documents),
            "turns": [
                *([turn.role, _content(turn)] for turn in one.turns),
                *(["rejected", _content(turn)] for turn in one.rejected),
            ],
            "found": [[finding.severity, finding.id, finding.message] for finding in one.findings],
        }
        for one in samples
    ]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode("utf-8", "backslashreplace").decode()


def _content(turn: Turn) -> str:
    text = turn.content if turn.content is not None else json.dumps(dict(turn.extra), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
