/**
 * Matrices of float64, and the few products that networks need.
 *
 * A matrix is `{rows, cols, data}`, row by row; a vector is a Float64Array.
 */

/** @typedef {{rows: number, cols: number, data: Float64Array}} Matrix */
/** @typedef {{shape: number[], type: "float64"|"float32", data: string}} Packed */

/**
 * Return a matrix of zeros, or of given numbers.
 * @param {number} rows
 * @param {number} cols
 * @param {Float64Array} [data]
 * @returns {Matrix}
 */
export function matrix(rows, cols, data = new Float64Array(rows * cols)) {
  if (data.length !== rows * cols) {
    throw new RangeError(`a matrix of ${rows} × ${cols} needs ${rows * cols} numbers, got ${data.length}`);
  }
  return { rows, cols, data };
}

/**
 * Return a matrix of rows of numbers: `matrixOf([[1, 2], [3, 4]])`.
 * @param {ArrayLike<number>[]} rows
 * @returns {Matrix}
 */
export function matrixOf(rows) {
  const made = matrix(rows.length, rows.length ? rows[0].length : 0);
  rows.forEach((row, index) => made.data.set(row, index * made.cols));
  return made;
}

/**
 * Return a row as a view, which changes with the matrix.
 * @param {Matrix} a
 * @param {number} index
 */
export function row(a, index) {
  return a.data.subarray(index * a.cols, (index + 1) * a.cols);
}

/**
 * Return all rows as views.
 * @param {Matrix} a
 */
export function rowsOf(a) {
  return Array.from({ length: a.rows }, (_, index) => row(a, index));
}

/** @param {Matrix} a */
export function copy(a) {
  return matrix(a.rows, a.cols, a.data.slice());
}

/**
 * @param {Matrix} a
 * @returns {Matrix}
 */
export function transposed(a) {
  const made = matrix(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) made.data[j * a.rows + i] = a.data[i * a.cols + j];
  }
  return made;
}

/**
 * Return the 2-norm, without overflow or underflow of squares.
 * @param {ArrayLike<number>} values
 */
export function norm(values) {
  const largest = magnitude(values);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/**
 * Return the largest absolute value, NaN if there is a NaN, 0 of no values.
 * @param {ArrayLike<number>} values
 */
export function magnitude(values) {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > largest || size !== size) largest = size;
    if (size !== size) return NaN;
  }
  return largest;
}

/**
 * Add a · x to a vector.
 * @param {Matrix} a
 * @param {Float64Array} x
 * @param {Float64Array} into of a.rows
 */
export function addProduct(a, x, into) {
  const { rows, cols, data } = a;
  const fours = rows - (rows % 4);
  for (let i = 0; i < fours; i += 4) {
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let j = 0, at = i * cols; j < cols; j++, at++) {
      const value = x[j];
      first += data[at] * value;
      second += data[at + cols] * value;
      third += data[at + 2 * cols] * value;
      fourth += data[at + 3 * cols] * value;
    }
    into[i] += first;
    into[i + 1] += second;
    into[i + 2] += third;
    into[i + 3] += fourth;
  }
  for (let i = fours; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += data[i * cols + j] * x[j];
    into[i] += sum;
  }
}

/**
 * Add xᵀ · a to a vector.
 * @param {Float64Array} x of a.rows
 * @param {Matrix} a
 * @param {Float64Array} into of a.cols
 */
export function addBack(x, a, into) {
  const { rows, cols, data } = a;
  for (let i = 0; i < rows; i++) {
    const factor = x[i];
    if (factor === 0) continue;
    const at = i * cols;
    for (let j = 0; j < cols; j++) into[j] += factor * data[at + j];
  }
}

/**
 * Add factor · left rightᵀ to a matrix.
 * @param {Float64Array} left
 * @param {Float64Array} right
 * @param {Matrix} into
 */
export function addOuter(left, right, into) {
  for (let i = 0; i < left.length; i++) {
    const factor = left[i];
    if (factor === 0) continue;
    const at = i * into.cols;
    for (let j = 0; j < right.length; j++) into.data[at + j] += factor * right[j];
  }
}

/**
 * Return numbers that Python packed: base64 of little-endian floats, with their shape.
 * @param {Packed} packed
 * @returns {Float64Array}
 */
export function unpacked(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  const size = packed.type === "float32" ? 4 : 8;
  const found = new Float64Array(bytes.length / size);
  for (let i = 0; i < found.length; i++) {
    found[i] = size === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
  }
  const expected = packed.shape.reduce((product, length) => product * length, 1);
  if (found.length !== expected) {
    throw new RangeError(`an array of shape ${packed.shape} needs ${expected} numbers, got ${found.length}`);
  }
  return found;
}

/**
 * Return a packed matrix; a vector becomes a column of it.
 * @param {Packed} packed
 */
export function unpackedMatrix(packed) {
  const [rows, ...others] = packed.shape;
  return matrix(rows, others.reduce((product, length) => product * length, 1), unpacked(packed));
}
