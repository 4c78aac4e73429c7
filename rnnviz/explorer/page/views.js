/** The small views: each draws one thing of the network, and hangs on the step and the loss chosen. */

import { add, colorScale, heat, label, labelled, linePath, scaleOf, shade, verticalAxis } from "./draw.js";
import { number, phrase, plain } from "./symbols.js";
import { tip } from "./tooltip.js";
import { normText } from "./chain.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {{width: number, height: number}} Size */

const DECADES = 8;
const MOST_POINTS = 60;
/** How many numbers of gradients are computed while something is dragged. */
const MOST_AT_ONCE = 200_000;

/** All norms that are not zero. @param {App} app */
function normsOf(app) {
  const found = [];
  for (const t of app.now.times) {
    for (const k of app.now.steps) {
      const norm = app.now.norm(t, k);
      if (norm > 0 && Number.isFinite(norm)) found.push(norm);
    }
  }
  return found;
}

/**
 * @param {number[]} norms
 * @returns {[number, number]}
 */
function decades(norms) {
  const top = norms.reduce((a, b) => Math.max(a, b), 0) || 1;
  const low = norms.reduce((a, b) => Math.min(a, b), top);
  const last = Math.ceil(Math.log10(top) - 1e-9);
  return [10 ** Math.max(-307, Math.min(last - 1, Math.floor(Math.log10(low) + 1e-9))), 10 ** last];
}

/**
 * Place steps on a horizontal axis, with words where they have room.
 * @param {SVGElement} svg
 * @param {App} app
 * @param {number} left
 * @param {number} right
 * @param {number} bottom
 */
function stepAxis(svg, app, left, right, bottom) {
  const { steps } = app.now;
  const pitch = (right - left) / steps.length;
  const at = (/** @type {number} */ index) => left + (index + 0.5) * pitch;
  for (const index of labelled(steps.length, Math.max(2, (right - left) / 26))) {
    label(svg, at(index), bottom + 15, String(steps[index] + 1), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.75em" });
  }
  return { at, pitch };
}

export const table = {
  id: "table",
  title: (/** @type {App} */ app) => app.say("table"),
  note: (/** @type {App} */ app) => (app.state.log ? app.say("table_log") : null),
  present: (/** @type {App} */ app) => app.now.times.length > 1,
  waits: (/** @type {App} */ app) => app.run !== null && app.now.times.length * app.now.steps.length * app.now.h(0).length > MOST_AT_ONCE,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    app.now.prepare();
    const { steps, times } = app.now;
    const [left, top, right, bottom] = [26, 16, width - 2, height - 20];
    const norms = normsOf(app);
    const [low, high] = [Math.max(Math.min(...norms), Math.max(...norms) / 10 ** DECADES), norms.reduce((a, b) => Math.max(a, b), 0) || 1];
    const part = app.state.log
      ? (/** @type {number} */ norm) => (norm > 0 ? Math.log(Math.max(norm, low) / low) / (Math.log(high / low) || 1) : 0)
      : (/** @type {number} */ norm) => norm / high;
    const ramp = app.palette.ramps.gradient;
    const cells = add(svg, "g", { class: "cells" });
    heat(cells, { x: left, y: top, width: right - left, height: bottom - top }, times.length, steps.length, (row, col) => {
      const norm = app.now.norm(times[row], steps[col]);
      return Number.isNaN(norm) ? null : shade(ramp, part(norm));
    }, (row, col) => ({ class: "cell", "data-t": times[row] + 1, "data-k": steps[col] + 1, "data-value": String(app.now.norm(times[row], steps[col])) }));
    const hit = add(svg, "rect", { x: left, y: top, width: right - left, height: bottom - top, fill: "transparent", class: "hit" });
    const row = (/** @type {MouseEvent} */ event) => {
      const box = hit.getBoundingClientRect();
      return Math.min(times.length - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * times.length)));
    };
    const col = (/** @type {MouseEvent} */ event) => {
      const box = hit.getBoundingClientRect();
      return Math.min(steps.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * steps.length)));
    };
    tip(hit, (event) => {
      const [t, k] = [times[row(event)], steps[col(event)]];
      const norm = app.now.norm(t, k);
      return Number.isNaN(norm) ? null : [...app.symbol("norm", { t: t + 1, k: k + 1 }), ...phrase(` = ${number(norm, 3)}`)];
    });
    hit.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => app.preview(times[row(event)]));
    hit.addEventListener("pointerleave", () => app.preview(null));
    hit.addEventListener("click", (/** @type {PointerEvent} */ event) => app.set({ loss: times[row(event)] }));
    stepAxis(svg, app, left, right, bottom);
    for (const index of labelled(times.length, (bottom - top) / 16)) {
      label(svg, left - 6, top + ((index + 0.5) * (bottom - top)) / times.length + 4, String(times[index] + 1), { "text-anchor": "end", fill: app.palette.note, "font-size": "0.75em" });
    }
    colorScale(svg, right, 0, ramp, [app.state.log ? number(low, 1) : "0", number(high)], app.palette);
    add(svg, "rect", { x: left - 1, width: right - left + 2, height: (bottom - top) / times.length, fill: "none", stroke: app.palette.text, "stroke-width": 1.6, rx: 2, class: "frame", "pointer-events": "none" });
  },
  follow(/** @type {SVGElement} */ svg, /** @type {Size} */ { height }, /** @type {App} */ app) {
    const { times } = app.now;
    const rise = (height - 36) / times.length;
    svg.querySelector(".frame")?.setAttribute("y", String(16 + times.indexOf(app.shown) * rise));
  },
  rows: (/** @type {App} */ app) => (app.now.prepare(), [
    ["t", "k", plain(app.symbol("norm", { t: "t", k: "k" }))],
    ...app.now.times.flatMap((t) => app.now.steps.filter((k) => !Number.isNaN(app.now.norm(t, k))).map((k) => [t + 1, k + 1, app.now.norm(t, k)])),
  ]),
};

/** The gradient of the loss shown, by how many steps back. @param {App} app @param {any} numbers @param {number} t */
function byLag(app, numbers, t) {
  if (!numbers.times.includes(t)) return [];
  return numbers.steps
    .map((/** @type {number} */ k) => ({ k, lag: Math.abs(t - k), norm: numbers.norm(t, k) }))
    .filter((/** @type {{norm: number}} */ { norm }) => !Number.isNaN(norm));
}

export const curve = {
  id: "curve",
  title: (/** @type {App} */ app) => app.say("curve", { t: app.shown + 1 }),
  note: (/** @type {App} */ app) => (app.state.log && normsZero(app) ? app.say("zeros") : null),
  present: (/** @type {App} */ app) => app.now.times.length > 0,
  followsLoss: true,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const points = byLag(app, app.now, app.shown);
    const ghostLoss = app.ghostOf(app.shown);
    const ghosts = app.isEdited && ghostLoss !== null ? byLag(app, app.recorded, ghostLoss) : [];
    const log = app.state.log;
    const others = app.other ? byLag(app, app.other, app.shown) : [];
    const all = [...points, ...ghosts, ...others].map(({ norm }) => norm).filter((norm) => norm > 0 && Number.isFinite(norm));
    const [left, top, right, bottom] = [44, 8, width - 8, height - 34];
    const high = all.reduce((a, b) => Math.max(a, b), 0) || 1;
    const y = scaleOf(log ? decades(all) : [0, high * 1.05], [bottom, top], log);
    verticalAxis(svg, y, left, right, app.palette);
    const last = Math.max(1, ...[...points, ...others].map(({ lag }) => lag));
    const x = scaleOf([0, last], [right - 4, left + 6]);
    for (const lag of scaleOf([0, last], [0, 1]).ticks.filter((tick) => Number.isInteger(tick))) {
      label(svg, x(lag), bottom + 15, String(lag), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.75em" });
    }
    label(svg, (left + right) / 2, height - 3, app.say("steps_back"), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.75em" });
    const line = (/** @type {any[]} */ given, /** @type {string} */ color, /** @type {any} */ more) => {
      const at = [...given].sort((a, b) => a.lag - b.lag).map(({ lag, norm }) => /** @type {[number, number]} */ ([x(lag), log && !(norm > 0) ? NaN : y(norm)]));
      add(svg, "path", { d: linePath(at), fill: "none", stroke: color, "stroke-width": 2, "stroke-linejoin": "round", ...more });
    };
    if (ghosts.length) line(ghosts, app.palette.note, { "stroke-dasharray": "3 3", "stroke-width": 1.2, class: "ghost" });
    if (others.length) {
      line(others, app.palette.weight, { class: "other", "stroke-dasharray": "6 3" });
      for (const { k, lag, norm } of others) {
        if (log && !(norm > 0)) continue;
        const dot = add(svg, "circle", { cx: x(lag), cy: y(norm), r: 2.6, fill: app.palette.weight, class: "other-point", "data-k": k + 1, "data-value": String(norm) });
        tip(dot, () => phrase(`${app.content.other.network}: ${number(norm, 3)}`));
      }
      label(svg, left + 4, top + 6, app.content.network, { fill: app.palette.gradient, "font-size": "0.75em" });
      label(svg, left + 4, top + 20, app.content.other.network, { fill: app.palette.weight, "font-size": "0.75em" });
    }
    line(points, app.palette.gradient, { class: "curve" });
    for (const { k, lag, norm } of points) {
      const zero = log && !(norm > 0);
      const shape = zero
        ? add(svg, "path", { d: `M${x(lag) - 4},${bottom - 8} h8 l-4,6 z`, fill: app.palette.gradient, class: "zero" })
        : add(svg, "circle", { cx: x(lag), cy: y(norm), r: points.length > MOST_POINTS ? 1.2 : 3.2, fill: app.palette.gradient, class: "point" });
      shape.setAttribute("data-k", String(k + 1));
      shape.setAttribute("data-t", String(app.shown + 1));
      shape.setAttribute("data-value", String(norm));
      tip(shape, () => [...normText(app, k), ...phrase(` · ${app.word(k)}`)]);
    }
  },
  rows: (/** @type {App} */ app) => [
    ["t", "k", "lag", plain(app.symbol("norm", { t: "t", k: "k" }))],
    ...byLag(app, app.now, app.shown).map(({ k, lag, norm }) => [app.shown + 1, k + 1, lag, norm]),
  ],
};

/** @param {App} app */
function normsZero(app) {
  return byLag(app, app.now, app.shown).some(({ norm }) => norm === 0);
}

export const shares = {
  id: "shares",
  title: (/** @type {App} */ app) => app.say("shares"),
  note: (/** @type {App} */ app) => (app.content.batch > 1 && !app.run ? app.say("summed") : null),
  present: (/** @type {App} */ app) => app.now.share(app.now.steps[0]) !== null,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const { steps } = app.now;
    const values = steps.map((k) => app.now.share(k) ?? 0);
    const [left, top, right, bottom] = [36, 8, width - 2, height - 20];
    const y = scaleOf([0, Math.max(...values) * 1.05 || 1], [bottom, top]);
    verticalAxis(svg, y, left, right, app.palette);
    const { at, pitch } = stepAxis(svg, app, left, right, bottom);
    steps.forEach((k, index) => {
      const width = Math.min(40, Math.max(1, pitch * 0.68));
      const bar = add(svg, "rect", {
        x: at(index) - width / 2, width, y: y(values[index]), height: Math.max(0, bottom - y(values[index])), rx: Math.min(2, width / 4), fill: app.palette.weight,
        opacity: k === app.state.step ? 1 : 0.55, class: "bar", "data-step": k + 1, "data-value": String(values[index]),
      });
      tip(bar, () => phrase(`${app.word(k)}: ${number(values[index], 3)}`));
      bar.addEventListener("click", () => app.choose({ step: k }));
    });
  },
  rows: (/** @type {App} */ app) => [["step", "share"], ...app.now.steps.map((k) => [k + 1, app.now.share(k) ?? 0])],
};

export const gates = {
  id: "gates",
  title: (/** @type {App} */ app) => app.say("gates"),
  present: (/** @type {App} */ app) => app.now.gateNames.length > 0,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const { steps, gateNames } = app.now;
    const colors = [app.palette.gate, app.palette.text, app.palette.weight, app.palette.note];
    const means = gateNames.map((name) => steps.map((k) => mean(app.now.gate(k, name))));
    const [left, top, right, bottom] = [36, 22, width - 2, height - 20];
    const low = Math.min(0, ...means.flat());
    const y = scaleOf([low, Math.max(1, ...means.flat())], [bottom, top]);
    verticalAxis(svg, y, left, right, app.palette);
    const { at } = stepAxis(svg, app, left, right, bottom);
    const here = at(steps.indexOf(app.state.step));
    if (Number.isFinite(here)) add(svg, "line", { x1: here, x2: here, y1: top, y2: bottom, stroke: app.palette.note, "stroke-width": 1 });
    gateNames.forEach((name, index) => {
      const color = colors[index % colors.length];
      const points = means[index].map((value, place) => /** @type {[number, number]} */ ([at(place), y(value)]));
      add(svg, "path", { d: linePath(points), fill: "none", stroke: color, "stroke-width": 1.8, "stroke-dasharray": index > 1 ? "5 3" : undefined });
      label(svg, left + index * 30, 11, app.symbol("gate", { gate: name, t: "t" }), { fill: color, "font-size": "0.9em" });
      means[index].forEach((value, place) => {
        const dot = add(svg, "circle", { cx: at(place), cy: y(value), r: steps.length > MOST_POINTS ? 1 : 2.6, fill: color, class: "gate", "data-gate": name, "data-step": steps[place] + 1, "data-value": String(value) });
        tip(dot, () => [...app.symbol("gate", { gate: name, t: steps[place] + 1 }), ...phrase(`: ${number(value, 3)}`)]);
      });
    });
  },
  rows: (/** @type {App} */ app) => [
    ["step", ...app.now.gateNames],
    ...app.now.steps.map((k) => [k + 1, ...app.now.gateNames.map((name) => mean(app.now.gate(k, name)))]),
  ],
};

/** @param {Float64Array} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const plane = {
  id: "plane",
  title: (/** @type {App} */ app) => app.say("plane"),
  present: (/** @type {App} */ app) => app.planeOf !== null && app.now.h(app.now.steps[0]).length > 1 && app.now.steps.length > 2,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const { steps } = app.now;
    const points = planePoints(app);
    const before = app.isEdited ? app.recorded.steps.map((k) => app.inPlane(app.recorded.h(k))) : [];
    const everything = [...points, ...before];
    const [xs, ys] = [0, 1].map((axis) => everything.map((point) => point[axis]));
    const middle = (/** @type {number[]} */ values) => (Math.min(...values) + Math.max(...values)) / 2;
    const reach = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) * ((width - 70) / (height - 30)), 1e-9);
    const scale = (width - 70) / reach;
    const place = (/** @type {number[]} */ point) =>
      /** @type {[number, number]} */ ([width / 2 + (point[0] - middle(xs)) * scale, height / 2 - (point[1] - middle(ys)) * scale]);
    if (before.length) {
      add(svg, "path", { d: linePath(before.map(place)), fill: "none", stroke: app.palette.note, "stroke-width": 1.2, "stroke-dasharray": "3 3", class: "ghost" });
    }
    const at = points.map(place);
    add(svg, "path", { d: linePath(at), fill: "none", stroke: app.palette.hidden, "stroke-width": 1.4, "stroke-opacity": 0.7 });
    /** @type {[number, number, number][]} */
    const taken = [];
    steps.forEach((k, index) => {
      const [x, y] = at[index];
      const here = k === app.state.step;
      const dot = add(svg, "circle", {
        cx: x, cy: y, r: here ? 5.5 : steps.length > MOST_POINTS ? 2 : 4, fill: app.palette.hidden, stroke: here ? app.palette.text : app.palette.ground, "stroke-width": here ? 2 : 1,
        class: "state", "data-step": k + 1, "data-x": String(points[index][0]), "data-y": String(points[index][1]),
      });
      tip(dot, () => phrase(`${k + 1} · ${app.word(k)}`));
      dot.addEventListener("click", () => app.choose({ step: k }));
    });
    if (steps.length > 40) return;
    steps.forEach((k, index) => {
      const [x, y] = at[index];
      const text = app.word(k);
      const room = [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 13 : 7.2), 0);
      for (const [dx, dy, anchor] of /** @type {[number, number, string][]} */ ([[8, 4, "start"], [-8, 4, "end"], [0, -9, "middle"], [0, 18, "middle"]])) {
        const left = x + dx - (anchor === "end" ? room : anchor === "middle" ? room / 2 : 0);
        const box = /** @type {[number, number, number]} */ ([left, y + dy - 4, room]);
        const free = left > 0 && left + room < width && y + dy < height && y + dy > 10
          && taken.every(([x1, y1, w1]) => Math.abs(y1 - box[1]) > 13 || left > x1 + w1 || x1 > left + room)
          && at.every(([px, py], other) => other === index || px < left - 3 || px > left + room + 3 || Math.abs(py - box[1]) > 9);
        if (!free) continue;
        taken.push(box);
        label(svg, x + dx, y + dy, text, { "text-anchor": anchor, fill: k === app.state.step ? app.palette.text : app.palette.note, "font-size": "0.8em" });
        break;
      }
    });
  },
  rows: (/** @type {App} */ app) => [["step", "x", "y"], ...planePoints(app).map((point, index) => [app.now.steps[index] + 1, ...point])],
};

/** @param {App} app */
function planePoints(app) {
  return app.now.steps.map((k) => app.inPlane(app.now.h(k)));
}

export const eigenvalues = {
  id: "eigenvalues",
  title: (/** @type {App} */ app) => app.say("eigenvalues", { t: app.state.step + 1 }),
  present: (/** @type {App} */ app) => app.run !== null && app.now.h(0).length <= 64,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const values = app.eigenvalues();
    const far = Math.max(1.15, ...values.map(({ re, im }) => Math.hypot(re, im) * 1.1).filter(Number.isFinite));
    const unit = Math.min(width, height - 18) / 2 / far;
    const [x, y] = [width / 2, (height - 18) / 2];
    const lines = { stroke: app.palette.grid, "stroke-width": 0.75 };
    add(svg, "line", { x1: x - unit * far, x2: x + unit * far, y1: y, y2: y, ...lines });
    add(svg, "line", { x1: x, x2: x, y1: y - unit * far, y2: y + unit * far, ...lines });
    add(svg, "circle", { cx: x, cy: y, r: unit, fill: "none", stroke: app.palette.note, "stroke-width": 1 });
    label(svg, x + unit + 3, y - 4, "1", { fill: app.palette.note, "font-size": "0.75em" });
    for (const { re, im } of values) {
      const dot = add(svg, "circle", { cx: x + re * unit, cy: y - im * unit, r: 4, fill: app.palette.weight, "fill-opacity": 0.85, class: "eigenvalue", "data-re": String(re), "data-im": String(im) });
      tip(dot, () => phrase(`${number(re, 3)} ${im < 0 ? "−" : "+"} ${number(Math.abs(im), 3)} i`));
    }
    const [norm, radius] = [app.singularValue(), Math.max(...values.map(({ re, im }) => Math.hypot(re, im)))];
    label(svg, width / 2, height - 3, app.say("radius", { radius: number(radius), norm: number(norm) }), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.8em" });
  },
  rows: (/** @type {App} */ app) => [["re", "im"], ...app.eigenvalues().map(({ re, im }) => [re, im])],
};
