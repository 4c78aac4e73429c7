/** The page: its parts, and what makes them follow each other. */

import { compare } from "../engine/index.js";
import { fragment, restore } from "./address.js";
import { App } from "./app.js";
import { open, showArithmetic } from "./arithmetic_view.js";
import { Card } from "./cards.js";
import { chain, otherChain, words } from "./chain.js";
import { showSequence } from "./chips.js";
import { append } from "./draw.js";
import { prediction } from "./prediction.js";
import { inHtml, number, phrase, plain } from "./symbols.js";
import { followPointer } from "./tooltip.js";
import { tour, wasOffered } from "./tour.js";
import { curve, eigenvalues, gates, plane, shares, table } from "./views.js";
import { training, weights } from "./weights.js";
import { changes, showWhatIf } from "./what_if.js";

const LEAST_WIDTH = 205;
const ADDRESS_AFTER = 250;
let addressing = 0;

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const app = new App(JSON.parse(part("content").textContent ?? ""));
restore(app, location.hash);

const small = [table, curve, plane, eigenvalues, gates, shares, weights, training];
const chainCard = new Card(app, chain, part("spine"), {
  after: (card) => words(app, /** @type {HTMLElement} */ (part("words")), card.size),
});
chainCard.body.after(append(chainCard.element, "div", { id: "words", role: "radiogroup" }));
chainCard.body.tabIndex = 0;
chainCard.body.setAttribute("role", "group");
chainCard.body.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const move = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
  if (!move) return;
  event.preventDefault();
  const { steps } = app.now;
  const index = Math.max(0, Math.min(steps.length - 1, steps.indexOf(app.state.step) + move[0]));
  const units = app.now.h(steps[index]).length;
  open(null);
  app.choose({ step: steps[index], unit: Math.max(0, Math.min(units - 1, app.state.unit + move[1])) });
});
chainCard.body.addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const arc = event.target instanceof SVGElement ? event.target.closest(".arc") : null;
  const cell = event.target instanceof SVGElement ? event.target.closest(".strips") : null;
  if (arc && app.live) {
    const { layer, direction, unit } = app.state;
    open({ part: "gradient", of: "h", layer, direction, step: Number(/** @type {any} */ (arc).dataset.step) - 1, unit, loss: app.shown });
    app.tell("cell");
  } else if (cell) {
    open(null);
    app.tell("cell");
  }
});
const cards = [chainCard, new Card(app, otherChain, part("beside")), ...small.map((view) => new Card(app, view, part("views"))), new Card(app, prediction, part("predicted"))];

/** Set the colours of the page. */
function paint() {
  const { palette } = app;
  const root = document.documentElement;
  for (const [name, color] of Object.entries(palette.colors)) root.style.setProperty(`--${name}`, /** @type {string} */ (color));
  root.style.colorScheme = palette.scheme;
  root.dataset.scheme = palette.scheme;
}

/** Write all that is said outside the views. */
function speak() {
  const { content, state } = app;
  const say = (/** @type {string} */ name, /** @type {any} */ facts) => plain(app.say(name, facts));
  document.documentElement.lang = state.language;
  part("heading").textContent = headline(app.now.steps.map((k) => app.word(k)));
  part("network").textContent = content.network;
  part("notice").replaceChildren(...content.notices[state.language].map((/** @type {string} */ text) => Object.assign(document.createElement("span"), { textContent: text })));
  part("notice").hidden = content.notices[state.language].length === 0;
  part("log-name").textContent = say("logarithmic");
  part("what-if-title").textContent = say("what_if");
  part("guide").textContent = say("tour");
  part("link").textContent = say("link");
  const dark = app.palette.scheme === "dark";
  part("theme").textContent = "◐";
  part("theme").setAttribute("aria-label", say(dark ? "light" : "dark"));
  part("theme").title = say(dark ? "light" : "dark");
  part("theme").hidden = content.palettes.length < 2;
  /** @type {HTMLInputElement} */ (part("log")).checked = state.log;
  for (const [name, count] of /** @type {[string, number][]} */ ([["layer", content.layers], ["direction", content.directions]])) {
    options(name, Array.from({ length: count }, (_, index) => [index, name === "direction" ? say(index ? "backward" : "forward") : `${index + 1}`]));
  }
  options("sequence", content.sequences.map((/** @type {number} */ index) => [index, `${index + 1}`]));
  const parts = ["h", ...(app.now.c ? ["c"] : []), ...app.now.gateNames];
  const names = parts.map((name) => plain(app.symbol(name === "h" ? "state" : name === "c" ? "cell_state" : "gate", { t: "t", gate: name })));
  options("part", parts.map((name, index) => [name, names[index]]));
}

/**
 * Return the heading: the words of the sequence, or what the inputs are, from first to last.
 * @param {string[]} all
 */
function headline(all) {
  const { content, state } = app;
  if (!content.worded) return content.titles[state.language];
  if (!content.vocabulary) return `${content.inputs?.length === 1 ? `${content.inputs[0]}: ` : ""}${all[0]} … ${all[all.length - 1]}`;
  const wide = all.some((word) => /[\u2e80-\u9fff]/u.test(word));
  const between = wide ? "" : " ";
  if (all.length <= 14) return all.join(between);
  return `${all.slice(0, 6).join(between)} … ${all.slice(-4).join(between)}`;
}

/**
 * Fill a choice, which is hidden if there is nothing to choose.
 * @param {string} name
 * @param {[any, string][]} choices
 */
function options(name, choices) {
  const select = /** @type {HTMLSelectElement} */ (part(`choose-${name}`));
  const holder = /** @type {HTMLElement} */ (select.parentElement);
  holder.hidden = choices.length < 2;
  /** @type {HTMLElement} */ (holder.querySelector("span")).textContent = plain(app.say(`choose_${name}`));
  const key = JSON.stringify(choices);
  if (select.dataset.key !== key) {
    select.replaceChildren();
    for (const [value, text] of choices) append(select, "option", { value: String(value) }, text);
    select.dataset.key = key;
  }
  select.value = String(/** @type {any} */ (app.state)[name]);
}

/** Say what was changed, and what the change does. */
function account() {
  const lines = changes(app);
  part("changes").replaceChildren();
  for (const pieces of lines) append(part("changes"), "p", {}, inHtml(pieces));
  part("changes").hidden = lines.length === 0;
}

let proof = /** @type {any} */ (null);

/** Recompute the recording, and say how far it is from what was recorded. */
function prove() {
  const badge = part("badge");
  if (!app.live) {
    badge.className = "badge plain";
    badge.replaceChildren(inHtml(app.say("recorded_only", { why: app.content.why[app.state.language] })));
    return;
  }
  const { network, sequences, recorded } = /** @type {any} */ (app.decoded);
  proof ??= compare(sequences.map((/** @type {any} */ sequence) => network.run(sequence)), recorded);
  const good = proof.worst <= recorded.tolerance;
  badge.className = `badge ${good ? "good" : "bad"}`;
  badge.dataset.worst = String(proof.worst);
  badge.dataset.field = proof.field ?? "";
  const facts = { most: number(proof.worst, 1), field: proof.field ?? "", tolerance: number(recorded.tolerance, 1), dtype: recorded.dtype };
  const usual = recorded.tolerance <= 1e-9;
  badge.replaceChildren(inHtml([...phrase(good ? "≈ " : "≠ "), ...app.say(good ? (usual ? "proved" : "proved_within") : "not_proved", facts)]));
  badge.title = Object.entries(proof.byField).map(([field, worst]) => `${field}: ${number(/** @type {number} */ (worst), 1)}`).join("\n");
}

/** Share the small views evenly among as many rows as they need. */
function arrange() {
  const shown = small.filter((view) => view.present(app)).length;
  const most = Math.max(1, Math.floor((part("views").clientWidth + 14) / LEAST_WIDTH));
  part("views").style.setProperty("--columns", String(Math.ceil(shown / Math.ceil(shown / most)) || 1));
}

let waiting = new Set();

/** @param {string} what */
function later(what) {
  if (waiting.size === 0) requestAnimationFrame(() => {
    const told = waiting;
    waiting = new Set();
    update(told);
  });
  waiting.add(what);
}

/** @param {Set<string>} told */
function update(told) {
  const all = told.has("all");
  if (all) {
    paint();
    speak();
    showSequence(app, part("sequence"));
    if (app.live) showWhatIf(part("what-if-body"), app);
  }
  for (const card of cards) if (all || told.has("loss")) card.refresh(all);
  if (all) arrange();
  if (all || told.has("cell")) showArithmetic(part("arithmetic"), app);
  account();
  if (all && part("badge").dataset.language !== app.state.language) {
    part("badge").dataset.language = app.state.language;
    setTimeout(prove);
  }
  clearTimeout(addressing);
  addressing = setTimeout(keepAddress, ADDRESS_AFTER);
}

/** Put what is chosen and changed into the address. */
function keepAddress() {
  try {
    history.replaceState(null, "", `#${fragment(app)}`);
  } catch {
    // a page inside another has no address of its own
  }
}

new ResizeObserver(arrange).observe(part("views"));
new ResizeObserver(() => showSequence(app, part("sequence"))).observe(part("left"));
app.listen(later);
for (const name of ["layer", "direction", "sequence"]) {
  part(`choose-${name}`).addEventListener("change", (event) => app.set({ [name]: Number(/** @type {HTMLSelectElement} */ (event.target).value) }));
}
part("choose-part").addEventListener("change", (event) => {
  open(null);
  app.set({ part: /** @type {HTMLSelectElement} */ (event.target).value });
});
part("log").addEventListener("change", (event) => app.set({ log: /** @type {HTMLInputElement} */ (event.target).checked }));
part("theme").addEventListener("click", () => app.set({ theme: (app.state.theme + 1) % app.content.palettes.length }));
for (const [language, name] of Object.entries(app.content.languages)) {
  const button = append(part("languages"), "button", { type: "button", lang: language, "aria-pressed": "false" }, /** @type {string} */ (name));
  button.addEventListener("click", () => app.set({ language }));
  app.listen(() => button.setAttribute("aria-pressed", String(app.state.language === language)));
}
part("guide").addEventListener("click", () => tour(app, part("guide")));
part("link").addEventListener("click", async () => {
  const address = `${location.href.split("#")[0]}#${fragment(app)}`;
  try {
    await navigator.clipboard.writeText(address);
    part("link").textContent = plain(app.say("copied"));
  } catch {
    location.hash = fragment(app);
  }
});
part("what-if").hidden = !app.live;
part("guide").classList.toggle("new", !wasOffered());
followPointer(part("tooltip"));
document.addEventListener("pointerdown", (event) => {
  for (const menu of document.querySelectorAll("details.save[open]")) {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.removeAttribute("open");
  }
});
await document.fonts.load('1rem "rnnviz Sans"');
app.tell("all");
Object.assign(globalThis, { explorer: app, cards });
requestAnimationFrame(() => requestAnimationFrame(() => {
  document.body.dataset.ready = "yes";
}));
if (app.focus) document.querySelector(app.focus)?.scrollIntoView({ block: "nearest" });
