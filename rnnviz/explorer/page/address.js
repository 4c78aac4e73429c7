/** What is chosen and changed, in the address of the page, so that a link opens it again. */

import { noEdits } from "./app.js";

/** @typedef {import("./app.js").App} App */

const PLACES = /** @type {const} */ (["sequence", "layer", "direction", "loss", "step", "unit"]);

/**
 * Return what follows the # of an address; steps and units are counted from 1.
 * @param {App} app
 */
export function fragment(app) {
  const { state } = app;
  const parts = new URLSearchParams();
  for (const name of PLACES) parts.set(name, String(state[name] + 1));
  parts.set("part", state.part);
  if (state.log) parts.set("log", "1");
  parts.set("lang", state.language);
  parts.set("theme", app.palette.name);
  const plain = /** @type {any} */ (noEdits());
  for (const [name, value] of Object.entries(state.edits)) {
    if (JSON.stringify(value) !== JSON.stringify(plain[name])) parts.set(name, JSON.stringify(value));
  }
  return parts.toString();
}

/**
 * Choose and change what an address says, or what the scene that it names shows; what it says
 * wrongly is left out.
 * @param {App} app
 * @param {string} text
 */
export function restore(app, text) {
  const parts = new URLSearchParams(text.replace(/^#/u, ""));
  if (![...parts].length) return;
  const { content } = app;
  const scene = parts.get("scene");
  app.openOn(scene);
  /** @type {any} */
  const state = {};
  for (const name of PLACES) {
    const value = Number(parts.get(name)) - 1;
    if (Number.isInteger(value) && value >= 0) state[name] = value;
  }
  if (!app.placeOf(state.sequence, state.layer, state.direction)) for (const name of ["sequence", "layer", "direction"]) delete state[name];
  const language = parts.get("lang") ?? "";
  if (content.texts[language]) state.language = language;
  const theme = content.palettes.findIndex((/** @type {any} */ palette) => palette.name === parts.get("theme"));
  if (theme >= 0) state.theme = theme;
  if (!scene) state.log = parts.get("log") === "1";
  const part = parts.get("part");
  if (part) state.part = part;
  const edits = /** @type {any} */ (scene ? { ...app.state.edits } : noEdits());
  for (const name of Object.keys(edits)) {
    try {
      if (parts.has(name)) edits[name] = JSON.parse(/** @type {string} */ (parts.get(name)));
    } catch {
      // what cannot be read is not changed
    }
  }
  const before = app.state;
  try {
    app.state = { ...before, ...state, edits };
    app.recompute(true);
  } catch {
    app.state = { ...before, edits: noEdits() };
    app.recompute(true);
  }
}
