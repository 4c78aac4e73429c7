/** The sequence as words that can be typed over, moved, inserted and deleted; or as points to drag. */

import { add, append, linePath, rounds, scaleOf } from "./draw.js";
import { inHtml, number, plain } from "./symbols.js";

/** @typedef {import("./app.js").App} App */

/**
 * Show the sequence for editing.
 * @param {App} app
 * @param {HTMLElement} parent
 */
export function showSequence(app, parent) {
  parent.hidden = !app.live;
  if (!app.live) return;
  const { language, theme, step, sequence, edits } = app.state;
  const key = JSON.stringify([language, theme, step, sequence, edits.steps, parent.clientWidth]);
  if (key === parent.dataset.shown) return;
  parent.dataset.shown = key;
  if (app.content.vocabulary) showWords(app, parent);
  else showSeries(app, parent);
}

/**
 * @param {App} app
 * @param {(steps: import("./app.js").Step[]) => void} change
 */
export function change(app, change) {
  const steps = app.steps.map((step) => ({ ...step }));
  const targets = steps.map(({ target }) => target);
  const onlyLast = targets.slice(0, -1).every(isNone) && !isNone(targets[targets.length - 1]);
  const before = targets[targets.length - 1];
  change(steps);
  const wanted = steps.map(({ target }) => target).find((target) => !isNone(target)) ?? before;
  if (onlyLast) steps.forEach((step, k) => (step.target = k === steps.length - 1 ? wanted : noneLike(wanted)));
  const same = JSON.stringify(steps) === JSON.stringify(app.recordedSteps());
  const wasLast = app.state.loss === app.now.steps.length - 1;
  app.edit({ steps: same ? null : steps });
  if (wasLast && app.now.times.includes(steps.length - 1)) app.set({ loss: steps.length - 1 });
}

/** @param {any} target */
function isNone(target) {
  return target === null || (Array.isArray(target) && target.every(Number.isNaN));
}

/** @param {any} target */
function noneLike(target) {
  return Array.isArray(target) ? target.map(() => NaN) : null;
}

/**
 * @param {App} app
 * @param {HTMLElement} parent
 */
function showWords(app, parent) {
  const { vocabulary } = app.content;
  const hadFocus = parent.contains(document.activeElement) ? document.activeElement?.id : null;
  parent.replaceChildren();
  const list = append(parent, "div", { className: "chips", role: "group", "aria-label": plain(app.say("sequence_edit")) });
  const options = append(parent, "datalist", { id: "vocabulary" });
  for (const { word } of vocabulary) append(options, "option", { value: word });
  const say = (/** @type {string} */ name) => plain(app.say(name));
  app.steps.forEach((step, k) => {
    const chosen = k === app.state.step;
    if (!chosen) {
      const chip = append(list, "button", { type: "button", className: step.origin === null || step.word !== app.content.words[app.content.sequences.indexOf(app.state.sequence)][step.origin] ? "chip new" : "chip", dir: "auto", draggable: true, id: `chip-${k}` }, step.word);
      chip.addEventListener("click", () => {
        app.choose({ step: k });
        /** @type {HTMLInputElement|null} */ (document.getElementById(`chip-${k}`))?.select?.();
      });
      dragging(app, chip, k);
      return;
    }
    const box = append(list, "span", { className: "chip chosen" });
    dragging(app, box, k);
    const input = append(box, "input", { id: `chip-${k}`, value: step.word, dir: "auto", autocomplete: "off", spellcheck: false, "aria-label": plain(app.say("word_at", { step: k + 1 })) });
    input.setAttribute("list", "vocabulary");
    input.style.width = `${Math.max(2.2, [...step.word].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.1 : 0.62), 0.9))}em`;
    const put = () => {
      const word = input.value.trim();
      if (word === step.word) return;
      const known = vocabulary.find((/** @type {any} */ entry) => entry.word === word);
      if (!known) {
        tell(app, word === "" ? null : app.say("unknown_word", { word }));
        return;
      }
      tell(app, null);
      change(app, (steps) => (steps[k] = { ...steps[k], x: [...known.x], word }));
    };
    input.addEventListener("input", (/** @type {InputEvent} */ event) => {
      if (event.inputType === "insertReplacementText" || !event.inputType) put();
    });
    input.addEventListener("change", put);
    input.addEventListener("focus", () => input.select());
    input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") put();
      if (event.key === "Escape") input.value = step.word;
    });
    const tool = (/** @type {string} */ sign, /** @type {string} */ name, /** @type {boolean} */ possible, /** @type {(steps: any[]) => number} */ act) => {
      const button = append(box, "button", { type: "button", className: "tool", title: say(name), "aria-label": say(name), disabled: !possible, id: `chip-${name}` }, sign);
      button.addEventListener("click", () => {
        let step = k;
        change(app, (steps) => (step = act(steps)));
        app.choose({ step });
      });
    };
    const { length } = app.steps;
    tool("‹", "move_left", k > 0, (steps) => (steps.splice(k - 1, 0, ...steps.splice(k, 1)), k - 1));
    tool("›", "move_right", k < length - 1, (steps) => (steps.splice(k + 1, 0, ...steps.splice(k, 1)), k + 1));
    tool("+", "insert", length < app.content.most_steps, (steps) => (steps.splice(k + 1, 0, { ...steps[k], origin: null, target: noneLike(steps[k].target) }), k + 1));
    tool("×", "delete", length > 1, (steps) => (steps.splice(k, 1), Math.max(0, k - 1)));
  });
  append(list, "span", { className: "hint", id: "chip-message", role: "status" }, inHtml(app.say("chips_hint")));
  if (hadFocus) document.getElementById(hadFocus)?.focus();
}

/**
 * @param {App} app
 * @param {import("./symbols.js").Piece[]|null} pieces
 */
function tell(app, pieces) {
  const place = document.getElementById("chip-message");
  place?.replaceChildren(inHtml(pieces ?? app.say("chips_hint")));
  place?.classList.toggle("wrong", pieces !== null);
}

/**
 * Let a word be dragged onto another, whose place it then takes.
 * @param {App} app
 * @param {HTMLElement} chip
 * @param {number} k
 */
function dragging(app, chip, k) {
  chip.draggable = true;
  chip.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", String(k)));
  chip.addEventListener("dragover", (event) => {
    event.preventDefault();
    chip.classList.add("over");
  });
  chip.addEventListener("dragleave", () => chip.classList.remove("over"));
  chip.addEventListener("drop", (event) => {
    event.preventDefault();
    const from = Number(event.dataTransfer?.getData("text/plain"));
    if (!Number.isInteger(from) || from === k) return;
    change(app, (steps) => ([steps[from], steps[k]] = [steps[k], steps[from]]));
    app.choose({ step: k });
  });
}

/**
 * Show inputs that are numbers as lines whose points can be dragged, or moved by the arrow keys.
 * @param {App} app
 * @param {HTMLElement} parent
 */
function showSeries(app, parent) {
  if (parent.dataset.dragged === "yes") return;
  const { steps } = app;
  const shown = Math.min(steps[0].x.length, 4);
  const focused = parent.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.point : null;
  parent.replaceChildren();
  const width = Math.max(120, parent.clientWidth);
  const height = 74;
  const svg = add(parent, "svg", { width, height, class: "series", role: "group", "aria-label": plain(app.say("series_edit")) });
  const [left, right] = [8, width - 8];
  const x = scaleOf([0, Math.max(1, steps.length - 1)], [left + 40, right - 8]);
  const all = steps.flatMap((step) => step.x.slice(0, shown));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = scaleOf([low, high === low ? low + 1 : high], [height - 10, 22]);
  for (const value of rounds(low, high, 2)) add(svg, "text", { x: left + 26, y: y(value) + 4, "text-anchor": "end", fill: app.palette.note, "font-size": 11 }, number(value));
  add(svg, "text", { x: right, y: 10, "text-anchor": "end", fill: app.palette.note, "font-size": 12 }, plain(app.say("series_hint")));
  for (let entry = 0; entry < shown; entry++) {
    const at = steps.map((step, k) => /** @type {[number, number]} */ ([x(k), y(step.x[entry])]));
    add(svg, "path", { d: linePath(at), fill: "none", stroke: app.palette.input, "stroke-width": 1.5, "stroke-dasharray": entry ? "4 3" : undefined });
    steps.forEach((step, k) => {
      const name = plain(app.say("point_at", { step: k + 1, name: app.content.inputs?.[entry] ?? String(entry + 1), value: number(step.x[entry], 3) }));
      const dot = add(svg, "circle", { cx: at[k][0], cy: at[k][1], r: k === app.state.step ? 6 : 4.5, fill: app.palette.input, stroke: app.palette.ground, "stroke-width": 1.5, class: "point", tabindex: 0, role: "slider", "aria-label": name, "aria-valuenow": step.x[entry], "aria-orientation": "vertical", "data-point": `${k} ${entry}`, "data-value": String(step.x[entry]) });
      const put = (/** @type {number} */ value) => change(app, (each) => (each[k].x = each[k].x.map((old, index) => (index === entry ? value : old))));
      dot.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
        event.preventDefault();
        dot.setPointerCapture(event.pointerId);
        app.choose({ step: k });
        drag(app, parent, svg, k, entry, y, put);
      });
      dot.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
        const turn = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowDown: -1 })[event.key];
        if (!turn) return;
        event.preventDefault();
        put(step.x[entry] + (turn * (high - low || 1)) / 40);
      });
      if (focused === `${k} ${entry}`) dot.focus();
    });
  }
}

/**
 * @param {App} app
 * @param {HTMLElement} parent
 * @param {SVGElement} svg
 * @param {number} k
 * @param {number} entry
 * @param {(value: number) => number} y
 * @param {(value: number) => void} put
 */
function drag(app, parent, svg, k, entry, y, put) {
  parent.dataset.dragged = "yes";
  const [zero, one] = [y(0), y(1)];
  const move = (/** @type {PointerEvent} */ event) => {
    const at = event.clientY - svg.getBoundingClientRect().top;
    svg.querySelector(`[data-point="${k} ${entry}"]`)?.setAttribute("cy", String(Math.max(4, Math.min(70, at))));
    put((at - zero) / (one - zero));
  };
  const stop = () => {
    window.removeEventListener("pointermove", move);
    delete parent.dataset.dragged;
    delete parent.dataset.shown;
    showSeries(app, parent);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", stop, { once: true });
}
