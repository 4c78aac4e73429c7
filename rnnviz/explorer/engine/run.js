/** One run of a network on one sequence: all states, scores, predictions and losses. */

import { addProduct, rowsOf } from "./arrays.js";
import { arithmetic } from "./arithmetic.js";
import { parts } from "./cells.js";
import { Gradients, parameterGradients, weightShares } from "./gradients.js";
import { stepJacobian } from "./jacobians.js";
import { lossOf, prediction } from "./losses.js";
import { joined, layerInput, passThrough } from "./passes.js";

/** @typedef {import("./cells.js").Cell} Cell */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Sequence} Sequence */
/** @typedef {import("./passes.js").Pass} Pass */

export class Run {
  /**
   * @param {Network} network
   * @param {Sequence} sequence
   */
  constructor(network, sequence) {
    if (sequence.x.cols !== network.inputSize) {
      throw new RangeError(`x has ${sequence.x.cols} entries a step, but the network reads ${network.inputSize}`);
    }
    this.network = network;
    this.sequence = sequence;
    this.steps = sequence.x.rows;
    /** By layer and direction. @type {Pass[][]} */
    this.passes = [];
    let entering = sequence.x;
    network.layers.forEach((ways, layer) => {
      this.passes.push(ways.map((_, direction) => passThrough(network, sequence, entering, layer, direction)));
      entering = layerInput(this.passes[layer], sequence.dropout?.[layer]);
    });
    /** h[layer][direction][t]: a Float64Array. */
    this.h = this.passes.map((ways) => ways.map((way) => rowsOf(way.h)));
    /** c[layer][direction][t], null without a cell state. */
    this.c = network.cell.hasCellState
      ? this.passes.map((ways) => ways.map((way) => rowsOf(way.c)))
      : null;
    /** gates[layer][direction][t]: a Float64Array for each gate, by its name. */
    this.gates = this.passes.map((ways) =>
      ways.map((way) => rowsOf(way.gates).map((values) => byName(way.cell, values))),
    );
    /** o[t], null at steps without an output. @type {(Float64Array|null)[]} */
    this.scores = Array.from({ length: this.steps }, (_, t) => this.#scores(t));
    /** y[t], likewise. @type {(Float64Array|null)[]} */
    this.y = this.scores.map((scores) => scores && prediction(network.loss, scores));
    /** L_t, NaN at steps without a loss. */
    this.loss = Float64Array.from(this.scores, (scores, t) =>
      scores ? lossOf(network.loss, scores, /** @type {any} */ (this.y[t]), sequence.targets[t] ?? null) : NaN,
    );
    /** The steps with a loss. */
    this.lossTimes = [...this.loss.keys()].filter((t) => !Number.isNaN(this.loss[t]));
    /** The sum of all losses. */
    this.total = this.lossTimes.reduce((sum, t) => sum + this.loss[t], 0);
    /** @type {Gradients|undefined} */
    this.kept = undefined;
    /** @type {Gradients|undefined} */
    this.keptOfTotal = undefined;
  }

  /** @param {number} t */
  #scores(t) {
    const { head } = this.network;
    if (!head || (head.reads !== "each step" && t < this.steps - 1)) return null;
    const scores = head.bias ? head.bias.slice() : new Float64Array(head.weight.rows);
    addProduct(head.weight, this.read(t), scores);
    return scores;
  }

  /**
   * Return where the output at step t reads each direction of the top layer.
   * @param {number} t
   */
  readAt(t) {
    const { head, directions } = this.network;
    const places = head?.reads === "ends" ? [this.steps - 1, 0] : [t, t];
    return places.slice(0, directions);
  }

  /**
   * Return what the output at step t reads.
   * @param {number} t
   */
  read(t) {
    const top = this.h[this.h.length - 1];
    return joined(this.readAt(t).map((at, direction) => top[direction][at]));
  }

  /**
   * Return the gradients of the losses, one a row: of all, or of those at the given steps.
   * @param {{times?: number[]}} [options]
   * @returns {Gradients}
   */
  gradients({ times } = {}) {
    if (times) return new Gradients(this, times.map((t) => [t]));
    this.kept ??= new Gradients(this, this.lossTimes.map((t) => [t]));
    return this.kept;
  }

  /**
   * Return the gradients of the sum of all losses, in a single row.
   * @returns {Gradients}
   */
  gradientsOfTotal() {
    this.keptOfTotal ??= new Gradients(this, [this.lossTimes]);
    return this.keptOfTotal;
  }

  /**
   * Return ∂L/∂θ of every parameter, by the names of `network.parameters()`.
   * @returns {Record<string, Float64Array>}
   */
  parameterGradients() {
    return parameterGradients(this);
  }

  /**
   * Return the share of each step in ∂L/∂W: ‖∂L/∂W_s‖ / Σ_s ‖∂L/∂W_s‖, zeros if all are zero.
   * @param {number} layer
   * @param {number} direction
   */
  weightShares(layer = 0, direction = 0) {
    return weightShares(this, layer, direction);
  }

  /**
   * Return ∂h_t/∂h_prev within a layer, with c_prev of an LSTM held fixed.
   * @param {number} layer
   * @param {number} direction
   * @param {number} t
   */
  jacobian(layer, direction, t) {
    return stepJacobian(this.passes[layer][direction], t);
  }

  /**
   * Return how one number was computed; see `arithmetic.js`.
   * @param {import("./arithmetic.js").Reference} reference
   */
  arithmetic(reference) {
    return arithmetic(this, reference);
  }
}

/**
 * @param {Cell} cell
 * @param {Float64Array} values
 * @returns {Record<string, Float64Array>}
 */
function byName(cell, values) {
  const views = parts(values, cell.gates.length);
  return Object.fromEntries(cell.gates.map((name, index) => [name, views[index]]));
}
