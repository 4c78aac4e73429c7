/**
 * Gradients back through time, of many losses at once.
 *
 * One step back is the same linear map for every loss, so the rows of all losses are multiplied
 * with the weights together. ∂L/∂h_k and ∂L/∂c_k are by all paths.
 *
 * Source: Werbos 1990, "Backpropagation through time"
 */

import { addBack, addOuter, norm } from "./arrays.js";
import { lossByScores } from "./losses.js";
import { clampsAt, derivativesOf, order, overwrite, stepOf } from "./passes.js";
import { productsWith } from "./products.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {import("./cells.js").Derivatives} Derivatives */
/** @typedef {import("./passes.js").Pass} Pass */
/** @typedef {import("./run.js").Run} Run */

/** Smaller gradients lose digits to underflow, and go no further back. */
const VANISHED = 2 ** -1022 / Number.EPSILON;

/** Of the tables of all layers: a gigabyte. */
const MOST_NUMBERS = 2 ** 27;

/** The sums of squares of normal numbers; beyond, squares lose digits. */
const LEAST_SQUARES = 1e-280;
const MOST_SQUARES = 1e300;

/**
 * Gradients at one place, all of them of one step.
 * @typedef {object} AtStep
 * @property {Float64Array} h
 * @property {Float64Array} made at h before a projection
 * @property {Float64Array} c
 * @property {Float64Array} byInput at the input's part of each pre-activation
 * @property {Float64Array} byState at the state's part
 */

/** The gradients of rows of losses with respect to states and inputs. */
export class Gradients {
  /**
   * @param {Run} run
   * @param {number[][]} rows the steps of the losses that are summed in each row
   */
  constructor(run, rows) {
    this.run = run;
    this.rows = rows;
    /** The step of each row's loss, the last one of several. */
    this.times = rows.map((times) => times[times.length - 1]);
    const { steps, passes } = run;
    const numbers = passes.flat().reduce((sum, way) => sum + rows.length * steps * (way.h.cols + way.c.cols), 0);
    if (numbers > MOST_NUMBERS) {
      throw new RangeError(
        `the gradients of ${rows.length} losses are ${numbers} numbers, and at most ${MOST_NUMBERS} are kept; choose some losses with times`,
      );
    }
    /** By layer and direction, (row × step × unit). */
    this.tables = passes.map((ways) =>
      ways.map((way) => ({
        h: new Float64Array(rows.length * steps * way.h.cols),
        c: new Float64Array(rows.length * steps * way.c.cols),
      })),
    );
    /** By layer, direction and step. @type {Derivatives[][][]} */
    this.derivatives = passes.map((ways) =>
      ways.map((way) => Array.from({ length: steps }, (_, t) => derivativesOf(way, t))),
    );
    this.#addImmediate();
    for (let layer = passes.length - 1; layer >= 0; layer--) {
      passes[layer].forEach((_, direction) => this.#back(layer, direction));
    }
    /** h[row][layer][direction][t]: ∂L/∂h of a row's losses. */
    this.h = madeWhenRead(rows.length, (row) => this.#views("h", row));
    /** c[row][layer][direction][t] likewise, null without a cell state. */
    this.c = run.c && madeWhenRead(rows.length, (row) => this.#views("c", row));
    /** x[row][t]: ∂L/∂x. */
    this.x = madeWhenRead(rows.length, (row) => Array.from({ length: steps }, (_, t) => this.#atInput(row, t)));
  }

  /**
   * Return ‖∂L/∂h_k‖ of a layer and direction: (row × step).
   * @param {number} layer
   * @param {number} direction
   * @param {"h"|"c"} part
   */
  norms(layer = 0, direction = 0, part = "h") {
    const { steps, passes } = this.run;
    const size = passes[layer][direction][part].cols;
    const table = this.tables[layer][direction][part];
    const found = { rows: this.rows.length, cols: steps, data: new Float64Array(this.rows.length * steps) };
    for (let place = 0, at = 0; place < found.data.length; place++, at += size) {
      let [sum, other] = [0, 0];
      let j = at;
      for (; j + 1 < at + size; j += 2) {
        sum += table[j] * table[j];
        other += table[j + 1] * table[j + 1];
      }
      if (j < at + size) sum += table[j] * table[j];
      sum += other;
      const exact = sum > LEAST_SQUARES && sum < MOST_SQUARES;
      found.data[place] = exact ? Math.sqrt(sum) : norm(table.subarray(at, at + size));
    }
    return found;
  }

  /**
   * Return ∂L/∂o of a row's losses at a step, null without an output.
   * @param {number} row
   * @param {number} t
   */
  scores(row, t) {
    const { y, sequence, network } = this.run;
    const predicted = y[t];
    if (!predicted) return null;
    const counted = this.rows[row].includes(t);
    return lossByScores(network.loss, predicted, counted ? (sequence.targets[t] ?? null) : null);
  }

  /**
   * Return the gradients of a row's losses at one step of a layer and direction.
   * @param {number} row
   * @param {number} layer
   * @param {number} direction
   * @param {number} t
   * @returns {AtStep}
   */
  at(row, layer, direction, t) {
    const way = this.run.passes[layer][direction];
    const { weight_hr } = way.layer.parameters;
    const derivatives = this.derivatives[layer][direction][t];
    const [h, c] = /** @type {const} */ (["h", "c"]).map((part) => {
      const { cols } = way[part];
      const first = (row * this.run.steps + t) * cols;
      return this.tables[layer][direction][part].subarray(first, first + cols);
    });
    const free = h.slice();
    overwrite(clampsAt(way, t, "h"), free, 0);
    const made = weight_hr ? new Float64Array(weight_hr.cols) : free;
    if (weight_hr) addBack(free, weight_hr, made);
    const byInput = new Float64Array(derivatives.byInput.length);
    const byState = new Float64Array(derivatives.byState.length);
    way.cell.sources.forEach((source, gate) => {
      const from = source === "c" ? c : made;
      for (let j = 0, at = gate * made.length; j < made.length; j++, at++) {
        byInput[at] = from[j] * derivatives.byInput[at];
        byState[at] = from[j] * derivatives.byState[at];
      }
    });
    return { h, made, c, byInput, byState };
  }

  /**
   * @param {"h"|"c"} part
   * @param {number} row
   */
  #views(part, row) {
    const { steps, passes } = this.run;
    return passes.map((ways, layer) =>
      ways.map((way, direction) =>
        Array.from({ length: steps }, (_, t) => {
          const first = (row * steps + t) * way[part].cols;
          return this.tables[layer][direction][part].subarray(first, first + way[part].cols);
        }),
      ),
    );
  }

  /**
   * @param {number} row
   * @param {number} t
   */
  #atInput(row, t) {
    const found = new Float64Array(this.run.sequence.x.cols);
    this.run.passes[0].forEach((way, direction) =>
      addBack(this.at(row, 0, direction, t).byInput, way.layer.parameters.weight_ih, found),
    );
    return found;
  }

  /** Put ∂⁺L/∂h into the tables of the top layer. */
  #addImmediate() {
    const { run } = this;
    const { head, directions } = run.network;
    if (!head) return;
    const top = this.tables[this.tables.length - 1];
    const size = head.weight.cols / directions;
    this.rows.forEach((times, row) => {
      for (const t of times) {
        const found = new Float64Array(head.weight.cols);
        addBack(/** @type {Float64Array} */ (this.scores(row, t)), head.weight, found);
        run.readAt(t).forEach((at, direction) => {
          const first = (row * run.steps + at) * size;
          for (let j = 0; j < size; j++) top[direction].h[first + j] += found[direction * size + j];
        });
      }
    });
  }

  /**
   * Go back over all steps of a layer in one direction, and into the layer below.
   * @param {number} layer
   * @param {number} direction
   */
  #back(layer, direction) {
    const { run, rows } = this;
    const way = run.passes[layer][direction];
    const { steps } = run;
    const { weight_ih, weight_hh, weight_hr } = way.layer.parameters;
    const [hidden, size, wide] = [way.h.cols, way.made.cols, way.preact.cols];
    const { sources } = way.cell;
    const { h: table, c: cells } = this.tables[layer][direction];
    /** @type {[Matrix, Matrix|null, Matrix|null]} */
    const matrices = [weight_hh, weight_hr, layer > 0 ? weight_ih : null];
    const [toState, toMade, toInput] = productsWith(matrices, rows.length);
    /** The row of `toState.out` that holds what is carried to a row of losses, −1 for nothing. */
    const carried = new Int32Array(rows.length).fill(-1);
    /** @type {{t: number, kept: Float64Array}|null} */
    let later = null;

    for (const t of order(steps, direction).reverse()) {
      const { byInput: inputFactors, byState: stateFactors, kept, toCell } = this.derivatives[layer][direction][t];
      const at = (/** @type {number} */ row) => (row * steps + t) * hidden;
      const atCell = (/** @type {number} */ row, step = t) => (row * steps + step) * size;
      const active = [];
      for (let row = 0; row < rows.length; row++) {
        const comes = carried[row] >= 0;
        if (comes) add(toState.out, carried[row] * toState.width, table, at(row), hidden);
        if (comes && toCell && later) {
          setProduct(cells, atCell(row, later.t), later.kept, 0, cells, atCell(row), size);
        }
        if (remains(table, at(row), hidden) || (toCell && remains(cells, atCell(row), size))) active.push(row);
        carried[row] = -1;
      }

      const held = clampsAt(way, t, "h");
      /** What goes further back, and where each row of it begins. */
      /** @type {Float64Array} */
      let made = table;
      let begin = active.map(at);
      if (held.length || toMade) {
        const free = toMade ? toMade.left : new Float64Array(active.length * hidden);
        active.forEach((row, place) => {
          const mine = free.subarray(place * hidden, (place + 1) * hidden);
          mine.set(table.subarray(at(row), at(row) + hidden));
          overwrite(held, mine, 0);
        });
        toMade?.run(active.length);
        made = toMade ? toMade.out : free;
        begin = active.map((_, place) => place * (toMade ? toMade.width : hidden));
      }

      for (let place = 0; place < active.length; place++) {
        const cell = atCell(active[place]);
        if (toCell) addProducts(made, begin[place], toCell, 0, cells, cell, size);
        for (let gate = 0; gate < sources.length; gate++) {
          const ofCell = sources[gate] === "c";
          const [from, first] = [ofCell ? cells : made, ofCell ? cell : begin[place]];
          const [into, factor] = [place * wide + gate * size, gate * size];
          setProduct(from, first, stateFactors, factor, toState.left, into, size);
          if (toInput) setProduct(from, first, inputFactors, factor, toInput.left, into, size);
        }
      }
      toState.run(active.length);
      active.forEach((row, place) => {
        carried[row] = place;
        if (kept && !toCell) addProducts(made, begin[place], kept, 0, toState.out, place * toState.width, size);
      });
      later = kept && { t, kept };
      if (toInput) {
        toInput.run(active.length);
        this.#enter(layer - 1, t, active, toInput.out, toInput.width);
      }
    }
  }

  /**
   * Add gradients at a layer's input to those at the states of the layer below.
   * @param {number} layer
   * @param {number} t
   * @param {number[]} active
   * @param {Float64Array} entered
   * @param {number} width of its rows
   */
  #enter(layer, t, active, entered, width) {
    const { passes, steps, sequence } = this.run;
    const dropout = sequence.dropout?.[layer];
    const cols = passes[layer].reduce((sum, way) => sum + way.h.cols, 0);
    passes[layer].forEach((way, direction) => {
      const size = way.h.cols;
      const table = this.tables[layer][direction].h;
      active.forEach((row, place) => {
        const at = (row * steps + t) * size;
        for (let j = 0; j < size; j++) {
          const column = direction * size + j;
          const factor = dropout ? dropout.data[t * cols + column] : 1;
          table[at + j] += factor * entered[place * width + column];
        }
      });
    });
  }
}

/**
 * Return an array whose entries are made when they are first read.
 * @template T
 * @param {number} count
 * @param {(index: number) => T} make
 * @returns {T[]}
 */
function madeWhenRead(count, make) {
  /** @type {T[]} */
  const found = new Array(count);
  for (let index = 0; index < count; index++) {
    Object.defineProperty(found, index, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make(index);
        Object.defineProperty(found, index, { value, enumerable: true });
        return value;
      },
    });
  }
  return found;
}

/**
 * Add `size` numbers of one array to those of another.
 * @param {Float64Array} from
 * @param {number} first
 * @param {Float64Array} into
 * @param {number} at
 * @param {number} size
 */
function add(from, first, into, at, size) {
  for (let j = 0; j < size; j++) into[at + j] += from[first + j];
}

/**
 * Set `size` numbers to the products of those of two arrays.
 * @param {Float64Array} a
 * @param {number} firstOfA
 * @param {Float64Array} b
 * @param {number} firstOfB
 * @param {Float64Array} into
 * @param {number} at
 * @param {number} size
 */
function setProduct(a, firstOfA, b, firstOfB, into, at, size) {
  for (let j = 0; j < size; j++) into[at + j] = a[firstOfA + j] * b[firstOfB + j];
}

/**
 * Add to `size` numbers the products of those of two arrays.
 * @param {Float64Array} a
 * @param {number} firstOfA
 * @param {Float64Array} b
 * @param {number} firstOfB
 * @param {Float64Array} into
 * @param {number} at
 * @param {number} size
 */
function addProducts(a, firstOfA, b, firstOfB, into, at, size) {
  for (let j = 0; j < size; j++) into[at + j] += a[firstOfA + j] * b[firstOfB + j];
}

/**
 * Whether some of `size` numbers have not vanished.
 * @param {Float64Array} values
 * @param {number} at
 * @param {number} size
 */
function remains(values, at, size) {
  for (let j = at; j < at + size; j++) if (!(Math.abs(values[j]) < VANISHED)) return true;
  return false;
}

/**
 * Return ∂L/∂θ of the sum of all losses, by the names of `network.parameters()`.
 * @param {Run} run
 * @returns {Record<string, Float64Array>}
 */
export function parameterGradients(run) {
  const { network } = run;
  const found = Object.fromEntries(
    Object.entries(network.parameters()).map(([name, values]) => [name, new Float64Array(values.length)]),
  );
  const gradients = run.gradientsOfTotal();
  run.passes.forEach((ways, layer) =>
    ways.forEach((way, direction) => {
      const name = (/** @type {string} */ kind) => `${kind}_l${layer}${direction ? "_reverse" : ""}`;
      const into = (/** @type {string} */ kind, /** @type {number} */ cols) => ({ rows: 0, cols, data: found[name(kind)] });
      for (let t = 0; t < run.steps; t++) {
        const { h, byInput, byState } = gradients.at(0, layer, direction, t);
        const step = stepOf(way, t);
        const entering = way.entering.data.subarray(t * way.entering.cols, (t + 1) * way.entering.cols);
        addOuter(byInput, entering, into("weight_ih", entering.length));
        addOuter(byState, step.before, into("weight_hh", step.before.length));
        if (found[name("bias_ih")]) addOuter(byInput, ONE, into("bias_ih", 1));
        if (found[name("bias_hh")]) addOuter(byState, ONE, into("bias_hh", 1));
        if (found[name("weight_hr")]) {
          const free = h.slice();
          overwrite(clampsAt(way, t, "h"), free, 0);
          addOuter(free, step.made, into("weight_hr", step.made.length));
        }
      }
    }),
  );
  for (const t of run.lossTimes) {
    const scores = /** @type {Float64Array} */ (gradients.scores(0, t));
    const read = run.read(t);
    if (found["head.weight"]) addOuter(scores, read, { rows: 0, cols: read.length, data: found["head.weight"] });
    if (found["head.bias"]) addOuter(scores, ONE, { rows: 0, cols: 1, data: found["head.bias"] });
  }
  return found;
}

const ONE = new Float64Array([1]);

/**
 * Return the share of each step in ∂L/∂W: the norm of its part over the sum of these norms.
 * @param {Run} run
 * @param {number} layer
 * @param {number} direction
 */
export function weightShares(run, layer, direction) {
  const gradients = run.gradientsOfTotal();
  const sizes = Float64Array.from({ length: run.steps }, (_, t) => {
    const { before } = stepOf(run.passes[layer][direction], t);
    return norm(gradients.at(0, layer, direction, t).byState) * norm(before);
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total === 0 ? sizes : sizes.map((size) => size / total);
}
