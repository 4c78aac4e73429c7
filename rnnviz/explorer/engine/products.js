/**
 * Products of many rows with matrices, which take nearly all the time of gradients by loss.
 */

import { kernel, roomIn } from "./kernel.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */

const ROWS = 4;
const COLUMNS = 4;

/**
 * A product `out = left · a`. `left` (rows × a.rows) is filled by the caller; `out` has `width`
 * numbers a row, of which the first a.cols count.
 */
class Product {
  /**
   * @param {Matrix} a
   * @param {number} rows at most
   * @param {(length: number) => Float64Array} take memory
   */
  constructor(a, rows, take) {
    this.inner = a.rows;
    this.width = padded(a.cols, COLUMNS);
    this.left = take(padded(rows, ROWS) * a.rows);
    this.out = take(padded(rows, ROWS) * this.width);
    this.panels = take(this.width * a.rows);
    this.panels.fill(0);
    for (let j = 0; j < a.rows; j++) {
      for (let column = 0; column < a.cols; column++) {
        const first = column - (column % COLUMNS);
        this.panels[first * a.rows + j * COLUMNS + (column - first)] = a.data[j * a.cols + column];
      }
    }
  }

  /**
   * Compute the first rows.
   * @param {number} rows
   */
  run(rows) {
    const { left, panels, out, inner, width } = this;
    if (rows === 0) return;
    const compiled = kernel();
    if (compiled && left.buffer === compiled.memory.buffer) {
      const groups = padded(rows, ROWS) / ROWS;
      compiled.multiply(left.byteOffset, panels.byteOffset, out.byteOffset, groups, inner, width / COLUMNS);
    } else {
      multiply(left, panels, out, rows, inner, width);
    }
  }
}

/**
 * Return a product with each matrix, for at most so many rows, null for null. They share memory
 * with those of the next call, before which they must be used.
 * @template {(Matrix|null)[]} M
 * @param {M} matrices
 * @param {number} rows
 * @param {boolean} compiled whether WebAssembly may be used
 * @returns {{[K in keyof M]: M[K] extends Matrix ? Product : Product|null}}
 */
export function productsWith(matrices, rows, compiled = true) {
  const sizes = matrices.map((a) =>
    a ? padded(rows, ROWS) * (a.rows + padded(a.cols, COLUMNS)) + a.rows * padded(a.cols, COLUMNS) : 0,
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const found = compiled ? kernel() : null;
  const memory = found ? roomIn(found.memory, total) : new Float64Array(total);
  let used = 0;
  const take = (/** @type {number} */ length) => memory.subarray(used, (used += length));
  return /** @type {any} */ (matrices.map((a) => a && new Product(a, rows, take)));
}

/**
 * The same product without WebAssembly.
 * @param {Float64Array} left
 * @param {Float64Array} panels
 * @param {Float64Array} out
 * @param {number} rows
 * @param {number} inner
 * @param {number} width
 */
function multiply(left, panels, out, rows, inner, width) {
  for (let first = 0; first < width; first += COLUMNS) {
    for (let row = 0; row < rows; row++) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let j = 0, at = first * inner; j < inner; j++, at += COLUMNS) {
        const value = left[row * inner + j];
        a += value * panels[at];
        b += value * panels[at + 1];
        c += value * panels[at + 2];
        d += value * panels[at + 3];
      }
      const to = row * width + first;
      out[to] = a;
      out[to + 1] = b;
      out[to + 2] = c;
      out[to + 3] = d;
    }
  }
}

/**
 * @param {number} count
 * @param {number} multiple
 */
function padded(count, multiple) {
  return Math.ceil(count / multiple) * multiple;
}
