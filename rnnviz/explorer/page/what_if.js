/** What can be changed of the network, and what a change does, in words. */

import { append } from "./draw.js";
import { saveWeights } from "./files.js";
import { inHtml, number, phrase, plain } from "./symbols.js";
import { valuesAt } from "./chain.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./symbols.js").Piece} Piece */

const MOST_TIMES = 4;

/**
 * Show what can be changed.
 * @param {HTMLElement} parent
 * @param {App} app
 */
export function showWhatIf(parent, app) {
  const { edits, step, unit, part } = app.state;
  if (!parent.querySelector("#scale-W")) build(parent, app);
  const slider = (/** @type {string} */ id, /** @type {number} */ value, /** @type {string} */ text) => {
    const input = /** @type {HTMLInputElement} */ (parent.querySelector(`#${id}`));
    if (!Number.isFinite(value)) input.value = "";
    else if (document.activeElement !== input || Math.abs(input.valueAsNumber - value) > 1e-9) input.valueAsNumber = value;
    /** @type {HTMLElement} */ (parent.querySelector(`#${id}-value`)).textContent = text;
  };
  const name = (/** @type {string} */ id, /** @type {Piece[]} */ pieces) => /** @type {HTMLElement} */ (parent.querySelector(`#${id}-name`)).replaceChildren(inHtml(pieces));
  name("scale-W", [...app.symbol("recurrent_weights", {}), ...phrase(" ×")]);
  name("scale-U", [...app.symbol("input_weights", {}), ...phrase(" ×")]);
  slider("scale-W", edits.W, number(edits.W));
  slider("scale-U", edits.U, number(edits.U));
  const clamp = clampOf(app);
  const now = valuesAt(app, step)[unit] ?? 0;
  const range = /** @type {HTMLInputElement} */ (parent.querySelector("#clamp"));
  range.min = app.content.sigmoid.includes(part) ? "0" : "-1";
  const symbol = app.symbol(part === "h" ? "state" : part === "c" ? "cell_state" : "gate", { t: step + 1, gate: part });
  name("clamp", [...symbol, ...app.say("unit_comma", { unit: unit + 1 })]);
  slider("clamp", clamp ? clamp.value : now, clamp ? number(clamp.value) : plain(app.say("free")));
  const free = /** @type {HTMLButtonElement} */ (parent.querySelector("#free"));
  free.hidden = !clamp;
  free.textContent = plain(app.say("set_free"));
  const functions = /** @type {HTMLElement} */ (parent.querySelector("#functions"));
  functions.hidden = app.now.gateNames.length > 0;
  for (const input of functions.querySelectorAll("input")) input.checked = (edits.nonlinearity ?? app.content.nonlinearity) === input.value;
  const reset = /** @type {HTMLButtonElement} */ (parent.querySelector("#reset"));
  reset.disabled = !app.isEdited;
  reset.textContent = plain(app.say("reset"));
  const keep = /** @type {HTMLButtonElement} */ (parent.querySelector("#save-weights"));
  keep.hidden = !changesWeights(app);
  keep.title = plain(app.say("save_weights"));
  for (const count of [1, 20]) {
    const button = /** @type {HTMLElement} */ (parent.querySelector(`#train-${count}`));
    button.title = plain(app.say("train", { count }));
    button.setAttribute("aria-label", button.title);
  }
  const train = /** @type {HTMLElement} */ (parent.querySelector("#train"));
  train.hidden = app.recorded.times.length === 0;
  for (const [id, key, value] of /** @type {[string, string, any][]} */ ([["optimizer", "optimizer", edits.training.name], ["rate", "rate", edits.training.rate], ["clip", "clip", edits.training.clip ?? ""]])) {
    const input = /** @type {HTMLInputElement} */ (parent.querySelector(`#${id}`));
    input.setAttribute("aria-label", plain(app.say(key)));
    input.title = plain(app.say(key));
    if (document.activeElement !== input) input.value = String(value);
  }
}

/** Whether the weights are others than the recorded ones. @param {App} app */
function changesWeights({ state }) {
  const { W, U, entries, training } = state.edits;
  return W !== 1 || U !== 1 || entries.length > 0 || training.count > 0;
}

/** @param {App} app */
function clampOf(app) {
  const { layer, direction, step, unit, part, edits } = app.state;
  return edits.clamps.find((each) => each.layer === layer && each.direction === direction && each.step === step && each.unit === unit && each.part === part) ?? null;
}

/** @param {HTMLElement} parent @param {App} app */
function build(parent, app) {
  parent.replaceChildren();
  const slider = (/** @type {string} */ id, /** @type {any} */ more, /** @type {(value: number) => void} */ act) => {
    const row = append(parent, "div", { className: "slider" });
    append(row, "label", { htmlFor: id, id: `${id}-name` });
    const input = append(row, "input", { type: "range", id, ...more });
    append(row, "output", { id: `${id}-value`, htmlFor: id });
    input.addEventListener("input", () => act(input.valueAsNumber));
  };
  slider("scale-W", { min: 0, max: MOST_TIMES, step: 0.05 }, (W) => app.edit({ W }));
  slider("scale-U", { min: 0, max: MOST_TIMES, step: 0.05 }, (U) => app.edit({ U }));
  slider("clamp", { min: -1, max: 1, step: 0.01 }, (value) => {
    const { layer, direction, step, unit, part, edits } = app.state;
    const others = edits.clamps.filter((each) => each !== clampOf(app));
    app.edit({ clamps: [...others, { layer, direction, step, unit, part, value }] });
  });
  const row = append(parent, "div", { className: "choices" });
  const functions = append(row, "span", { id: "functions", role: "radiogroup", "aria-label": "tanh, relu" });
  for (const name of ["tanh", "relu"]) {
    const element = append(functions, "label", {});
    const input = append(element, "input", { type: "radio", name: "nonlinearity", value: name });
    element.append(` ${name}`);
    input.addEventListener("change", () => app.edit({ nonlinearity: name === app.content.nonlinearity ? null : /** @type {"tanh"|"relu"} */ (name) }));
  }
  append(row, "button", { type: "button", id: "free" }).addEventListener("click", () => app.edit({ clamps: app.state.edits.clamps.filter((each) => each !== clampOf(app)) }));
  append(row, "button", { type: "button", id: "save-weights" }, "↓ .safetensors").addEventListener("click", () => saveWeights(app));
  append(row, "button", { type: "button", id: "reset" }).addEventListener("click", () => app.reset());
  const train = append(parent, "div", { className: "choices", id: "train" });
  const again = (/** @type {any} */ changes) => {
    app.trained = null;
    app.edit({ training: { ...app.state.edits.training, count: 0, ...changes } });
  };
  const chooser = append(train, "select", { id: "optimizer" });
  for (const name of ["sgd", "adam"]) append(chooser, "option", { value: name }, name.toUpperCase().replace("ADAM", "Adam"));
  chooser.addEventListener("change", () => again({ name: chooser.value }));
  const rate = append(train, "input", { type: "number", id: "rate", min: 0, step: "any" });
  rate.addEventListener("change", () => rate.valueAsNumber > 0 && again({ rate: rate.valueAsNumber }));
  const clip = append(train, "input", { type: "number", id: "clip", min: 0, step: "any" });
  clip.addEventListener("change", () => again({ clip: clip.valueAsNumber > 0 ? clip.valueAsNumber : null }));
  for (const [id, count] of /** @type {[string, number][]} */ ([["train-1", 1], ["train-20", 20]])) {
    append(train, "button", { type: "button", id }, `▶ ${count}`).addEventListener("click", () => {
      const { training } = app.state.edits;
      app.edit({ training: { ...training, count: training.count + count } });
    });
  }
}

/**
 * Return what a change did, each as a symbol with the number before and after.
 * @param {App} app
 * @returns {Piece[][]}
 */
export function changes(app) {
  if (!app.isEdited) return [];
  /** @type {Piece[][]} */
  const found = [];
  const { now, recorded, shown } = app;
  const loss = app.ghostOf(shown);
  if (loss === null || !now.times.includes(shown) || !recorded.times.includes(loss)) {
    if (now.times.includes(shown)) found.push([...app.symbol("loss", { t: shown + 1 }), ...phrase(` = ${number(now.loss(shown))}`)]);
    return found;
  }
  const ends = now.steps.filter((k) => app.ghostOf(k) !== null && !Number.isNaN(now.norm(shown, k)) && !Number.isNaN(recorded.norm(loss, /** @type {number} */ (app.ghostOf(k)))));
  const far = ends.reduce((best, k) => (Math.abs(k - shown) > Math.abs(best - shown) ? k : best), shown);
  const arrow = (/** @type {number} */ before, /** @type {number} */ after) => phrase(`: ${number(before)} → ${number(after)}`);
  if (far !== shown) found.push([...app.symbol("norm", { t: shown + 1, k: far + 1 }), ...arrow(recorded.norm(loss, /** @type {number} */ (app.ghostOf(far))), now.norm(shown, far))]);
  found.push([...app.symbol("loss", { t: shown + 1 }), ...arrow(recorded.loss(loss), now.loss(shown))]);
  const [before, after] = [recorded.y(loss), now.y(shown)];
  if (app.content.of_choice && before && after) {
    const top = (/** @type {Float64Array} */ y) => y.indexOf(Math.max(...y));
    if (top(before) !== top(after)) found.push(app.say("says_now", { before: app.output(top(before)), after: app.output(top(after)) }));
  }
  return found;
}
