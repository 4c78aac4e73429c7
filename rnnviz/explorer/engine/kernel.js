/**
 * The product of many rows with a matrix in WebAssembly, two numbers of float64 at a time.
 *
 * The module is assembled here, from the instructions that it consists of. Its function multiplies
 * groups of four rows with groups of four columns, which stand one after another, row by row:
 *
 *   for each group of columns: for each group of rows: for each j of inner:
 *     out[row, column] += left[row, j] · panels[group][j, column]
 *
 * Source: WebAssembly Core Specification 2.0, 5.4 (instructions) and 5.5 (modules)
 */

/** @typedef {(left: number, panels: number, out: number, rowGroups: number, inner: number, groups: number) => void} Kernel */

const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;
const BYTES = 8;
const PAGE = 65536;
const ROWS = 4;
const COLUMNS = 4;

// instructions, as bytes
/** @param {number} local */
const get = (local) => [0x20, local];
/** @param {number} local */
const set = (local) => [0x21, local];
/** @param {number} value below 64 */
const constant = (value) => [0x41, value];
const ADD = [0x6a];
const SUBTRACT = [0x6b];
const MULTIPLY = [0x6c];
const SHIFT_LEFT = [0x74];
/** @param {number[]} body @param {number} counter a local that counts down to 0 */
const repeat = (body, counter) =>
  [0x03, NO_RESULT, body, get(counter), constant(1), SUBTRACT, 0x22, counter, 0x0d, 0, 0x0b].flat();
const AS_WORDS = 3;
/** @param {number} offset */
const loadPair = (offset) => [0xfd, 0x00, AS_WORDS, offset];
const LOAD_TWICE = [0xfd, 0x0a, AS_WORDS, 0];
/** @param {number} offset */
const storePair = (offset) => [0xfd, 0x0b, AS_WORDS, offset];
const ZEROS = [0xfd, 0x0c, ...new Array(16).fill(0)];
const ADD_PAIRS = [0xfd, 0xf0, 0x01];
const MULTIPLY_PAIRS = [0xfd, 0xf2, 0x01];

// locals
const [LEFT, PANELS, OUT, ROW_GROUPS, INNER, GROUPS, ROW, J, NEXT, TO, LEFT_STRIDE, OUT_STRIDE] = Array(12).keys();
const POINTERS = [12, 13, 14, 15];
const SUMS = [16, 17, 18, 19, 20, 21, 22, 23];
const [FIRST, SECOND, VALUE] = [24, 25, 26];

/** Set a local to another plus a third. */
const sum = (/** @type {number} */ into, /** @type {number} */ a, /** @type {number} */ b) => [get(a), get(b), ADD, set(into)].flat();

/** Advance a local by a number of bytes. */
const advance = (/** @type {number} */ local, /** @type {number} */ bytes) =>
  [get(local), constant(bytes), ADD, set(local)].flat();

const products = [
  [get(NEXT), loadPair(0), set(FIRST)],
  [get(NEXT), loadPair(2 * BYTES), set(SECOND)],
  advance(NEXT, COLUMNS * BYTES),
  POINTERS.map((pointer, row) => [
    [get(pointer), LOAD_TWICE, set(VALUE)],
    advance(pointer, BYTES),
    [FIRST, SECOND].map((pair, half) => {
      const into = SUMS[2 * row + half];
      return [get(into), get(VALUE), get(pair), MULTIPLY_PAIRS, ADD_PAIRS, set(into)];
    }),
  ]),
];

const rowGroup = [
  POINTERS.slice(1).map((pointer, index) => sum(pointer, POINTERS[index], LEFT_STRIDE)),
  SUMS.map((each) => [ZEROS, set(each)]),
  [get(PANELS), set(NEXT), get(INNER), set(J)],
  repeat(flat(products), J),
  POINTERS.map((_, row) => [
    [get(TO), get(SUMS[2 * row]), storePair(0)],
    [get(TO), get(SUMS[2 * row + 1]), storePair(2 * BYTES)],
    sum(TO, TO, OUT_STRIDE),
  ]),
  // the last row's pointer has come to the first row of the next group
  [get(POINTERS[ROWS - 1]), set(POINTERS[0])],
];

const columnGroup = [
  [get(LEFT), set(POINTERS[0]), get(OUT), set(TO), get(ROW_GROUPS), set(ROW)],
  repeat(flat(rowGroup), ROW),
  [get(NEXT), set(PANELS)],
  advance(OUT, COLUMNS * BYTES),
];

const body = flat([
  [get(INNER), constant(3), SHIFT_LEFT, set(LEFT_STRIDE)],
  [get(GROUPS), constant(COLUMNS * BYTES), MULTIPLY, set(OUT_STRIDE)],
  repeat(flat(columnGroup), GROUPS),
]);

/** @param {any[]} nested @returns {number[]} */
function flat(nested) {
  return nested.flat(Infinity);
}

/** @param {number} value @returns {number[]} in LEB128 */
function unsigned(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}

/** @param {number[]} content */
const counted = (content) => [...unsigned(content.length), ...content];

/** @param {string} text */
const name = (text) => counted([...new TextEncoder().encode(text)]);

/** @returns {Uint8Array<ArrayBuffer>} the module */
function assembled() {
  const section = (/** @type {number} */ id, /** @type {number[]} */ content) => [id, ...counted(content)];
  const locals = [2, 10, I32, 11, V128];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, ...counted(new Array(6).fill(I32)), 0]),
    ...section(2, [1, ...name("engine"), ...name("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("multiply"), 0, 0]),
    ...section(10, [1, ...counted([...locals, ...body, 0x0b])]),
  ]);
}

/** @type {{memory: WebAssembly.Memory, multiply: Kernel}|null|undefined} */
let started;

/** Return the kernel and its memory, null where WebAssembly or its vectors are missing or forbidden. */
export function kernel() {
  if (started === undefined) {
    try {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembled()), { engine: { memory } });
      started = { memory, multiply: /** @type {Kernel} */ (exports.multiply) };
    } catch {
      started = null;
    }
  }
  return started;
}

/**
 * Return memory of a kernel for so many numbers; what was in it before may be overwritten.
 * @param {WebAssembly.Memory} memory
 * @param {number} numbers
 */
export function roomIn(memory, numbers) {
  const missing = numbers * BYTES - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return new Float64Array(memory.buffer, 0, numbers);
}
