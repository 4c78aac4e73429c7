/**
 * Training: steps of SGD and Adam on the sequences of a page, as PyTorch's optimizers make them.
 *
 * Source: torch.optim.SGD, torch.optim.Adam (Kingma & Ba 2015) and torch.nn.utils.clip_grad_norm_
 */

import { norm } from "./arrays.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Sequence} Sequence */
/** @typedef {Record<string, Float64Array>} Arrays */

/**
 * `clip` is the largest norm of the gradient over all parameters; without it, nothing is clipped.
 * `reduction` is "mean" for the loss per target, as rnnviz trains, or "sum".
 * @typedef {object} Settings
 * @property {number} rate
 * @property {number|null} [clip]
 * @property {"mean"|"sum"} [reduction]
 * @property {[number, number]} [betas] of Adam
 * @property {number} [epsilon] of Adam
 */

/** Added by clip_grad_norm_ to the norm that it divides by. */
const CLIP_EPSILON = 1e-6;

class Optimizer {
  /**
   * @param {"sgd"|"adam"} name
   * @param {Settings} settings
   */
  constructor(name, { rate, clip = null, reduction = "mean", betas = [0.9, 0.999], epsilon = 1e-8 }) {
    this.name = name;
    this.rate = rate;
    this.clip = clip;
    this.reduction = reduction;
    this.betas = betas;
    this.epsilon = epsilon;
    this.count = 0;
    /** @type {Arrays} */
    this.means = {};
    /** @type {Arrays} */
    this.squares = {};
  }

  /**
   * Make one step on the sum, or mean, of all losses of the sequences. `loss` is that before the
   * step, and `gradientNorm` the norm before clipping.
   * @param {Network} network
   * @param {Sequence[]} sequences
   * @returns {{network: Network, loss: number, gradientNorm: number}}
   */
  step(network, sequences) {
    const { loss, gradients } = lossAndGradients(network, sequences, this.reduction);
    const gradientNorm = norm(Object.values(gradients).map(norm));
    if (!Number.isFinite(gradientNorm)) {
      throw new RangeError(`the norm of the gradient is ${gradientNorm}; choose a smaller learning rate, or clip`);
    }
    const factor = this.clip === null ? 1 : Math.min(1, this.clip / (gradientNorm + CLIP_EPSILON));
    this.count += 1;
    /** @type {Arrays} */
    const parameters = {};
    for (const [name, values] of Object.entries(network.parameters())) {
      const gradient = gradients[name].map((value) => factor * value);
      const change = this.name === "adam" ? this.#adam(name, gradient) : gradient.map((value) => this.rate * value);
      parameters[name] = values.map((value, index) => value - change[index]);
    }
    return { network: network.edited({ parameters }), loss, gradientNorm };
  }

  /**
   * @param {string} name
   * @param {Float64Array} gradient
   */
  #adam(name, gradient) {
    const [first, second] = this.betas;
    const mean = (this.means[name] ??= new Float64Array(gradient.length));
    const square = (this.squares[name] ??= new Float64Array(gradient.length));
    const rate = this.rate / (1 - first ** this.count);
    const root = Math.sqrt(1 - second ** this.count);
    return gradient.map((value, index) => {
      mean[index] += (1 - first) * (value - mean[index]);
      square[index] = second * square[index] + (1 - second) * value * value;
      return (rate * mean[index]) / (Math.sqrt(square[index]) / root + this.epsilon);
    });
  }
}

/**
 * Return an optimizer, which holds what it needs from one step to the next.
 * @param {"sgd"|"adam"} name
 * @param {Settings} settings
 */
export function optimizer(name, settings) {
  if (name !== "sgd" && name !== "adam") throw new RangeError(`unknown optimizer '${name}'; choose sgd or adam`);
  return new Optimizer(name, settings);
}

/**
 * Return the loss of sequences, summed or per target, and its gradient by every parameter.
 * @param {Network} network
 * @param {Sequence[]} sequences
 * @param {"mean"|"sum"} reduction
 * @returns {{loss: number, gradients: Arrays}}
 */
export function lossAndGradients(network, sequences, reduction = "mean") {
  let [loss, count] = [0, 0];
  /** @type {Arrays} */
  const gradients = {};
  for (const [name, values] of Object.entries(network.parameters())) {
    gradients[name] = new Float64Array(values.length);
  }
  for (const sequence of sequences) {
    const run = network.run(sequence);
    loss += run.total;
    count += run.lossTimes.length;
    for (const [name, values] of Object.entries(run.parameterGradients())) {
      const into = gradients[name];
      for (let i = 0; i < values.length; i++) into[i] += values[i];
    }
  }
  if (reduction === "mean" && count > 0) {
    loss /= count;
    for (const values of Object.values(gradients)) values.forEach((value, i) => (values[i] = value / count));
  }
  return { loss, gradients };
}
