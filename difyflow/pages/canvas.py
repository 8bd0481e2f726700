"""An app's canvas as a page that pans, zooms and fits, without a network."""

from __future__ import annotations

from difyflow.draw.formats.svg import picture
from difyflow.draw.xml import element
from difyflow.dsl.app import App
from difyflow.pages._page import page

_STYLE = """
html, body { height: 100%; overflow: hidden; }
svg { position: fixed; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: grab; }
svg.held { cursor: grabbing; }
header, nav { position: fixed; left: 16px; background: #fff; border: 1px solid #e9ebf0; border-radius: 10px;
  box-shadow: 0 2px 6px rgb(16 24 40 / 8%); }
header { top: 16px; padding: 6px 12px; max-width: calc(100% - 58px); }
header b { margin-right: 8px; }
header span { color: #676f83; }
nav { bottom: 16px; padding: 4px; display: flex; align-items: center; }
nav button { min-width: 32px; height: 32px; }
nav output { min-width: 52px; text-align: center; color: #676f83; }
@media print { nav { display: none; } }
"""

_SCRIPT = """
"use strict";
(() => {
  const svg = document.querySelector("svg");
  const ground = svg.querySelector(".ground");
  const shown = document.querySelector("output");
  const all = { x: svg.viewBox.baseVal.x, y: svg.viewBox.baseVal.y,
                w: svg.viewBox.baseVal.width, h: svg.viewBox.baseVal.height };
  let x = 0, y = 0, zoom = 1;                       // canvas point at the upper left corner, scale

  const show = () => {
    const w = svg.clientWidth / zoom, h = svg.clientHeight / zoom;
    svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    for (const [name, value] of Object.entries({ x, y, width: w, height: h })) {
      ground.setAttribute(name, value);
    }
    shown.textContent = `${Math.round(zoom * 100)}%`;
  };
  const scale = (to, px, py) => {                   // keeps the point under (px, py) where it is
    const next = Math.min(4, Math.max(0.02, to));
    x += px / zoom - px / next;
    y += py / zoom - py / next;
    zoom = next;
    show();
  };
  const middle = (factor) => scale(zoom * factor, svg.clientWidth / 2, svg.clientHeight / 2);
  const fit = () => {
    zoom = Math.min(1.2, svg.clientWidth / all.w, svg.clientHeight / all.h) || 1;
    x = all.x + all.w / 2 - svg.clientWidth / zoom / 2;
    y = all.y + all.h / 2 - svg.clientHeight / zoom / 2;
    show();
  };
  const move = (dx, dy) => { x -= dx / zoom; y -= dy / zoom; show(); };

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaMode === 1 ? 16 : 1;    // lines or pixels
    scale(zoom * Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.01 : 0.0015)),
          event.clientX, event.clientY);
  }, { passive: false });

  const held = new Map();                           // fingers or mouse buttons that are down
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
    svg.classList.add("held");
  });
  svg.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const other = [...held.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      scale(zoom * far(event) / far(before), other.clientX, other.clientY);
    } else {
      move(event.clientX - before.clientX, event.clientY - before.clientY);
    }
    held.set(event.pointerId, event);
  });
  const drop = (event) => {
    held.delete(event.pointerId);
    if (!held.size) svg.classList.remove("held");
  };
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", drop);

  const keys = {
    "+": () => middle(1.25), "=": () => middle(1.25), "-": () => middle(0.8), "0": fit,
    ArrowLeft: () => move(80, 0), ArrowRight: () => move(-80, 0),
    ArrowUp: () => move(0, 80), ArrowDown: () => move(0, -80),
  };
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  document.querySelector("#out").addEventListener("click", () => middle(0.8));
  document.querySelector("#in").addEventListener("click", () => middle(1.25));
  document.querySelector("#fit").addEventListener("click", fit);
  let wide = svg.clientWidth, high = svg.clientHeight;
  window.addEventListener("resize", () => {
    x += (wide - svg.clientWidth) / zoom / 2;
    y += (high - svg.clientHeight) / zoom / 2;
    wide = svg.clientWidth;
    high = svg.clientHeight;
    show();
  });
  fit();
})();
"""


def canvas(app: App) -> str:
    """The canvas as an HTML document: drag or arrow keys to pan, wheel, pinch, + and - to zoom, 0 to fit."""
    about = " · ".join(part for part in (app.mode or app.kind or "", app.version or "") if part)
    header = element("header", None, element("b", text=app.name or "Dify"), element("span", text=about))
    buttons = [
        element("button", {"id": "out", "aria-label": "Zoom out"}, text="−"),
        "<output>100%</output>",
        element("button", {"id": "in", "aria-label": "Zoom in"}, text="+"),
        element("button", {"id": "fit", "aria-label": "Fit"}, text="Fit"),
    ]
    body = f"{picture(app)}\n{header}\n{element('nav', None, *buttons)}"
    return page(app.name, body, style=_STYLE, script=_SCRIPT)
