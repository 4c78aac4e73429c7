/**
 * The product of many rows with one matrix, which takes nearly all the time of gradients by loss.
 */

/** @typedef {import("./arrays.js").Matrix} Matrix */

const WIDTH = 4;

/** A matrix arranged for products: its columns in groups of four, row after row of each group. */
export class Panels {
  /** @param {Matrix} a */
  constructor(a) {
    this.inner = a.rows;
    this.cols = a.cols;
    const groups = Math.ceil(a.cols / WIDTH);
    this.data = new Float64Array(groups * WIDTH * a.rows);
    for (let group = 0, at = 0; group < groups; group++) {
      for (let j = 0; j < a.rows; j++) {
        for (let k = 0; k < WIDTH; k++, at++) {
          const column = group * WIDTH + k;
          if (column < a.cols) this.data[at] = a.data[j * a.cols + column];
        }
      }
    }
  }

  /**
   * Set into (rows × cols) to left · a, with left (rows × a.rows).
   * @param {Float64Array} left
   * @param {number} rows
   * @param {Float64Array} into
   */
  product(left, rows, into) {
    const { inner, cols, data } = this;
    const pairs = rows - (rows % 2);
    for (let first = 0, panel = 0; first < cols; first += WIDTH, panel += WIDTH * inner) {
      const width = Math.min(WIDTH, cols - first);
      for (let r = 0; r < pairs; r += 2) {
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
        const upper = r * inner;
        const lower = upper + inner;
        for (let j = 0, at = panel; j < inner; j++, at += WIDTH) {
          const x = left[upper + j];
          const y = left[lower + j];
          const m0 = data[at], m1 = data[at + 1], m2 = data[at + 2], m3 = data[at + 3];
          a0 += x * m0; a1 += x * m1; a2 += x * m2; a3 += x * m3;
          b0 += y * m0; b1 += y * m1; b2 += y * m2; b3 += y * m3;
        }
        put(into, r * cols + first, width, a0, a1, a2, a3);
        put(into, (r + 1) * cols + first, width, b0, b1, b2, b3);
      }
      if (pairs < rows) {
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0;
        const upper = pairs * inner;
        for (let j = 0, at = panel; j < inner; j++, at += WIDTH) {
          const x = left[upper + j];
          a0 += x * data[at]; a1 += x * data[at + 1]; a2 += x * data[at + 2]; a3 += x * data[at + 3];
        }
        put(into, pairs * cols + first, width, a0, a1, a2, a3);
      }
    }
  }
}

/**
 * @param {Float64Array} into
 * @param {number} at
 * @param {number} width
 * @param {number} v0
 * @param {number} v1
 * @param {number} v2
 * @param {number} v3
 */
function put(into, at, width, v0, v1, v2, v3) {
  into[at] = v0;
  if (width > 1) into[at + 1] = v1;
  if (width > 2) into[at + 2] = v2;
  if (width > 3) into[at + 3] = v3;
}
