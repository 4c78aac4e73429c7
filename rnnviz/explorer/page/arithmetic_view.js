/** One number, opened into what it was computed from; each number in it leads on. */

import { append, shade } from "./draw.js";
import { inHtml, number, phrase } from "./symbols.js";
import { valuesAt } from "./chain.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("../engine/arithmetic.js").Reference} Reference */
/** @typedef {import("../engine/arithmetic.js").Term} Term */

const [FEW_TERMS, MANY_TERMS] = [4, 8];
const TALL = 950;

/** The numbers that were opened before the one that is open. @type {Reference[]} */
const trail = [];
/** @type {Reference|null} */
let opened = null;
let expanded = false;

/**
 * Open a number, or with null that of the cell chosen.
 * @param {Reference|null} reference
 */
export function open(reference) {
  if (reference && opened) trail.push(opened);
  if (!reference) trail.length = 0;
  opened = reference;
  expanded = false;
}

/**
 * Return the number that is open.
 * @param {App} app
 * @returns {Reference}
 */
function current(app) {
  const { layer, direction, step, unit, part } = app.state;
  const fits = opened && (opened.step ?? 0) < app.now.steps.length;
  return fits ? /** @type {Reference} */ (opened) : { part, layer, direction, step, unit: Math.min(unit, valuesAt(app, step).length - 1) };
}

/**
 * @param {HTMLElement} parent
 * @param {App} app
 */
export function showArithmetic(parent, app) {
  const focused = parent.contains(document.activeElement);
  parent.replaceChildren();
  if (!app.live) {
    const { step, unit, part } = current(app);
    append(parent, "h2", {}, inHtml([...name(app, { part, step, unit }), ...phrase(` = ${number(valuesAt(app, step ?? 0)[unit ?? 0], 3)}`)]));
    append(parent, "p", { className: "note" }, inHtml(app.say("not_live", { why: app.content.why[app.state.language] })));
    return;
  }
  const reference = current(app);
  /** @type {import("../engine/arithmetic.js").Arithmetic} */
  const found = app.run.arithmetic(reference);
  const head = append(parent, "h2", {});
  if (trail.length || opened) {
    const back = append(head, "button", { type: "button", className: "tool", title: app.say("back")[0].text, "aria-label": app.say("back")[0].text }, "‹");
    back.addEventListener("click", () => {
      opened = trail.pop() ?? null;
      expanded = false;
      app.tell("cell");
    });
    if (focused) back.focus();
  }
  head.append(inHtml([...name(app, found.reference), ...app.say("comes_from", { value: number(found.result, 3) })]));
  /** @type {Map<string, Term[]>} */
  const groups = new Map();
  for (const term of found.terms) groups.set(term.kind, [...(groups.get(term.kind) ?? []), term]);
  const list = append(parent, "div", { className: "terms" });
  const biases = groups.get("bias") ?? [];
  if (biases.length > 1) {
    const product = biases.reduce((sum, term) => sum + term.product, 0);
    groups.set("bias", [{ kind: "bias", index: 0, weight: product, value: 1, product }]);
  }
  for (const [kind, terms] of groups) showGroup(list, app, found.reference, kind, terms);
  const line = (/** @type {Node|string} */ text, /** @type {string} */ value, className = "") => {
    const row = append(list, "div", { className: `term ${className}` });
    append(row, "span", { className: "what" }, text);
    append(row, "span", { className: "product" }, value);
  };
  if (found.terms.length === 0) {
    append(list, "p", { className: "note" }, inHtml(app.say("given")));
    line(inHtml(name(app, found.reference)), signed(found.result), "result");
    return;
  }
  line(inHtml(app.say("sum")), signed(found.sum), "total");
  if (found.function !== "identity") {
    line(inHtml(found.function === "held" ? app.say("held") : phrase(functionName(app, found.function))), signed(found.result), "result");
  }
}

/** @param {App} app @param {string} given */
function functionName(app, given) {
  return /** @type {Record<string, string>} */ ({ sigmoid: "$sigma$", "-log": "−log" })[given] ?? given;
}

/**
 * @param {HTMLElement} list
 * @param {App} app
 * @param {Reference} reference
 * @param {string} kind
 * @param {Term[]} terms
 */
function showGroup(list, app, reference, kind, terms) {
  const strongest = [...terms].filter(({ product }) => product !== 0).sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const most = window.innerHeight < TALL ? FEW_TERMS : MANY_TERMS;
  const shown = expanded || strongest.length === most + 1 ? strongest : strongest.slice(0, most);
  const rest = strongest.slice(shown.length);
  const alone = terms.length === 1;
  if (!alone) append(list, "div", { className: "group" }, inHtml(kindText(app, reference, kind)));
  if (strongest.length === 0) {
    const row = append(list, "div", { className: "term" });
    append(row, "span", { className: "what" }, inHtml(alone ? kindText(app, reference, kind) : app.say("nothing")));
    append(row, "span", { className: "product" }, "0");
  }
  for (const term of shown) showTerm(list, app, reference, term, alone);
  if (rest.length) {
    const more = append(list, "button", { type: "button", className: "term more" });
    append(more, "span", { className: "what" }, inHtml(app.say("more", { count: rest.length })));
    append(more, "span", { className: "product" }, signed(rest.reduce((sum, { product }) => sum + product, 0)));
    more.addEventListener("click", () => {
      expanded = true;
      app.tell("cell");
    });
  }
}

/**
 * @param {HTMLElement} list
 * @param {App} app
 * @param {Reference} reference
 * @param {Term} term
 * @param {boolean} alone
 */
function showTerm(list, app, reference, term, alone) {
  const leads = term.of;
  const row = append(list, leads ? "button" : "div", { className: "term", ...(leads ? { type: "button" } : {}) });
  const what = append(row, "span", { className: "what" });
  if (alone) append(what, "span", { className: "kind" }, inHtml(factorNames(app, term) ?? kindText(app, reference, term.kind)));
  if (term.kind !== "bias" || term.value !== 1) {
    const product = append(what, "span", { className: "factors" });
    swatch(product, app, term.weight);
    append(product, "span", { title: String(term.weight) }, signed(term.weight, 2));
    append(product, "span", { className: "times" }, "×");
    swatch(product, app, term.value);
    append(product, "span", { title: String(term.value) }, signed(term.value, 2));
    if (!alone && term.of) append(product, "span", { className: "source" }, inHtml(shortName(app, term)));
  }
  append(row, "span", { className: "product" }, signed(term.product));
  if (leads) {
    row.addEventListener("click", () => {
      open({ layer: reference.layer, direction: reference.direction, ...leads });
      app.tell("cell");
    });
  }
}

/** Return the names of two numbers that are multiplied. @param {App} app @param {Term} term */
function factorNames(app, { weightOf, of, complement, squashed }) {
  if (!weightOf || !of) return null;
  return [...phrase(complement ? "1 − " : ""), ...symbolOf(app, weightOf), ...phrase(squashed ? " × tanh " : " × "), ...symbolOf(app, of)];
}

/** @param {App} app @param {Term} term */
function shortName(app, term) {
  if (term.of?.part === "x" && app.content.inputs) return phrase(app.content.inputs[term.index] ?? "");
  const unit = app.say("unit_short", { unit: (term.of?.unit ?? term.index) + 1 });
  return term.of?.gate && app.now.gateNames.length ? [...gateName(app, term.of), ...phrase(" "), ...unit] : unit;
}

/** @param {App} app @param {Reference} reference */
function gateName(app, { gate = "", step = 0 }) {
  return app.symbol("gate", { gate, t: step + 1 });
}

/** @param {HTMLElement} parent @param {App} app @param {number} value */
function swatch(parent, app, value) {
  const mark = append(parent, "span", { className: "swatch" });
  mark.style.background = shade(app.palette.ramps.signed, (Math.max(-1, Math.min(1, value)) + 1) / 2);
}

/** @param {number} value @param {number} [digits] */
function signed(value, digits = 3) {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits);
}

/** @param {App} app @param {Reference} reference */
function symbolOf(app, reference) {
  return name(app, reference, false);
}

/**
 * Return the name of a number: its symbol and, of a vector, its unit.
 * @param {App} app
 * @param {Reference} reference
 */
function name(app, { part, step = 0, unit = 0, of, loss, row, col, gate }, withUnit = true) {
  const t = step + 1;
  const plain = /** @type {Record<string, string>} */ ({ h: "state", c: "cell_state", made: "state", score: "scores", y: "prediction", x: "input", share: "preactivation" });
  if (part === "total") return app.symbol("total", {});
  if (part === "loss") return app.symbol("loss", { t });
  if (part === "gradient") {
    const facts = { t: loss === undefined ? "" : loss + 1, k: t };
    if (row !== undefined) return [...app.symbol(loss === undefined ? "gradient_of_weights_total" : "gradient_of_weights", facts), ...phrase(` [${row + 1}, ${(col ?? 0) + 1}]`)];
    const key = of === "x" ? "gradient_x" : of === "c" ? "gradient_c" : of === "a" ? "gradient_a" : of === "score" ? "gradient_o" : of === "share" ? "gradient_a" : "gradient_h";
    const ofGate = gate && app.now.gateNames.length ? [...phrase(" ("), ...gateName(app, { part, gate, step }), ...phrase(")")] : [];
    return [...app.symbol(loss === undefined ? `${key}_total` : key, facts), ...ofGate, ...(withUnit ? app.say("unit_comma", { unit: unit + 1 }) : [])];
  }
  const symbol = part in plain ? app.symbol(plain[part], { t }) : app.symbol("gate", { gate: part, t });
  if (!withUnit) return symbol;
  return [...symbol, ...(part === "y" || part === "score" ? phrase(`, ${app.output(unit)}`) : app.say("unit_comma", { unit: unit + 1 }))];
}

/**
 * @param {App} app
 * @param {Reference} reference
 * @param {string} kind
 */
function kindText(app, reference, kind) {
  const { step = 0, direction = 0 } = reference;
  const facts = { t: step + 1, before: step + (direction ? 2 : 0), word: app.word(step) };
  if (kind === "input" && reference.part !== "gradient" && (reference.layer ?? 0) > 0) return app.say("kind_below", facts);
  return app.say(`kind_${kind}`, facts);
}
