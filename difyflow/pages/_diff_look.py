"""Style and script of the page of a diff: constants, so that the page's policy can name them."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
html, body { height: 100%; }
body { display: grid; grid-template-rows: auto minmax(220px, 48vh) 1fr; }
header { padding: 10px 18px; background: #fff; border-bottom: 1px solid #e9ebf0; display: flex;
  flex-wrap: wrap; gap: 4px 18px; align-items: baseline; }
header b { font-size: 16px; }
header span, .quiet { color: #676f83; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin: 0 5px 0 10px; }
.key .added { background: #17b26a; } .key .removed { background: #f04438; }
.key .changed { background: #f79009; } .key .renamed { background: #6172f3; }
.graphs { display: grid; grid-template-columns: 1fr 1fr; gap: 1px; background: #e9ebf0; min-height: 0; }
figure { margin: 0; position: relative; background: #f2f4f7; overflow: hidden; min-width: 0; min-height: 0; }
figcaption { position: absolute; left: 12px; top: 10px; background: #fff; border: 1px solid #e9ebf0;
  border-radius: 8px; padding: 2px 10px; max-width: calc(100% - 50px); overflow-wrap: anywhere; z-index: 1; }
figure svg { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: grab; }
figure svg.held { cursor: grabbing; }
.mark { fill-opacity: 0.1; stroke-width: 4; cursor: pointer; }
.mark.frame { fill-opacity: 0; pointer-events: stroke; }
.mark.added { fill: #17b26a; stroke: #17b26a; } .mark.removed { fill: #f04438; stroke: #f04438; }
.mark.changed { fill: #f79009; stroke: #f79009; } .mark.renamed { fill: #6172f3; stroke: #6172f3; }
.mark.chosen { stroke-width: 9; fill-opacity: 0.22; }
.wire { fill: none; stroke-width: 4; pointer-events: none; }
.wire.added { stroke: #17b26a; } .wire.removed { stroke: #f04438; stroke-dasharray: 9 6; }
main { overflow: auto; padding: 6px 18px 40px; background: #fff; }
h2 { font-size: 14px; margin: 18px 0 6px; color: #676f83; font-weight: 600; }
.breaking li { color: #b42318; }
article { border: 1px solid #e9ebf0; border-left: 4px solid #98a2b2; border-radius: 8px; margin: 6px 0;
  padding: 6px 12px; }
article.added { border-left-color: #17b26a; } article.removed { border-left-color: #f04438; }
article.changed { border-left-color: #f79009; } article.renamed { border-left-color: #6172f3; }
article.chosen { background: #f5f8ff; border-color: #528bff; }
article h3 { margin: 0; font-size: 14px; overflow-wrap: anywhere; }
article h3 button { padding: 2px 6px; margin: -2px -6px; font-weight: 600; text-align: left; }
article h3 span { font-weight: 400; color: #676f83; }
dl { margin: 4px 0 2px; }
dt { color: #676f83; font-size: 12px; margin-top: 6px; overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { margin: 2px 0; font: 12px/1.6 ui-monospace, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; background: #f9fafb; border-radius: 6px; padding: 4px 0; }
pre span { display: block; padding: 0 10px; min-height: 1.6em; }
pre .old { background: #fef3f2; } pre .new { background: #ecfdf3; } pre .both { background: #fffaeb; }
pre .gap { color: #98a2b2; }
del { background: #fecdca; text-decoration: line-through; }
ins { background: #a9efc5; text-decoration: none; }
@media (max-width: 760px) { .graphs { grid-template-columns: 1fr; grid-template-rows: 1fr 1fr; } }
"""

SCRIPT: Final = """
"use strict";
(() => {
  const views = [...document.querySelectorAll("figure svg")].map((svg) => {
    const ground = svg.querySelector(".ground");
    const box = svg.viewBox.baseVal;
    const all = { x: box.x, y: box.y, w: box.width, h: box.height };
    const view = { svg, x: 0, y: 0, zoom: 1 };      // canvas point at the upper left corner, scale
    view.show = () => {
      const w = svg.clientWidth / view.zoom, h = svg.clientHeight / view.zoom;
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
      for (const [name, value] of Object.entries({ x: view.x, y: view.y, width: w, height: h })) {
        ground.setAttribute(name, value);
      }
    };
    view.centre = (x, y) => {
      view.x = x - svg.clientWidth / view.zoom / 2;
      view.y = y - svg.clientHeight / view.zoom / 2;
      view.show();
    };
    view.fit = () => {
      view.zoom = Math.min(1, svg.clientWidth / all.w, svg.clientHeight / all.h) || 1;
      view.centre(all.x + all.w / 2, all.y + all.h / 2);
    };
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const edge = svg.getBoundingClientRect();
      const px = event.clientX - edge.left, py = event.clientY - edge.top;
      const step = event.deltaMode === 1 ? 16 : 1;  // lines or pixels
      const next = Math.min(4, Math.max(0.02, view.zoom * Math.exp(-event.deltaY * step * 0.0015)));
      view.x += px / view.zoom - px / next;
      view.y += py / view.zoom - py / next;
      view.zoom = next;
      view.show();
    }, { passive: false });
    let held = null, far = 0;
    svg.addEventListener("pointerdown", (event) => { held = event; far = 0; });
    svg.addEventListener("pointermove", (event) => {
      if (!held) return;
      const dx = event.clientX - held.clientX, dy = event.clientY - held.clientY;
      far += Math.abs(dx) + Math.abs(dy);
      if (far > 4) { svg.setPointerCapture(event.pointerId); svg.classList.add("held"); }
      view.x -= dx / view.zoom;
      view.y -= dy / view.zoom;
      held = event;
      view.show();
    });
    const drop = () => { held = null; svg.classList.remove("held"); };
    svg.addEventListener("pointerup", drop);
    svg.addEventListener("pointercancel", drop);
    view.dragged = () => far > 4;
    return view;
  });

  const choose = (number, fromGraph) => {
    for (const item of document.querySelectorAll(".chosen")) item.classList.remove("chosen");
    for (const view of views) {
      const mark = view.svg.querySelector(`.mark[data-entry="${number}"]`);
      if (!mark) continue;
      mark.classList.add("chosen");
      if (!fromGraph) {
        const box = mark.getBBox();
        view.zoom = Math.max(view.zoom, 0.45);
        view.centre(box.x + box.width / 2, box.y + box.height / 2);
      }
    }
    const found = document.querySelectorAll(`article[data-entry="${number}"]`);
    for (const article of found) article.classList.add("chosen");
    if (found.length && fromGraph) found[0].scrollIntoView({ block: "start" });
  };
  for (const view of views) {
    view.svg.addEventListener("click", (event) => {
      const mark = event.target.closest(".mark");
      if (mark && !view.dragged()) choose(mark.dataset.entry, true);
    });
  }
  document.querySelector("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose(button.closest("article").dataset.entry, false);
  });
  const fit = () => views.forEach((view) => view.fit());
  document.addEventListener("keydown", (event) => {
    if (event.key === "0" && !event.ctrlKey && !event.metaKey) fit();
  });
  window.addEventListener("resize", fit);
  fit();
})();
"""
