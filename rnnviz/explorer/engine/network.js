/** A recurrent network: its weights, and copies of it with something changed. */

import { copy, matrix } from "./arrays.js";
import { CELLS } from "./cells.js";
import { Run } from "./run.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {import("./cells.js").Cell} Cell */
/** @typedef {import("./losses.js").Target} Target */

/**
 * The parameters of one layer in one direction, as PyTorch names and stacks them.
 * @typedef {object} Parameters
 * @property {Matrix} weight_ih U (gates · units × inputs)
 * @property {Matrix} weight_hh W (gates · units × hidden)
 * @property {Float64Array|null} bias_ih
 * @property {Float64Array|null} bias_hh
 * @property {Matrix|null} weight_hr the projection (hidden × units) of an LSTM
 */

/** @typedef {{cell: string, nonlinearity: string, parameters: Parameters}} Layer */

/**
 * The output layer, and the states of the top layer that it reads: those of each step, of the last
 * step, or of the ends, which are the last step and, in the reverse direction, the first. A `fixed`
 * one, the identity of a network without an output layer, has no parameters.
 * @typedef {{weight: Matrix, bias: Float64Array|null, reads: "each step"|"last step"|"ends", fixed?: boolean}} Head
 */

/**
 * A value that a unit is given, whatever is computed for it. `part` is "h", "c" or the name of a
 * gate. Without `step` it is held at all steps; without `unit`, all units are.
 * @typedef {{layer?: number, direction?: number, step?: number, unit?: number, part: string, value: number}} Clamp
 */

/**
 * One sequence. Without h0 and c0, by layer and direction, the first states are zero. `dropout` are
 * the factors between one layer and the next.
 * @typedef {object} Sequence
 * @property {Matrix} x (steps × inputs)
 * @property {Target[]} targets by step
 * @property {Float64Array[][]} [h0]
 * @property {Float64Array[][]} [c0]
 * @property {Matrix[]} [dropout]
 * @property {number} [index] its place among the recorded sequences
 */

/**
 * What `edited` changes, in this order. `parameters` replaces arrays by name; `scale` multiplies
 * U, W and V, and so all weights of these kinds; `entries` sets single numbers, of a layer's
 * parameter or, without a layer, of the output layer's `weight` or `bias`; a bias has column 0.
 * `clamps` replaces all clamps.
 * @typedef {object} Changes
 * @property {Record<string, Float64Array>} [parameters]
 * @property {{U?: number, W?: number, V?: number}} [scale]
 * @property {{layer?: number, direction?: number, name: string, row: number, col?: number, value: number}[]} [entries]
 * @property {"tanh"|"relu"} [nonlinearity]
 * @property {Clamp[]} [clamps]
 */

const KINDS = /** @type {const} */ (["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]);

export class Network {
  /**
   * `names` are those of the recorded parameters, by the names here.
   * @param {{layers: Layer[][], head: Head|null, loss: string|null, clamps?: Clamp[], names?: Record<string, string>}} content
   */
  constructor({ layers, head, loss, clamps = [], names = {} }) {
    this.layers = layers;
    this.head = head;
    this.loss = loss;
    this.clamps = clamps;
    this.names = names;
    for (const clamp of clamps) this.#check(clamp);
  }

  /** @param {Clamp} clamp */
  #check({ layer = 0, direction = 0, unit = 0, part }) {
    if (!this.layers[layer]?.[direction]) {
      throw new RangeError(`there is no layer ${layer} with direction ${direction}, counted from 0`);
    }
    const states = this.cell.hasCellState ? ["h", "c"] : ["h"];
    const known = this.cell.gated ? [...states, ...this.cell.gates] : states;
    if (!known.includes(part)) {
      throw new RangeError(`there is no part '${part}' to hold; there are ${known.join(", ")}`);
    }
    const size = part === "h" ? this.hiddenSize : this.unitCount;
    if (unit < 0 || unit >= size) throw new RangeError(`there is no unit ${unit} of '${part}'; there are ${size}, from 0`);
  }

  get inputSize() {
    return this.layers[0][0].parameters.weight_ih.cols;
  }

  /** The number of entries of h. */
  get hiddenSize() {
    return this.layers[0][0].parameters.weight_hh.cols;
  }

  /** The number of units: that of h, unless h is a projection of them. */
  get unitCount() {
    const { cell, parameters } = this.layers[0][0];
    return parameters.weight_ih.rows / CELLS[cell].gates.length;
  }

  get directions() {
    return this.layers[0].length;
  }

  /** The cell of all layers. @returns {Cell} */
  get cell() {
    return CELLS[this.layers[0][0].cell];
  }

  /**
   * Run the network on a sequence.
   * @param {Sequence} sequence
   */
  run(sequence) {
    return new Run(this, sequence);
  }

  /**
   * Return all parameters by name, such as `weight_hh_l0_reverse` and `head.weight`; the arrays
   * are those in use.
   * @returns {Record<string, Float64Array>}
   */
  parameters() {
    /** @type {Record<string, Float64Array>} */
    const found = {};
    this.layers.forEach((ways, layer) =>
      ways.forEach(({ parameters }, direction) => {
        for (const kind of KINDS) {
          const held = parameters[kind];
          if (held) found[parameterName(kind, layer, direction)] = numbersOf(held);
        }
      }),
    );
    if (this.head && !this.head.fixed) {
      found["head.weight"] = this.head.weight.data;
      if (this.head.bias) found["head.bias"] = this.head.bias;
    }
    return found;
  }

  /**
   * Return a network with something changed; what is not changed is shared with this one.
   * @param {Changes} changes
   */
  edited({ parameters = {}, scale = {}, entries = [], nonlinearity, clamps = this.clamps }) {
    if (nonlinearity !== undefined && this.cell.gated) {
      throw new RangeError(`a nonlinearity can be chosen for an RNN, not for cell '${this.cell.name}'`);
    }
    const known = this.parameters();
    for (const [name, values] of Object.entries(parameters)) {
      if (!(name in known) || known[name].length !== values.length) {
        throw new RangeError(
          `parameter '${name}' has ${known[name]?.length ?? "no"} numbers here, but ${values.length} were given`,
        );
      }
    }
    const layers = this.layers.map((ways, layer) =>
      ways.map((held, direction) => {
        const made = { ...held.parameters };
        for (const kind of KINDS) {
          const given = parameters[parameterName(kind, layer, direction)];
          if (given) made[kind] = /** @type {any} */ (withNumbers(made[kind], given));
        }
        if (scale.U !== undefined) made.weight_ih = scaled(made.weight_ih, scale.U);
        if (scale.W !== undefined) made.weight_hh = scaled(made.weight_hh, scale.W);
        return { ...held, parameters: made, nonlinearity: nonlinearity ?? held.nonlinearity };
      }),
    );
    let head = this.head;
    if (head) {
      const weight = parameters["head.weight"];
      head = { ...head };
      if (weight) head.weight = matrix(head.weight.rows, head.weight.cols, weight);
      if (scale.V !== undefined) head.weight = scaled(head.weight, scale.V);
      head.bias = parameters["head.bias"] ?? head.bias;
    }
    for (const entry of entries) setEntry(layers, head, entry);
    return new Network({ layers, head, loss: this.loss, clamps, names: this.names });
  }
}

/**
 * Return the name of a recurrent parameter: `weight_hh_l0`, `bias_ih_l1_reverse`.
 * @param {string} kind
 * @param {number} layer
 * @param {number} direction
 */
export function parameterName(kind, layer, direction) {
  return `${kind}_l${layer}${direction ? "_reverse" : ""}`;
}

/**
 * Set one number, in a copy of its array.
 * @param {Layer[][]} layers
 * @param {Head|null} head
 * @param {{layer?: number, direction?: number, name: string, row: number, col?: number, value: number}} entry
 */
function setEntry(layers, head, { layer, direction = 0, name, row, col = 0, value }) {
  const place = /** @type {any} */ (layer === undefined ? head : layers[layer]?.[direction]?.parameters);
  const held = place?.[name];
  const cols = held?.cols ?? 1;
  if (!held || row < 0 || col < 0 || col >= cols || row * cols + col >= numbersOf(held).length) {
    throw new RangeError(`there is no entry (${row}, ${col}) of '${name}' in layer ${layer ?? "of the output"}`);
  }
  place[name] = held.data ? copy(held) : held.slice();
  numbersOf(place[name])[row * cols + col] = value;
}

/**
 * @param {Matrix} a
 * @param {number} factor
 */
function scaled(a, factor) {
  return factor === 1 ? a : matrix(a.rows, a.cols, a.data.map((value) => factor * value));
}

/**
 * @param {Matrix|Float64Array} held
 * @returns {Float64Array}
 */
function numbersOf(held) {
  return held instanceof Float64Array ? held : held.data;
}

/**
 * @param {Matrix|Float64Array|null} held
 * @param {Float64Array} given
 */
function withNumbers(held, given) {
  return held && !(held instanceof Float64Array) ? matrix(held.rows, held.cols, given) : given;
}
