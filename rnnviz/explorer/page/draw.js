/** What the views draw with: SVG elements, colours, scales, axes and tables of colours. */

import { inSvg, number } from "./symbols.js";

const SPACE = "http://www.w3.org/2000/svg";
/** The most cells of a table that are drawn one by one; others are an image. */
const MOST_CELLS = 1200;

/**
 * Append an SVG element; what has no place, since a number is not finite, is made and left out.
 * @param {Element} parent
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {string} [text]
 * @returns {any}
 */
export function add(parent, name, attributes = {}, text) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && !(typeof value === "number" && !Number.isFinite(value))) element.setAttribute(key, typeof value === "number" ? String(round(value)) : value);
  }
  if (text !== undefined) element.textContent = text;
  if (Object.values(attributes).every((value) => typeof value !== "number" || Number.isFinite(value))) parent.append(element);
  return element;
}

/** @param {number} value */
function round(value) {
  return Math.abs(value) < 1e4 ? Math.round(value * 100) / 100 : value;
}

/**
 * Append an HTML element.
 * @param {Element} parent
 * @param {string} name
 * @param {Record<string, any>} [properties]
 * @param {(string|Node)[]} content
 * @returns {any}
 */
export function append(parent, name, properties = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element && !key.startsWith("aria-")) /** @type {any} */ (element)[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...content);
  parent.append(element);
  return element;
}

/**
 * Add a text with formulas.
 * @param {Element} parent
 * @param {number} x
 * @param {number} y
 * @param {string|import("./symbols.js").Piece[]} content
 * @param {Record<string, any>} [attributes]
 */
export function label(parent, x, y, content, attributes = {}) {
  const element = add(parent, "text", { x, y, ...attributes });
  if (typeof content === "string") element.textContent = content;
  else inSvg(element, content);
  return element;
}

/** The shades of each ramp, so that a table of colours is drawn quickly. @type {Map<string, string[]>} */
const shades = new Map();
const SHADES = 512;

/**
 * Return the colour of a number from 0 to 1 between the colours of a ramp.
 * @param {string[]} ramp colours as #RRGGBB
 * @param {number} part
 */
export function shade(ramp, part) {
  const key = ramp[0] + ramp[ramp.length - 1];
  let found = shades.get(key);
  if (!found) {
    found = Array.from({ length: SHADES + 1 }, (_, index) => between(ramp, index / SHADES));
    shades.set(key, found);
  }
  return found[Math.round(Math.min(1, Math.max(0, Number.isNaN(part) ? 0 : part)) * SHADES)];
}

/**
 * @param {string[]} ramp
 * @param {number} part
 */
function between(ramp, part) {
  const place = part * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  const mixed = [1, 3, 5].map((at) => {
    const [from, to] = [low, low + 1].map((index) => parseInt(ramp[index].slice(at, at + 2), 16));
    return Math.round(from + (to - from) * (place - low));
  });
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * A linear or logarithmic scale, with a few round ticks.
 * @param {[number, number]} domain
 * @param {[number, number]} range
 * @param {boolean} [log]
 */
export function scaleOf([low, high], [from, to], log = false) {
  const as = log ? Math.log10 : (/** @type {number} */ value) => value;
  const [first, last] = [as(low), as(high)];
  const span = last - first || 1;
  /** @param {number} value */
  const at = (value) => from + ((as(value) - first) / span) * (to - from);
  return Object.assign(at, { ticks: log ? powers(low, high) : rounds(low, high), log });
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} [most]
 */
export function rounds(low, high, most = 4) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * /** @type {number} */ ([1, 2, 5, 10].find((unit) => unit * power >= rough));
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * @param {number} low
 * @param {number} high
 */
function powers(low, high) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first + 1) / 5));
  const found = [];
  for (let power = last; power >= first; power -= every) found.unshift(10 ** power);
  return found;
}

/**
 * Return the text of a tick: a power of ten on a logarithmic scale.
 * @param {number} value
 * @param {boolean} log
 */
export function tickText(value, log) {
  if (!log) return value === 0 ? "0" : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4 ? number(value) : String(value).replace("-", "−");
  const power = String(Math.round(Math.log10(value)));
  return `10${power.replace("-", "⁻").replace(/\d/gu, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])}`;
}

/**
 * Return which of the steps have a label on an axis.
 * @param {number} count
 * @param {number} most
 */
export function labelled(count, most) {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((step) => count / step <= most) ?? count;
  return every === 1
    ? Array.from({ length: count }, (_, index) => index)
    : Array.from({ length: Math.floor(count / every) }, (_, index) => (index + 1) * every - 1);
}

/**
 * Draw the lines and numbers of a vertical scale.
 * @param {Element} parent
 * @param {ReturnType<typeof scaleOf>} scale
 * @param {number} left
 * @param {number} right
 * @param {any} palette
 */
export function verticalAxis(parent, scale, left, right, palette) {
  for (const value of scale.ticks) {
    const y = scale(value);
    add(parent, "line", { x1: left, x2: right, y1: y, y2: y, stroke: palette.grid, "stroke-width": 0.75 });
    add(parent, "text", { x: left - 6, y: y + 4, "text-anchor": "end", fill: palette.note, "font-size": "0.75em" }, tickText(value, scale.log));
  }
}

/**
 * Draw a table of colours: cells if they are few, otherwise an image with a pixel for each.
 * @param {Element} parent
 * @param {{x: number, y: number, width: number, height: number}} box
 * @param {number} rows
 * @param {number} cols
 * @param {(row: number, col: number) => string|null} colorOf null leaves a cell out
 * @param {(row: number, col: number) => Record<string, any>} [attributesOf] of cells drawn one by one
 */
export function heat(parent, { x, y, width, height }, rows, cols, colorOf, attributesOf = () => ({})) {
  const [w, h] = [width / cols, height / rows];
  if (rows * cols > MOST_CELLS) {
    const canvas = Object.assign(document.createElement("canvas"), { width: cols, height: rows });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const pixels = context.createImageData(cols, rows);
    const words = new Uint32Array(pixels.data.buffer);
    /** @type {Map<string, number>} */
    const known = new Map();
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const color = colorOf(row, col);
        if (color === null) continue;
        let word = known.get(color);
        if (word === undefined) {
          const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
          word = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
          known.set(color, word);
        }
        words[row * cols + col] = word;
      }
    }
    context.putImageData(pixels, 0, 0);
    add(parent, "image", { x, y, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none", style: "image-rendering: pixelated" });
    return;
  }
  const gap = Math.min(2, w * 0.12, h * 0.12);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const fill = colorOf(row, col);
      if (fill === null) continue;
      add(parent, "rect", {
        x: x + col * w + gap / 2, y: y + row * h + gap / 2, width: w - gap, height: h - gap,
        rx: Math.min(2, w / 6, h / 6), fill, ...attributesOf(row, col),
      });
    }
  }
}

/**
 * Draw the scale of colours.
 * @param {Element} parent
 * @param {number} x of its right end
 * @param {number} y
 * @param {string[]} ramp
 * @param {[string, string]} ends
 * @param {any} palette
 */
export function colorScale(parent, x, y, ramp, ends, palette) {
  const [width, count] = [72, 24];
  const text = { fill: palette.note, "font-size": "0.75em" };
  const right = label(parent, x, y + 8, ends[1], { ...text, "text-anchor": "end" });
  const room = Math.max(14, right.getComputedTextLength?.() || ends[1].length * 7) + 6;
  for (let part = 0; part < count; part++) {
    add(parent, "rect", { x: x - room - width + (part * width) / count, y, width: width / count + 0.4, height: 8, fill: shade(ramp, part / (count - 1)) });
  }
  label(parent, x - room - width - 6, y + 8, ends[0], { ...text, "text-anchor": "end" });
}

/**
 * Return the path of a line through points, broken where a number is missing.
 * @param {[number, number][]} points
 */
export function linePath(points) {
  let pen = "M";
  return points
    .map(([x, y]) => {
      if (!Number.isFinite(x + y)) {
        pen = "M";
        return "";
      }
      const part = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
}
