"""Answers of several models side by side, as a page; and without the models' names, for people to judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from difyflow.draw.xml import element
from difyflow.pages._page import page

_STYLE = """
main { max-width: 1600px; margin: 0 auto; padding: 20px 24px 60px; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 15px; margin: 0; white-space: pre-wrap; }
p.note, p.count { color: #676f83; margin: 4px 0; max-width: 100ch; }
.bar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 12px; align-items: center;
  padding: 10px 0; background: #f2f4f7; }
.bar input[type=search] { font: inherit; padding: 6px 10px; width: 280px; max-width: 100%;
  border: 1px solid #d0d5dc; border-radius: 8px; background: #fff; }
.bar button { background: #296dff; color: #fff; padding: 6px 12px; }
.bar button:hover { background: #155aef; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; background: #fff; border: 1px solid #e9ebf0; margin: 12px 0; }
th, td { padding: 6px 14px; text-align: right; border-bottom: 1px solid #f2f4f7; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; color: #495464; }
td:first-child { white-space: normal; min-width: 160px; }
td code { display: block; color: #676f83; font-size: 12px; overflow-wrap: anywhere; }
article { background: #fff; border: 1px solid #e9ebf0; border-radius: 10px; margin: 14px 0;
  padding: 14px 16px; scroll-margin-top: 60px; break-inside: avoid; }
article > header { display: flex; gap: 10px; } article > header span { color: #98a2b2; }
details { color: #676f83; margin: 6px 0 0; } details pre { margin: 4px 0; }
.cells { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); gap: 12px;
  margin-top: 12px; }
.cell { border: 1px solid #e9ebf0; border-radius: 8px; padding: 10px 12px; min-width: 0; }
.cell.reference { background: #f9fafb; } .cell.won { border-color: #17b26a; }
.cell.bad { border-color: #f04438; }
.cell b { display: block; margin-bottom: 4px; overflow-wrap: anywhere; }
pre { font: inherit; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.cell small { display: block; margin-top: 8px; color: #676f83; }
.cell.bad pre { color: #b42318; }
.vote { display: flex; flex-wrap: wrap; gap: 6px 18px; margin-top: 12px; } label { cursor: pointer; }
textarea { font: 12px/1.4 ui-monospace, monospace; width: 100%; height: 90px; box-sizing: border-box; }
[hidden] { display: none; }
@media print { .bar { display: none; } }
"""

_FILTER = """
"use strict";
(() => {
  const articles = [...document.querySelectorAll("article")];
  const texts = articles.map((one) => one.textContent.toLowerCase());
  const words = document.querySelector("input[type=search]");
  const odd = document.querySelector("#odd");
  const count = document.querySelector("output");
  const show = () => {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    articles.forEach((one, at) => {
      const fits = texts[at].includes(wanted) && (!odd || !odd.checked || one.classList.contains("odd"));
      one.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${articles.length} questions`;
  };
  words.addEventListener("input", show);
  if (odd) odd.addEventListener("change", show);
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, k: -1 }[event.key];
    if (!step || event.target.matches?.("input, textarea") || event.ctrlKey || event.metaKey) return;
    const open = articles.filter((one) => !one.hidden);
    const tops = open.map((one) => one.getBoundingClientRect().top - 61);
    const next = step > 0 ? tops.findIndex((top) => top > 1) : tops.findLastIndex((top) => top < -1);
    if (next >= 0) open[next].scrollIntoView();
  });
  show();
"""

_END = """
})();
"""

_VOTES = """
  const out = document.querySelector("textarea");
  const votes = () => {
    const found = {};
    for (const one of document.querySelectorAll("input[type=radio]:checked")) found[one.name] = one.value;
    return found;
  };
  const write = () => {
    const found = votes();
    out.value = JSON.stringify({ votes: found });
    document.querySelector("#done").textContent = `${Object.keys(found).length} judged`;
  };
  document.addEventListener("change", write);
  document.querySelector("#save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([out.value + "\\n"], { type: "application/json" }));
    link.download = "votes.json";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  write();
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A model: by which name people know it, its id, and its figures in the order of the page's heads."""

    name: str
    model: str
    figures: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """An answer: `about` are figures in a line, `bad` did not come, `won` is what a judge preferred."""

    text: str
    about: str = ""
    bad: bool = False
    won: bool = False
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question with the answers in the order of the columns; `key` names it in votes."""

    key: str
    question: str
    system: str = ""
    reference: str = ""
    cells: Sequence[Cell]


def comparison(
    title: str, heads: Sequence[str], columns: Sequence[Column], items: Sequence[Item], notes: Iterable[str]
) -> str:
    """The page of a comparison: totals, then each question with its answers; words filter, j and k step.

    Args:
        title: any text, as all texts here.
        heads: of the figures of the columns.
        columns: the models.
        items: the questions.
        notes: what the figures say and what they do not.
    """
    names = [column.name for column in columns]
    bar = _bar('<label><input type="checkbox" id="odd"> only where something is odd</label>')
    body = [
        element("h1", text=title),
        *(element("p", {"class": "note"}, text=note) for note in notes),
        element("div", {"class": "scroll"}, _totals(heads, columns)),
        bar,
        *(_article(number, item, names) for number, item in enumerate(items, 1)),
    ]
    return page(title, element("main", None, *body), style=_STYLE, script=_FILTER + _END)


def blind(title: str, items: Sequence[Item]) -> str:
    """A page on which people choose the better answer without knowing whose it is.

    Args:
        title: any text; it must not name a model.
        items: the questions; the cells in the order of their letters, with texts only.
    """
    note = (
        "Choose the better answer to each question. The models are hidden, and their order changes from "
        "question to question. Then save the votes, or copy the text at the end into a file."
    )
    bar = _bar('<button id="save">Save votes</button>', '<span id="done">0 judged</span>')
    articles = []
    for number, item in enumerate(items, 1):
        letters = [chr(ord("A") + at) for at in range(len(item.cells))]
        articles.append(_article(number, item, letters, _choices(item, letters)))
    body = [
        element("h1", text=title),
        element("p", {"class": "note"}, text=note),
        bar,
        *articles,
        '<textarea readonly aria-label="votes"></textarea>',
    ]
    return page(title, element("main", None, *body), style=_STYLE, script=_FILTER + _VOTES + _END)


def _bar(*more: str) -> str:
    find = '<input type="search" placeholder="words in question or answer" aria-label="filter">'
    return element("div", {"class": "bar"}, find, *more, "<output>&#160;</output>")


def _totals(heads: Sequence[str], columns: Sequence[Column]) -> str:
    top = element("tr", None, *(element("th", text=head or "\xa0") for head in ("model", *heads)))
    rows = []
    for column in columns:
        named = element("td", None, element("b", text=column.name), " ")
        if column.model != column.name:
            named = element(
                "td", None, element("b", text=column.name), " ", element("code", text=column.model)
            )
        figures = (element("td", text=figure or "\xa0") for figure in column.figures)
        rows.append(element("tr", None, named, *figures))
    return element("table", None, top, *rows)


def _article(number: int, item: Item, names: Sequence[str], *more: str) -> str:
    parts = [
        element(
            "header", None, element("span", text=str(number)), element("h2", text=item.question or "\xa0")
        )
    ]
    if item.system:
        parts.append(
            element(
                "details", None, element("summary", text="system message"), element("pre", text=item.system)
            )
        )
    cells = [_cell("reference", Cell(text=item.reference), "cell reference")] if item.reference else []
    for name, cell in zip(names, item.cells, strict=True):
        look = " ".join(["cell", *(["bad"] if cell.bad else []), *(["won"] if cell.won else [])])
        cells.append(_cell(name, cell, look))
    parts.append(element("div", {"class": "cells"}, *cells))
    odd = {"class": "odd"} if any(cell.odd or cell.bad for cell in item.cells) else None
    return element("article", odd, *parts, *more)


def _cell(name: str, cell: Cell, look: str) -> str:
    parts = [element("b", text=name), element("pre", text=cell.text or "(nothing)")]
    if cell.about:
        parts.append(element("small", text=cell.about))
    return element("section", {"class": look}, *parts)


def _choices(item: Item, letters: Sequence[str]) -> str:
    found = []
    for value, label in (*((letter, f"{letter} is better") for letter in letters), ("tie", "no difference")):
        radio = element("input", {"type": "radio", "name": item.key, "value": value})
        found.append(element("label", None, radio, " ", element("span", text=label)))
    return element("div", {"class": "vote"}, *found)
