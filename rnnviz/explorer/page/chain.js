/** The network unrolled: a strip of cells for each step, and the gradient of a loss as arcs above. */

import { add, append, colorScale, heat, label, labelled, linePath, shade } from "./draw.js";
import { number, phrase, plain } from "./symbols.js";
import { tip } from "./tooltip.js";

/** The most units that a strip shows. */
export const MOST_UNITS = 64;
const LEAST_PITCH_OF_STRIPS = 22;
const LEAST_PITCH_OF_ARCS = 34;
const LEAST_PITCH_OF_WORDS = 19;
const WIDEST_ARC = 13;
const MOST_DECADES = 8;

/** @typedef {import("./app.js").App} App */
/** @typedef {{width: number, height: number}} Size */

export const chain = {
  id: "chain",
  title: (/** @type {App} */ app) =>
    app.now.times.length ? app.say("chain", { word: app.word(app.shown) }) : app.say("chain_only"),
  draw,
  follow,
  rows,
  interactive: true,
};

/** The chain of the recording beside this one. */
export const otherChain = {
  id: "other",
  title: (/** @type {App} */ app) => app.say("other", { network: app.content.other.network }),
  present: (/** @type {App} */ app) => app.other !== null,
  draw: (/** @type {SVGElement} */ svg, /** @type {Size} */ size, /** @type {App} */ app) => draw(svg, size, app.beside()),
  follow: (/** @type {SVGElement} */ svg, /** @type {Size} */ size, /** @type {App} */ app) => follow(svg, size, app.beside()),
  rows: (/** @type {App} */ app) => rows(app.beside()),
  interactive: true,
};

/**
 * @param {App} app
 * @param {Size} size
 */
function layout(app, { width, height }) {
  const steps = app.now.steps;
  const margin = Math.min(28, width * 0.03);
  const pitch = (width - 2 * margin) / steps.length;
  const units = Math.min(MOST_UNITS, valuesAt(app, steps[0]).length);
  const narrow = pitch < LEAST_PITCH_OF_STRIPS;
  const arcs = app.now.times.length ? Math.min(108, Math.max(68, height * 0.24)) : 18;
  const top = arcs + (narrow ? 4 : 24);
  const wires = narrow ? 6 : Math.min(44, Math.max(22, height * 0.09));
  const room = height - top - wires;
  const stripWidth = narrow ? pitch : Math.min(58, Math.max(14, pitch * 0.46));
  const cell = Math.min(room / units, narrow ? 99 : Math.max(34, stripWidth * 0.8));
  const above = Math.max(0, (room - cell * units) / 2);
  return {
    steps, margin, pitch, units, narrow, arcs: arcs + above * 0.5, top: top + above * 0.75, stripWidth, cell,
    bottom: top + above * 0.75 + cell * units, height, width,
    x: (/** @type {number} */ index) => margin + (index + 0.5) * pitch,
  };
}

/**
 * @param {App} app
 * @param {number} k
 */
export function valuesAt(app, k, numbers = app.now) {
  const { part } = app.state;
  if (part === "h") return numbers.h(k);
  if (part === "c") return numbers.c ? numbers.c(k) : new Float64Array();
  return numbers.gate(k, part);
}

/** @param {App} app */
function colors(app) {
  const signed = !app.content.sigmoid.includes(app.state.part);
  const ramp = app.palette.ramps[signed ? "signed" : "gate"];
  let limit = 1;
  if (signed) for (const k of app.now.steps) for (const value of valuesAt(app, k)) if (Number.isFinite(value)) limit = Math.max(limit, Math.abs(value));
  return { ramp, limit, signed, of: (/** @type {number} */ value) => shade(ramp, signed ? (value / limit + 1) / 2 : value) };
}

/**
 * @param {SVGElement} svg
 * @param {Size} size
 * @param {App} app
 */
function draw(svg, size, app) {
  const place = layout(app, size);
  const { palette } = app;
  const { ramp, limit, signed, of } = colors(app);
  const arrows = add(svg, "g", { class: "wires" });
  const strips = add(svg, "g", { class: "strips" });
  add(svg, "g", { class: "follow" });
  colorScale(svg, size.width - 4, 2, ramp, signed ? [number(-limit), `+${number(limit)}`] : ["0", "1"], palette);
  const top = place.top;
  const height = place.cell * place.units;
  if (place.narrow) {
    heat(strips, { x: place.margin, y: top, width: place.pitch * place.steps.length, height }, place.units, place.steps.length, (row, col) =>
      of(valuesAt(app, place.steps[col])[row]),
    );
    tip(strips, (event) => {
      const found = cellUnder(place, svg, event);
      return found && cellText(app, found.step, found.unit);
    });
    strips.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const found = cellUnder(place, svg, event);
      if (found) app.choose({ step: found.step, unit: found.unit });
    });
  }
  place.steps.forEach((k, index) => {
    const x = place.x(index);
    if (!place.narrow) drawStrip(strips, app, place, k, x, of);
    if (!place.narrow && index + 1 < place.steps.length) {
      const [from, to] = [x + place.stripWidth / 2 + 7, place.x(index + 1) - place.stripWidth / 2 - 7];
      const y = top + height / 2;
      if (to - from > 6) arrow(arrows, app.state.direction ? [to, y] : [from, y], app.state.direction ? [from, y] : [to, y], palette.hidden);
    }
    if (!place.narrow) arrow(arrows, [x, place.height - 1], [x, place.bottom + 10], palette.input);
  });
}

/**
 * @param {Element} parent
 * @param {App} app
 * @param {ReturnType<typeof layout>} place
 * @param {number} k
 * @param {number} x
 * @param {(value: number) => string} of
 */
function drawStrip(parent, app, place, k, x, of) {
  const { palette } = app;
  const values = valuesAt(app, k);
  const ghost = app.isEdited ? app.ghostOf(k) : null;
  const before = ghost === null ? null : valuesAt(app, ghost, app.recorded);
  const [left, width] = [x - place.stripWidth / 2, place.stripWidth];
  const height = place.cell * place.units;
  const isLoss = k === app.shown;
  add(parent, "rect", {
    x: left - 5, y: place.top - 5, width: width + 10, height: height + 10, rx: 7, fill: "none",
    stroke: palette.hidden, "stroke-width": isLoss ? 2.2 : 1, class: "outline", "data-step": k + 1,
  });
  label(parent, x, place.top - 13, app.symbol(app.state.part === "h" ? "state" : app.state.part === "c" ? "cell_state" : "gate", { t: k + 1, gate: app.state.part }), {
    "text-anchor": "middle", fill: palette.hidden, "font-size": "1em",
  });
  const gap = Math.min(2.4, place.cell * 0.12);
  for (let unit = 0; unit < place.units; unit++) {
    const y = place.top + unit * place.cell;
    const chosen = app.state.step === k && app.state.unit === unit;
    const cell = add(parent, "rect", {
      x: left, y: y + gap / 2, width, height: place.cell - gap, rx: Math.min(3, place.cell / 5), fill: of(values[unit]),
      class: "cell", "data-step": k + 1, "data-unit": unit + 1, "data-value": String(values[unit]),
    });
    if (before && before.length > unit && before[unit] !== values[unit]) {
      add(parent, "rect", {
        x: left, y: y + gap / 2, width: width * 0.22, height: place.cell - gap, rx: 2, fill: of(before[unit]), stroke: palette.ground, "stroke-width": 1,
        class: "ghost", "data-step": k + 1, "data-unit": unit + 1, "data-value": String(before[unit]), "pointer-events": "none",
      });
    }
    if (app.isClamped(k, unit)) add(parent, "circle", { cx: left + width - 6, cy: y + place.cell / 2, r: 2.6, fill: palette.text, stroke: palette.ground, "pointer-events": "none" });
    if (chosen) {
      add(parent, "rect", { x: left - 2.5, y: y - 1, width: width + 5, height: place.cell + 2, rx: 4, fill: "none", stroke: palette.text, "stroke-width": 2, "pointer-events": "none", class: "chosen" });
    }
    tip(cell, () => cellText(app, k, unit));
    cell.addEventListener("click", () => app.choose({ step: k, unit }));
  }
}

/**
 * Draw the gradient of the loss shown.
 * @param {SVGElement} svg
 * @param {Size} size
 * @param {App} app
 */
function follow(svg, size, app) {
  const group = /** @type {SVGElement} */ (svg.querySelector("g.follow"));
  group.replaceChildren();
  for (const outline of svg.querySelectorAll(".outline")) {
    outline.setAttribute("stroke-width", Number(/** @type {HTMLElement} */ (outline).dataset.step) === app.shown + 1 ? "2.2" : "1");
  }
  if (!app.now.times.includes(app.shown)) return;
  const place = layout(app, size);
  const { palette } = app;
  const norms = place.steps.map((k) => app.now.norm(app.shown, k));
  const before = place.steps.map((k) => {
    const [ghost, loss] = [app.ghostOf(k), app.ghostOf(app.shown)];
    return app.isEdited && ghost !== null && loss !== null ? app.recorded.norm(loss, ghost) : NaN;
  });
  const { elsewhere } = app;
  const beside = elsewhere ? elsewhere.steps.map((k) => elsewhere.norm(app.shown, k)) : [];
  const width = widths([...norms, ...before, ...beside], app.state.log);
  if (place.pitch < LEAST_PITCH_OF_ARCS) {
    ribbon(group, app, place, norms, width);
    return;
  }
  const base = place.top - 30;
  const rise = Math.max(16, Math.min(place.arcs - 52, 46, place.pitch * 0.4));
  const next = app.state.direction ? -1 : 1;
  const numbered = place.pitch >= 44;
  norms.forEach((norm, index) => {
    if (Number.isNaN(norm)) return;
    const from = index + next;
    const arrives = from >= 0 && from < norms.length && !Number.isNaN(norms[from]);
    const [end, start] = [place.x(index), arrives ? place.x(from) : place.x(index)];
    const bend = Math.min(8, place.pitch * 0.13) * next;
    const lean = 0.22 * (end - start);
    const path = arrives
      ? `M${start - bend},${base} C${start + lean},${base - rise} ${end - lean},${base - rise} ${end + bend},${base}`
      : `M${end},${base - rise * 0.82} L${end},${base}`;
    const ghost = before[index];
    if (!Number.isNaN(ghost) && ghost !== norm) {
      add(group, "path", { d: path, fill: "none", stroke: palette.note, "stroke-width": Math.max(0.8, width(ghost)), "stroke-opacity": 0.45, "stroke-linecap": "round", class: "arc-ghost", "data-step": place.steps[index] + 1, "data-value": String(ghost) });
    }
    const arc = add(group, "path", {
      d: path, fill: "none", stroke: palette.gradient, "stroke-width": Math.max(norm > 0 ? 0.8 : 0, width(norm)), "stroke-linecap": "round",
      class: "arc", "data-step": place.steps[index] + 1, "data-value": String(norm), "stroke-dasharray": norm === 0 ? "1 4" : undefined,
    });
    tip(arc, () => normText(app, place.steps[index]));
    if (numbered) {
      const middle = arrives ? (start + end) / 2 : end;
      const y = arrives ? base - rise * 0.75 - Math.max(width(norm), width(ghost || 0)) / 2 - 6 : base - rise * 0.82 - 8;
      label(group, middle, y, number(norm), { "text-anchor": "middle", fill: palette.gradient, "font-size": "0.85em", "font-weight": 600, class: "arc-number", "data-step": place.steps[index] + 1 });
      if (!Number.isNaN(ghost) && number(ghost) !== number(norm)) {
        label(group, middle, y - 14, number(ghost), { "text-anchor": "middle", fill: palette.note, "font-size": "0.75em" });
      }
    }
  });
}

/**
 * Draw the norms of many steps as a band of varying width.
 * @param {Element} group
 * @param {App} app
 * @param {ReturnType<typeof layout>} place
 * @param {number[]} norms
 * @param {(norm: number) => number} width
 */
function ribbon(group, app, place, norms, width) {
  const middle = place.top - (place.narrow ? 26 : 44);
  /** @type {[number, number][]} */
  const upper = [];
  /** @type {[number, number][]} */
  const lower = [];
  norms.forEach((norm, index) => {
    if (Number.isNaN(norm)) return;
    const half = Math.max(0.4, width(norm) * 1.4);
    upper.push([place.x(index), middle - half]);
    lower.unshift([place.x(index), middle + half]);
  });
  if (!upper.length) return;
  const band = add(group, "path", { d: `${linePath([...upper, ...lower])}Z`, fill: app.palette.gradient, stroke: app.palette.gradient, "stroke-width": 1, "stroke-linejoin": "round", class: "ribbon" });
  tip(band, (event) => {
    const index = indexUnder(place, /** @type {SVGElement} */ (group.closest("svg")), event);
    return index === null ? null : normText(app, place.steps[index]);
  });
  const at = place.x(place.steps.indexOf(app.shown));
  add(group, "line", { x1: at, x2: at, y1: middle - 30, y2: place.bottom + 4, stroke: app.palette.text, "stroke-width": 1, "pointer-events": "none", class: "here" });
}

/**
 * Return the width of an arc for a norm: in proportion, or by decade on a logarithmic scale.
 * @param {number[]} norms
 * @param {boolean} log
 */
function widths(norms, log) {
  const known = norms.filter((norm) => Number.isFinite(norm) && norm > 0);
  const top = Math.max(...known, 0);
  const decades = Math.min(MOST_DECADES, Math.max(1, Math.ceil(Math.log10(top / Math.min(...known, top)) + 0.1)));
  return (/** @type {number} */ norm) => {
    if (!(norm > 0) || !top) return 0;
    if (!Number.isFinite(norm)) return WIDEST_ARC;
    const part = log ? Math.max(0.04, 1 + Math.log10(norm / top) / decades) : norm / top;
    return part * WIDEST_ARC;
  };
}

/**
 * @param {Element} parent
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {string} color
 */
function arrow(parent, from, to, color) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const [x, y] = [to[0] - 7 * Math.cos(angle), to[1] - 7 * Math.sin(angle)];
  add(parent, "line", { x1: from[0], y1: from[1], x2: x, y2: y, stroke: color, "stroke-width": 1.4 });
  const corner = (/** @type {number} */ turn) => `${(to[0] - 8 * Math.cos(angle + turn)).toFixed(1)},${(to[1] - 8 * Math.sin(angle + turn)).toFixed(1)}`;
  add(parent, "polygon", { points: `${to[0].toFixed(1)},${to[1].toFixed(1)} ${corner(0.42)} ${corner(-0.42)}`, fill: color });
}

/**
 * @param {ReturnType<typeof layout>} place
 * @param {Element} svg
 * @param {{clientX: number}} event
 */
function indexUnder(place, svg, event) {
  const index = Math.floor((event.clientX - svg.getBoundingClientRect().left - place.margin) / place.pitch);
  return index >= 0 && index < place.steps.length ? index : null;
}

/**
 * @param {ReturnType<typeof layout>} place
 * @param {Element} svg
 * @param {{clientX: number, clientY: number}} event
 */
function cellUnder(place, svg, event) {
  const index = indexUnder(place, svg, event);
  const unit = Math.floor((event.clientY - svg.getBoundingClientRect().top - place.top) / place.cell);
  return index === null || unit < 0 || unit >= place.units ? null : { step: place.steps[index], unit };
}

/**
 * @param {App} app
 * @param {number} k
 * @param {number} unit
 */
export function cellText(app, k, unit) {
  const name = app.symbol(app.state.part === "h" ? "state" : app.state.part === "c" ? "cell_state" : "gate", { t: k + 1, gate: app.state.part });
  return [...name, ...app.say("of_unit", { unit: unit + 1, value: number(valuesAt(app, k)[unit], 3) })];
}

/**
 * @param {App} app
 * @param {number} k
 */
export function normText(app, k) {
  return [...app.symbol("norm", { t: app.shown + 1, k: k + 1 }), ...phrase(` = ${number(app.now.norm(app.shown, k), 3)}`)];
}

/** @param {App} app */
function rows(app) {
  const { steps } = app.now;
  const units = Math.min(MOST_UNITS, valuesAt(app, steps[0]).length);
  const norm = plain(app.symbol("norm", { t: app.shown + 1, k: "k" }));
  return [
    ["k", "x", ...Array.from({ length: units }, (_, unit) => `${app.state.part}[${unit + 1}]`), norm],
    ...steps.map((k) => [k + 1, app.word(k), ...valuesAt(app, k).subarray(0, units), app.now.times.length ? app.now.norm(app.shown, k) : ""]),
  ];
}

/**
 * Make the row of words under the strips, with which the loss is chosen.
 * @param {App} app
 * @param {HTMLElement} parent
 * @param {Size} size
 */
export function words(app, parent, size) {
  const place = layout(app, size);
  const focused = parent.contains(document.activeElement) ? /** @type {HTMLInputElement} */ (document.activeElement).value : null;
  parent.replaceChildren();
  parent.setAttribute("aria-label", plain(app.say("choice")));
  const names = place.steps.map((k) => app.word(k));
  const width = Math.max(...names.map((name) => measured(name)));
  const turned = width > place.pitch - 4 && place.pitch >= LEAST_PITCH_OF_WORDS;
  const shown = place.pitch >= LEAST_PITCH_OF_WORDS ? [...names.keys()] : labelled(names.length, Math.max(3, size.width / 80));
  const room = place.pitch * (shown.length > 1 ? shown[1] - shown[0] : names.length);
  parent.style.height = turned ? `${Math.min(64, width * 0.72 + 18)}px` : "26px";
  parent.classList.toggle("turned", turned);
  place.steps.forEach((k, index) => {
    const hasLoss = app.now.times.includes(k);
    const text = hasLoss ? plain(app.say("loss_at", { step: k + 1, word: app.word(k), loss: number(app.now.loss(k), 3) })) : "";
    const element = append(parent, hasLoss ? "label" : "span", { className: "word", title: text });
    element.style.left = `${place.x(index) - place.pitch / 2}px`;
    element.style.width = `${place.pitch}px`;
    if (hasLoss) {
      const input = append(element, "input", { type: "radio", name: "loss", value: String(k + 1), checked: k === app.state.loss, "aria-label": text });
      input.addEventListener("change", () => app.set({ loss: k }));
      element.addEventListener("pointerenter", () => app.preview(k));
      element.addEventListener("pointerleave", () => app.preview(null));
      if (focused === input.value) input.focus();
    }
    const span = append(element, "span", { dir: "auto", className: "text" }, shown.includes(index) ? names[index] : "");
    if (!turned) span.style.maxWidth = `${room}px`;
    span.dataset.step = String(k + 1);
  });
}

/** @type {CanvasRenderingContext2D|null} */
let pencil = null;

/** @param {string} text */
function measured(text) {
  pencil ??= /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pencil.font = `${0.95 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px "rnnviz Sans"`;
  return Math.min(220, pencil.measureText(text).width);
}
