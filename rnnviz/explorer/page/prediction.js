/** What the network says at the step of the loss, beside what it should have said. */

import { add, append, label, labelled, linePath, scaleOf, verticalAxis } from "./draw.js";
import { inHtml, number, plain } from "./symbols.js";
import { change } from "./chips.js";
import { tip } from "./tooltip.js";

/** @typedef {import("./app.js").App} App */

const MOST = 6;

/** @param {App} app */
function isChoice(app) {
  return app.content.of_choice;
}

export const prediction = {
  id: "prediction",
  title: (/** @type {App} */ app) =>
    isChoice(app) ? app.say(app.content.worded ? "after_word" : "after_step", { word: app.word(app.shown), step: app.shown + 1 }) : app.say("course"),
  present: (/** @type {App} */ app) => app.now.steps.some((k) => app.now.y(k) !== null),
  note: (/** @type {App} */ app) => {
    const y = app.now.y(app.shown);
    if (!isChoice(app)) return app.content.output_size > 1 ? app.say("one_entry", { count: app.content.output_size }) : null;
    return y && y.length > MOST ? app.say("fewer_candidates", { shown: MOST, count: y.length }) : null;
  },
  rows: (/** @type {App} */ app) => (isChoice(app) ? candidateRows(app) : courseRows(app)),
  /** @param {HTMLElement} parent @param {App} app */
  fill(parent, app) {
    parent.replaceChildren();
    if (isChoice(app)) candidates(parent, app);
    else course(parent, app);
  },
};

/** @param {App} app */
function order(app) {
  const y = app.now.y(app.shown);
  if (!y) return [];
  const target = app.now.target(app.shown);
  return [...y.keys()].sort((a, b) => y[b] - y[a] || a - b).filter((index, rank) => rank < MOST || index === target);
}

/**
 * @param {HTMLElement} parent
 * @param {App} app
 */
function candidates(parent, app) {
  const y = app.now.y(app.shown);
  const target = app.now.target(app.shown);
  const ghostStep = app.isEdited ? app.ghostOf(app.shown) : null;
  const before = ghostStep === null ? null : app.recorded.y(ghostStep);
  const list = append(parent, "div", { className: "candidates" });
  if (!y) return;
  const top = app.content.probable ? 1 : Math.max(...y.map(Math.abs), 1e-300);
  for (const index of order(app)) {
    const right = typeof target === "number" ? index === target : null;
    const name = app.output(index);
    const canChoose = app.live && typeof target === "number";
    const row = append(list, canChoose ? "button" : "div", { className: `candidate${right ? " right" : ""}`, ...(canChoose ? { type: "button", title: plain(app.say(right ? "is_target" : "make_target", { name })) } : {}) });
    row.dataset.name = name;
    row.dataset.value = String(y[index]);
    if (canChoose) row.addEventListener("click", () => change(app, (steps) => (steps[app.state.loss].target = index)));
    append(row, "span", { className: "name", dir: "auto" }, name);
    const bar = append(row, "span", { className: "bar" });
    const filled = append(bar, "span", { className: "filled" });
    filled.style.width = `${Math.max(0, Math.min(1, Math.abs(y[index]) / top)) * 100}%`;
    filled.style.opacity = right === false ? "0.55" : "1";
    if (before && number(before[index]) !== number(y[index])) {
      const mark = append(bar, "span", { className: "before", title: number(before[index], 3) });
      mark.style.left = `${Math.max(0, Math.min(1, Math.abs(before[index]) / top)) * 100}%`;
    }
    append(row, "span", { className: "value" }, number(y[index]));
  }
  const loss = app.now.loss(app.shown);
  if (!Number.isNaN(loss)) {
    const line = append(list, "p", { className: "loss", id: "loss-label" });
    line.append(inHtml(app.say(app.content.worded ? "loss_at" : "loss_at_step", { step: app.shown + 1, word: app.word(app.shown), loss: number(loss, 3) })));
  }
}

/** @param {App} app */
function courseOf(app) {
  const first = (/** @type {any} */ value) => (value === null || typeof value === "number" ? NaN : value[0]);
  return app.now.steps.map((k) => ({ k, y: first(app.now.y(k)), target: first(app.now.target(k)) }));
}

/**
 * @param {HTMLElement} parent
 * @param {App} app
 */
function course(parent, app) {
  const width = parent.clientWidth || 280;
  const height = 150;
  const svg = add(parent, "svg", { width, height, role: "img", "aria-label": plain(app.say("course")) });
  const points = courseOf(app);
  const before = app.isEdited ? app.recorded.steps.map((k) => app.recorded.y(k)?.[0] ?? NaN) : [];
  const all = [...points.flatMap(({ y, target }) => [y, target]), ...before].filter(Number.isFinite);
  const [left, top, right, bottom] = [40, 24, width - 6, height - 18];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = scaleOf([low, high === low ? low + 1 : high], [bottom, top]);
  verticalAxis(svg, y, left, right, app.palette);
  const x = scaleOf([0, Math.max(1, points.length - 1)], [left + 6, right - 4]);
  for (const index of labelled(points.length, 6)) label(svg, x(index), bottom + 14, String(points[index].k + 1), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.75em" });
  const here = points.findIndex(({ k }) => k === app.shown);
  if (here >= 0) add(svg, "line", { x1: x(here), x2: x(here), y1: top, y2: bottom, stroke: app.palette.note, "stroke-width": 1 });
  const line = (/** @type {number[]} */ values, /** @type {any} */ look) => add(svg, "path", { d: linePath(values.map((value, index) => [x(index), y(value)])), fill: "none", "stroke-width": 2, ...look });
  if (before.length) line(before, { stroke: app.palette.note, "stroke-width": 1.2, "stroke-dasharray": "2 3", class: "ghost" });
  line(points.map(({ target }) => target), { stroke: app.palette.text, "stroke-dasharray": "5 3", "stroke-width": 1.4 });
  line(points.map((point) => point.y), { stroke: app.palette.output });
  points.forEach((point, index) => {
    for (const series of /** @type {const} */ (["y", "target"])) {
      if (!Number.isFinite(point[series])) continue;
      const dot = add(svg, "circle", { cx: x(index), cy: y(point[series]), r: points.length > 60 ? 1.2 : 2.8, fill: series === "y" ? app.palette.output : app.palette.text, class: "course", "data-series": series, "data-step": point.k + 1, "data-value": String(point[series]) });
      tip(dot, () => app.say("course_at", { word: app.word(point.k), name: plain(app.say(series === "y" ? "prediction" : "target")), value: number(point[series], 3) }));
    }
  });
  label(svg, left, 12, app.say("prediction"), { fill: app.palette.output, "font-size": "0.8em", "font-weight": 600 });
  label(svg, right, 12, app.say("target"), { fill: app.palette.text, "font-size": "0.8em", "text-anchor": "end" });
  const loss = app.now.loss(app.shown);
  if (!Number.isNaN(loss)) {
    append(parent, "p", { className: "loss", id: "loss-label" }).append(
      inHtml(app.say(app.content.worded ? "loss_at" : "loss_at_step", { step: app.shown + 1, word: app.word(app.shown), loss: number(loss, 3) })),
    );
  }
}

/** @param {App} app */
function candidateRows(app) {
  const names = Array.from({ length: app.content.output_size }, (_, index) => app.output(index));
  return [["step", ...names, "target"], ...app.now.steps.map((k) => [k + 1, ...(app.now.y(k) ?? names.map(() => "")), typeof app.now.target(k) === "number" ? app.output(/** @type {number} */ (app.now.target(k))) : ""])];
}

/** @param {App} app */
function courseRows(app) {
  return [["step", "y", "target"], ...courseOf(app).map(({ k, y, target }) => [k + 1, y, target])];
}
