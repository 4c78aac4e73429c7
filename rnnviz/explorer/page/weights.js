/** The recurrent weights, whose entries can be dragged; and the course of training in the page. */

import { add, append, colorScale, heat, label, linePath, scaleOf, shade, verticalAxis } from "./draw.js";
import { number, phrase, plain } from "./symbols.js";
import { tip } from "./tooltip.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {{width: number, height: number}} Size */

let chosen = { row: 0, col: 0 };
let isDragged = false;

/** The part of the stacked weights that is shown: that of the gate chosen, or the first. @param {App} app */
function block(app) {
  const { layer, direction, part } = app.state;
  const matrix = app.network.layers[layer][direction].parameters.weight_hh;
  const names = app.now.gateNames;
  const gate = Math.max(0, names.indexOf(part));
  const units = matrix.rows / Math.max(1, names.length);
  return { matrix, first: gate * units, units, cols: matrix.cols, gate: names[gate] ?? null };
}

/** @param {App} app @param {number} row @param {number} col @param {number} value */
function put(app, row, col, value) {
  const { layer, direction, edits } = app.state;
  const entries = edits.entries.filter((each) => each.layer !== layer || each.direction !== direction || each.row !== row || each.col !== col);
  app.edit({ entries: [...entries, { layer, direction, name: "weight_hh", row, col, value }] });
}

export const weights = {
  id: "weights",
  title: (/** @type {App} */ app) => (block(app).gate ? app.say("weights_of_gate", { gate: app.content.symbols.gates[/** @type {string} */ (block(app).gate)].replace("{t}", "t") }) : app.say("weights")),
  present: (/** @type {App} */ app) => app.live && block(app).cols <= 64,
  interactive: true,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const { matrix, first, units, cols } = block(app);
    const value = (/** @type {number} */ row, /** @type {number} */ col) => matrix.data[(first + row) * cols + col];
    let limit = 0;
    for (let row = 0; row < units; row++) for (let col = 0; col < cols; col++) limit = Math.max(limit, Math.abs(value(row, col)));
    limit ||= 1;
    const ramp = app.palette.ramps.signed;
    const side = Math.min(width, (height - 40) * (cols / units));
    const box = { x: (width - side) / 2, y: 16, width: side, height: (side * units) / cols };
    heat(add(svg, "g"), box, units, cols, (row, col) => shade(ramp, (value(row, col) / limit + 1) / 2), (row, col) => ({ class: "weight", "data-row": row + 1, "data-col": col + 1, "data-value": String(value(row, col)) }));
    const hit = add(svg, "rect", { ...box, fill: "transparent", class: "hit", style: "cursor: ns-resize; touch-action: none" });
    const [w, h] = [box.width / cols, box.height / units];
    chosen = { row: Math.min(chosen.row, units - 1), col: Math.min(chosen.col, cols - 1) };
    add(svg, "rect", { x: box.x + chosen.col * w - 0.5, y: box.y + chosen.row * h - 0.5, width: w + 1, height: h + 1, rx: 3, fill: "none", stroke: app.palette.text, "stroke-width": 1.6, "pointer-events": "none" });
    const under = (/** @type {MouseEvent} */ event) => {
      const bounds = hit.getBoundingClientRect();
      const at = (/** @type {number} */ part, /** @type {number} */ count) => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
      return { row: at((event.clientY - bounds.top) / bounds.height, units), col: at((event.clientX - bounds.left) / bounds.width, cols) };
    };
    tip(hit, (event) => {
      const { row, col } = isDragged ? chosen : under(event);
      return [...app.symbol("recurrent_weights", {}), ...phrase(` [${row + 1}, ${col + 1}] = ${number(value(row, col), 3)}`)];
    });
    hit.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      event.preventDefault();
      chosen = under(event);
      const [from, start, speed] = [event.clientY, value(chosen.row, chosen.col), (2 * limit) / 120];
      isDragged = true;
      const move = (/** @type {PointerEvent} */ moved) => put(app, first + chosen.row, chosen.col, start + (from - moved.clientY) * speed);
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", () => {
        isDragged = false;
        window.removeEventListener("pointermove", move);
        app.tell("all");
      }, { once: true });
      app.tell("cell");
    });
    colorScale(svg, width - 2, 0, ramp, [number(-limit), `+${number(limit)}`], app.palette);
  },
  /** The entry chosen, as a number that can be typed. */
  controls(/** @type {HTMLElement} */ parent, /** @type {App} */ app) {
    const { units, cols } = block(app);
    const field = (/** @type {string} */ id, /** @type {string} */ name, /** @type {number} */ value, /** @type {any} */ more, /** @type {(value: number) => void} */ act) => {
      let input = /** @type {HTMLInputElement|null} */ (parent.querySelector(`#${id}`));
      if (!input) {
        input = append(parent, "input", { id, type: "number" });
        input?.addEventListener("change", () => Number.isFinite(input?.valueAsNumber) && act(/** @type {HTMLInputElement} */ (input).valueAsNumber));
      }
      const made = /** @type {HTMLInputElement} */ (input);
      made.setAttribute("aria-label", plain(app.say(name)));
      Object.assign(made, more);
      if (document.activeElement !== made) made.value = Number.isFinite(value) ? String(value) : "";
    };
    const at = () => app.network.layers[app.state.layer][app.state.direction].parameters.weight_hh.data[(block(app).first + chosen.row) * cols + chosen.col];
    field("weight-row", "row", chosen.row + 1, { min: 1, max: units, step: 1 }, (row) => {
      chosen.row = Math.min(units, Math.max(1, row)) - 1;
      app.tell("all");
    });
    field("weight-col", "column", chosen.col + 1, { min: 1, max: cols, step: 1 }, (col) => {
      chosen.col = Math.min(cols, Math.max(1, col)) - 1;
      app.tell("all");
    });
    field("weight-value", "value", Number(at().toPrecision(4)), { step: 0.1 }, (value) => put(app, block(app).first + chosen.row, chosen.col, value));
  },
  rows(/** @type {App} */ app) {
    const { matrix, first, units, cols } = block(app);
    return Array.from({ length: units }, (_, row) => [...matrix.data.subarray((first + row) * cols, (first + row + 1) * cols)]);
  },
};

export const training = {
  id: "training",
  title: (/** @type {App} */ app) => app.say("training", { count: app.course.length }),
  present: (/** @type {App} */ app) => app.course.length > 0,
  draw(/** @type {SVGElement} */ svg, /** @type {Size} */ { width, height }, /** @type {App} */ app) {
    const [left, top, right, bottom] = [44, 22, width - 6, height - 18];
    const { course } = app;
    const series = /** @type {const} */ ([["loss", app.palette.text], ["norm", app.palette.gradient]]);
    const all = course.flatMap(({ loss, norm }) => [loss, norm]).filter((value) => Number.isFinite(value) && value > 0);
    const high = Math.max(...all, 1e-12);
    const low = Math.max(Math.min(...all, high / 10), high * 1e-8);
    const y = scaleOf([10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) + 1e-9)], [bottom, top], true);
    verticalAxis(svg, y, left, right, app.palette);
    const x = scaleOf([1, Math.max(2, course.length)], [left + 6, right - 6]);
    for (const tick of scaleOf([1, Math.max(2, course.length)], [0, 1]).ticks.filter(Number.isInteger)) label(svg, x(tick), bottom + 14, String(tick), { "text-anchor": "middle", fill: app.palette.note, "font-size": "0.75em" });
    series.forEach(([name, color], index) => {
      add(svg, "path", { d: linePath(course.map((each, step) => [x(step + 1), each[name] > 0 ? y(each[name]) : NaN])), fill: "none", stroke: color, "stroke-width": 1.8, "stroke-dasharray": index ? "4 3" : undefined });
      course.forEach((each, step) => {
        if (!(each[name] > 0) || course.length > 60) return;
        const dot = add(svg, "circle", { cx: x(step + 1), cy: y(each[name]), r: 2.6, fill: color, class: `course-${name}`, "data-value": String(each[name]) });
        tip(dot, () => phrase(`${step + 1}: ${number(each[name], 3)}`));
      });
      label(svg, index ? right : left, 12, app.say(name === "loss" ? "mean_loss" : "gradient_norm"), { fill: color, "font-size": "0.8em", "text-anchor": index ? "end" : "start" });
    });
  },
  rows: (/** @type {App} */ app) => [["step", "loss", "gradient norm"], ...app.course.map(({ loss, norm }, step) => [step + 1, loss, norm])],
};
