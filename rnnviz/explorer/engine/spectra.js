/** Singular values, eigenvalues and principal components of matrices of some hundred rows. */

import { copy, magnitude, norm, row, transposed } from "./arrays.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {{re: number, im: number}} Complex */

const SWEEPS = 60;
const ITERATIONS = 100;
const RADIX = 2;

/**
 * Return the singular values of a matrix, the largest first.
 *
 * Source: one-sided Jacobi rotations: Hestenes 1958, "Inversion of matrices by biorthogonalization"
 * @param {Matrix} a
 * @returns {Float64Array}
 */
export function singularValues(a) {
  const narrow = a.rows >= a.cols ? transposed(a) : copy(a);
  const columns = Array.from({ length: narrow.rows }, (_, index) => row(narrow, index));
  rotate(columns);
  return Float64Array.from(columns, norm).sort().reverse();
}

/**
 * Return the eigenvalues of a square matrix, the largest absolute value first; of a pair of
 * conjugates, the one above the real axis first.
 *
 * Source: balancing, elimination to Hessenberg form and QR steps with double shifts: Wilkinson and
 *         Reinsch 1971, "Handbook for Automatic Computation, vol. II", II/11 to II/14
 * @param {Matrix} a
 * @returns {Complex[]}
 */
export function eigenvalues(a) {
  if (a.rows !== a.cols) throw new RangeError(`eigenvalues need a square matrix, got ${a.rows} × ${a.cols}`);
  if (!a.data.every(Number.isFinite)) throw new RangeError("eigenvalues need finite numbers");
  const rows = Array.from({ length: a.rows }, (_, index) => row(a, index).slice());
  balance(rows);
  toHessenberg(rows);
  return ofHessenberg(rows).sort((one, other) => {
    const difference = Math.hypot(other.re, other.im) - Math.hypot(one.re, one.im);
    return difference || other.im - one.im;
  });
}

/**
 * @typedef {object} Plane
 * @property {Float64Array} mean
 * @property {Float64Array[]} axes orthonormal, the entry with the largest absolute value positive
 * @property {number[]} shares of the variance
 * @property {number[][]} points the states in this plane
 */

/**
 * Return the plane in which states vary most, null if there are fewer than two or they do not vary.
 * @param {Float64Array[]} states
 * @param {number} count of axes
 * @returns {Plane|null}
 */
export function principalPlane(states, count = 2) {
  const size = states[0]?.length ?? 0;
  if (states.length < 2) return null;
  const mean = new Float64Array(size);
  for (const state of states) state.forEach((value, unit) => (mean[unit] += value / states.length));
  const centred = states.map((state) => state.map((value, unit) => value - mean[unit]));
  /** @type {Float64Array[]} */
  let axes;
  /** @type {number[]} */
  let sizes;
  if (states.length <= size) {
    axes = centred.map((each) => each.slice());
    rotate(axes);
    sizes = axes.map(norm);
  } else {
    const columns = Array.from({ length: size }, (_, unit) => Float64Array.from(centred, (each) => each[unit]));
    axes = columns.map((_, unit) => Float64Array.from(columns, (_, other) => (other === unit ? 1 : 0)));
    rotate(columns, axes);
    sizes = columns.map(norm);
  }
  const squares = sizes.map((each) => each * each);
  const total = squares.reduce((sum, each) => sum + each, 0);
  if (!(total > 0)) return null;
  const order = [...sizes.keys()].sort((one, other) => sizes[other] - sizes[one]).slice(0, count);
  const chosen = order.map((index) => pointed(axes[index]));
  return {
    mean,
    axes: chosen,
    shares: order.map((index) => squares[index] / total),
    points: centred.map((each) => chosen.map((axis) => dot(each, axis))),
  };
}

/**
 * Make vectors orthogonal by rotating pairs of them, and other vectors alike.
 * @param {Float64Array[]} columns
 * @param {Float64Array[]} [alike]
 */
function rotate(columns, alike) {
  for (let sweep = 0, rotated = true; rotated && sweep < SWEEPS; sweep++) {
    rotated = false;
    for (let p = 0; p < columns.length - 1; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const alpha = dot(columns[p], columns[p]);
        const beta = dot(columns[q], columns[q]);
        const gamma = dot(columns[p], columns[q]);
        if (Math.abs(gamma) <= Number.EPSILON * Math.sqrt(alpha * beta)) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, tangent);
        turn(columns[p], columns[q], cosine, cosine * tangent);
        if (alike) turn(alike[p], alike[q], cosine, cosine * tangent);
      }
    }
  }
}

/**
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @param {number} cosine
 * @param {number} sine
 */
function turn(a, b, cosine, sine) {
  for (let i = 0; i < a.length; i++) {
    const value = a[i];
    a[i] = cosine * value - sine * b[i];
    b[i] = sine * value + cosine * b[i];
  }
}

/**
 * @param {Float64Array} a
 * @param {Float64Array} b
 */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** @param {Float64Array} axis */
function pointed(axis) {
  const length = norm(axis);
  const largest = axis.find((value) => Math.abs(value) === magnitude(axis)) ?? 1;
  const factor = length === 0 ? 0 : Math.sign(largest) / length;
  return axis.map((value) => value * factor);
}

/**
 * Scale rows and columns by powers of two to similar norms, which keeps the eigenvalues.
 * @param {Float64Array[]} a
 */
function balance(a) {
  const size = a.length;
  for (let done = false; !done; ) {
    done = true;
    for (let i = 0; i < size; i++) {
      let columns = 0;
      let rows = 0;
      for (let j = 0; j < size; j++) {
        if (j === i) continue;
        columns += Math.abs(a[j][i]);
        rows += Math.abs(a[i][j]);
      }
      if (columns === 0 || rows === 0) continue;
      const sum = columns + rows;
      let factor = 1;
      for (; columns < rows / RADIX; columns *= RADIX * RADIX) factor *= RADIX;
      for (; columns > rows * RADIX; columns /= RADIX * RADIX) factor /= RADIX;
      if ((columns + rows) / factor >= 0.95 * sum) continue;
      done = false;
      for (let j = 0; j < size; j++) a[i][j] /= factor;
      for (let j = 0; j < size; j++) a[j][i] *= factor;
    }
  }
}

/**
 * Eliminate all entries below the first subdiagonal.
 * @param {Float64Array[]} a
 */
function toHessenberg(a) {
  const size = a.length;
  for (let m = 1; m < size - 1; m++) {
    let pivot = m;
    for (let j = m + 1; j < size; j++) if (Math.abs(a[j][m - 1]) > Math.abs(a[pivot][m - 1])) pivot = j;
    const x = a[pivot][m - 1];
    if (pivot !== m) {
      [a[pivot], a[m]] = [a[m], a[pivot]];
      for (let j = 0; j < size; j++) [a[j][pivot], a[j][m]] = [a[j][m], a[j][pivot]];
    }
    if (x === 0) continue;
    for (let i = m + 1; i < size; i++) {
      const y = a[i][m - 1] / x;
      if (y === 0) continue;
      for (let j = m; j < size; j++) a[i][j] -= y * a[m][j];
      for (let j = 0; j < size; j++) a[j][m] += y * a[j][i];
    }
    for (let i = m + 1; i < size; i++) a[i][m - 1] = 0;
  }
}

/**
 * Return the eigenvalues of a matrix in Hessenberg form, which is overwritten.
 * @param {Float64Array[]} a
 * @returns {Complex[]}
 */
function ofHessenberg(a) {
  /** @type {Complex[]} */
  const found = [];
  let total = 0;
  a.forEach((each) => each.forEach((value) => (total += Math.abs(value))));
  let last = a.length - 1;
  let shifted = 0;
  for (let iteration = 0; last >= 0; ) {
    const first = startOfBlock(a, last, total);
    if (first === last) {
      found.push({ re: a[last][last] + shifted, im: 0 });
      last -= 1;
      iteration = 0;
    } else if (first === last - 1) {
      found.push(...ofPair(a, last, shifted));
      last -= 2;
      iteration = 0;
    } else {
      if (iteration === ITERATIONS) throw new RangeError("the eigenvalues did not converge");
      let x = a[last][last];
      let y = a[last - 1][last - 1];
      let w = a[last][last - 1] * a[last - 1][last];
      if (iteration % 10 === 9) {
        shifted += x;
        for (let i = 0; i <= last; i++) a[i][i] -= x;
        const size = Math.abs(a[last][last - 1]) + Math.abs(a[last - 1][last - 2]);
        x = y = 0.75 * size;
        w = -0.4375 * size * size;
      }
      iteration += 1;
      doubleStep(a, first, last, x, y, w);
    }
  }
  return found;
}

/**
 * Return where the block begins that ends at a row: after a subdiagonal entry that is negligible.
 * @param {Float64Array[]} a
 * @param {number} last
 * @param {number} total
 */
function startOfBlock(a, last, total) {
  for (let first = last; first > 0; first--) {
    const size = Math.abs(a[first - 1][first - 1]) + Math.abs(a[first][first]) || total;
    if (Math.abs(a[first][first - 1]) <= Number.EPSILON * size) {
      a[first][first - 1] = 0;
      return first;
    }
  }
  return 0;
}

/**
 * @param {Float64Array[]} a
 * @param {number} last
 * @param {number} shifted
 * @returns {Complex[]}
 */
function ofPair(a, last, shifted) {
  const x = a[last][last];
  const w = a[last][last - 1] * a[last - 1][last];
  const p = 0.5 * (a[last - 1][last - 1] - x);
  const q = p * p + w;
  const root = Math.sqrt(Math.abs(q));
  const at = x + shifted;
  if (q < 0) return [{ re: at + p, im: root }, { re: at + p, im: -root }];
  const far = p + (p < 0 ? -root : root);
  return [{ re: at + far, im: 0 }, { re: far === 0 ? at : at - w / far, im: 0 }];
}

/**
 * One QR step with two shifts on rows first … last.
 * @param {Float64Array[]} a
 * @param {number} first
 * @param {number} last
 * @param {number} x
 * @param {number} y
 * @param {number} w
 */
function doubleStep(a, first, last, x, y, w) {
  let [p, q, r] = [0, 0, 0];
  let start = last - 2;
  for (; start >= first; start--) {
    const z = a[start][start];
    const [over, under] = [x - z, y - z];
    p = (over * under - w) / a[start + 1][start] + a[start][start + 1];
    q = a[start + 1][start + 1] - z - over - under;
    r = a[start + 2][start + 1];
    const size = Math.abs(p) + Math.abs(q) + Math.abs(r);
    [p, q, r] = [p / size, q / size, r / size];
    if (start === first) break;
    const small = Math.abs(a[start][start - 1]) * (Math.abs(q) + Math.abs(r));
    const around = Math.abs(a[start - 1][start - 1]) + Math.abs(z) + Math.abs(a[start + 1][start + 1]);
    if (small <= Number.EPSILON * Math.abs(p) * around) break;
  }
  for (let i = start + 2; i <= last; i++) {
    a[i][i - 2] = 0;
    if (i > start + 2) a[i][i - 3] = 0;
  }
  for (let k = start; k < last; k++) {
    const three = k < last - 1;
    let size = 1;
    if (k > start) {
      [p, q, r] = [a[k][k - 1], a[k + 1][k - 1], three ? a[k + 2][k - 1] : 0];
      size = Math.abs(p) + Math.abs(q) + Math.abs(r);
      if (size === 0) continue;
      [p, q, r] = [p / size, q / size, r / size];
    }
    const length = (p < 0 ? -1 : 1) * Math.sqrt(p * p + q * q + r * r);
    if (length === 0) continue;
    if (k > start) a[k][k - 1] = -length * size;
    else if (first !== start) a[k][k - 1] = -a[k][k - 1];
    p += length;
    const [u, v, z] = [p / length, q / length, r / length];
    [q, r] = [q / p, r / p];
    for (let j = k; j <= last; j++) {
      const along = a[k][j] + q * a[k + 1][j] + (three ? r * a[k + 2][j] : 0);
      a[k][j] -= along * u;
      a[k + 1][j] -= along * v;
      if (three) a[k + 2][j] -= along * z;
    }
    const bottom = Math.min(last, k + 3);
    for (let i = first; i <= bottom; i++) {
      const along = u * a[i][k] + v * a[i][k + 1] + (three ? z * a[i][k + 2] : 0);
      a[i][k] -= along;
      a[i][k + 1] -= along * q;
      if (three) a[i][k + 2] -= along * r;
    }
  }
}
