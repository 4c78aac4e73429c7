/** A view as a file: SVG and PNG of what is drawn, CSV of its numbers; and the weights as they are now. */

import { parameterName } from "../engine/index.js";
import { append } from "./draw.js";
import { plain } from "./symbols.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./cards.js").Card} Card */

const DENSITY = 2;

/**
 * Add the menu with which a view is saved.
 * @param {App} app
 * @param {Card} card
 * @param {Element} parent
 */
export function saveMenu(app, card, parent) {
  const menu = append(parent, "details", { className: "save" });
  const summary = append(menu, "summary", {}, "↓");
  const list = append(menu, "div", { className: "list" });
  const kinds = [...(card.view.draw ? ["SVG", "PNG"] : []), "CSV"];
  for (const kind of kinds) {
    append(list, "button", { type: "button" }, kind).addEventListener("click", async () => {
      menu.open = false;
      const name = `${app.content.identity}-${card.view.id}.${kind.toLowerCase()}`;
      if (kind === "CSV") save(name, csv(card.view.rows(app)), "text/csv;charset=utf-8");
      else if (kind === "SVG") save(name, picture(app, card), "image/svg+xml");
      else save(name, await image(app, card), "image/png");
    });
  }
  return {
    label() {
      const text = `${plain(app.say("save"))}: ${plain(card.view.title(app))}`;
      summary.setAttribute("aria-label", text);
      summary.title = plain(app.say("save"));
    },
  };
}

/**
 * Return rows as CSV; text with a comma, a quote or a line break is quoted.
 * @param {any[][]} rows
 */
export function csv(rows) {
  const cell = (/** @type {any} */ value) => {
    const text = typeof value === "number" ? (Number.isFinite(value) ? String(value) : "") : String(value);
    return /[",\n\r]/u.test(text) ? `"${text.replace(/"/gu, '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/**
 * Return what a card draws as an SVG file, with the page's font.
 * @param {App} app
 * @param {Card} card
 */
export function picture(app, card) {
  const svg = /** @type {SVGElement} */ (/** @type {SVGElement} */ (card.svg).cloneNode(true));
  const { width, height } = card.size;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("font-family", '"rnnviz Sans", sans-serif');
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = document.getElementById("fonts")?.textContent ?? "";
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width, height, fill: app.palette.ground })) ground.setAttribute(name, String(value));
  svg.prepend(style, ground);
  return new XMLSerializer().serializeToString(svg);
}

/**
 * @param {App} app
 * @param {Card} card
 * @returns {Promise<Blob>}
 */
async function image(app, card) {
  const { width, height } = card.size;
  const drawn = new Image();
  drawn.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture(app, card))}`;
  await drawn.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: DENSITY * width, height: DENSITY * height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
}

/**
 * Save the weights as they are now, under the names of the model that was recorded.
 * @param {App} app
 */
export function saveWeights(app) {
  const { layers, head, names } = app.content.engine.network;
  /** @type {Record<string, number[]>} */
  const shapes = { "head.weight": head.weight.shape, "head.bias": head.bias?.shape };
  layers.forEach((/** @type {any[]} */ ways, /** @type {number} */ layer) =>
    ways.forEach(({ parameters }, direction) => {
      for (const [kind, held] of Object.entries(parameters)) if (held) shapes[parameterName(kind, layer, direction)] = held.shape;
    }),
  );
  const now = app.network.parameters();
  /** @type {Record<string, any>} */
  const header = {};
  /** @type {Float64Array[]} */
  const parts = [];
  let size = 0;
  for (const [name, theirs] of Object.entries(names)) {
    header[/** @type {string} */ (theirs)] = { dtype: "F64", shape: shapes[name], data_offsets: [size, size + now[name].byteLength] };
    parts.push(now[name]);
    size += now[name].byteLength;
  }
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(bytes.length), true);
  const content = /** @type {BlobPart[]} */ ([length.buffer, bytes, ...parts]);
  save(`${app.content.identity}-weights.safetensors`, new Blob(content), "application/octet-stream");
}

/**
 * @param {string} name
 * @param {string|Blob} content
 * @param {string} type
 */
function save(name, content, type) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
