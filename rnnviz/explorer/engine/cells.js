/**
 * The recurrent cells: one step of each, and its derivatives.
 *
 * For each gate g, a cell adds U_g x + b_g and W_g h_prev + b'_g to a pre-activation a_g, and
 * the gate is σ(a_g), tanh(a_g) or relu(a_g). Gates stand one after another, as in PyTorch.
 *
 * Source: the equations in the documentation of torch.nn.RNN, GRU and LSTM, and the chain rule
 */

/** @typedef {"tanh"|"relu"|"sigmoid"} Activation */

/**
 * What a step reads and fills. `share` is W_n h_prev + b'_n of a GRU; `squashed` is tanh c, and
 * `made` is h before a projection.
 * @typedef {object} Step
 * @property {Float64Array} before h_prev
 * @property {Float64Array} cBefore c_prev, empty without a cell state
 * @property {Float64Array} preact by gate
 * @property {Float64Array} gates by gate
 * @property {Float64Array} share
 * @property {Float64Array} c
 * @property {Float64Array} squashed
 * @property {Float64Array} made
 */

/**
 * The derivatives of a step, unit by unit. A gradient arrives at the state that a gate acts on
 * (`sources`: made or c) and is multiplied by `byInput` on its way to the input's part of a
 * pre-activation, by `byState` on its way to the state's part (the two differ in a GRU's n), and by
 * `kept` on its way to the state before, around all gates. `toCell` is ∂made/∂c.
 * @typedef {object} Derivatives
 * @property {Float64Array} byInput by gate
 * @property {Float64Array} byState by gate
 * @property {Float64Array|null} kept
 * @property {Float64Array|null} toCell
 */

/** Overwrite what is held of a part at this step. @typedef {(part: string, values: Float64Array) => void} Hold */

/**
 * One product of a sum of gates and states: `weight` is the gate `gate`, or 1 − it if `complement`,
 * and `value` is `of`, of the step before if `before`, after tanh if `squashed`.
 * @typedef {{gate: string, weight: number, value: number, of: string, complement?: boolean, before?: boolean, squashed?: boolean}} Mixed
 */

/**
 * A factor of a derivative: the value of a gate or state, 1 − it (`complement`), or the derivative
 * of the nonlinearity whose value is `of` (`slope`); of n's candidate, h_prev − n (`difference`).
 * @typedef {{kind: "value"|"complement"|"slope"|"difference", of: string, value: number, before?: boolean}} Factor
 */

/**
 * @typedef {object} Cell
 * @property {string} name
 * @property {string[]} gates
 * @property {boolean} gated false where the only gate is the state itself
 * @property {boolean} hasCellState
 * @property {number[]} shared gates whose state's part is needed by itself
 * @property {(nonlinearity: string) => Activation[]} activations by gate
 * @property {("made"|"c")[]} sources the state that each gate acts on
 * @property {(string|null)[]} through the gate through which each acts, if not directly
 * @property {(step: Step, ofInput: Float64Array, ofState: Float64Array, nonlinearity: string, hold: Hold) => void} forward
 * @property {(step: Step, nonlinearity: string) => Derivatives} derivatives
 * @property {(part: string, step: Step, unit: number) => Mixed[]} mixture the terms of made or c
 * @property {(gate: number, step: Step, unit: number, nonlinearity: string) => Factor[]} factors of `byInput`
 */

/** @param {number} a */
const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** @type {Record<Activation, (a: number) => number>} */
export const ACTIVATIONS = { tanh: Math.tanh, relu: (a) => (a > 0 ? a : 0), sigmoid };

/** The derivative of an activation, from its value. @type {Record<Activation, (value: number) => number>} */
export const SLOPES = {
  tanh: (value) => (1 - value) * (1 + value),
  relu: (value) => (value > 0 ? 1 : 0),
  sigmoid: (value) => value * (1 - value),
};

/**
 * @param {string} of
 * @param {number} value
 * @param {Activation} activation
 * @returns {Factor}
 */
const slope = (of, value, activation) => ({ kind: "slope", of, value: SLOPES[activation](value) });

/** @type {Cell} */
const rnn = {
  name: "rnn",
  gates: ["h"],
  gated: false,
  hasCellState: false,
  shared: [],
  activations: (nonlinearity) => [/** @type {Activation} */ (nonlinearity)],
  sources: ["made"],
  through: [null],

  forward(step, ofInput, ofState, nonlinearity) {
    const activation = ACTIVATIONS[/** @type {Activation} */ (nonlinearity)];
    for (let j = 0; j < step.made.length; j++) {
      const a = ofInput[j] + ofState[j];
      step.preact[j] = a;
      step.gates[j] = step.made[j] = activation(a);
    }
  },

  derivatives(step, nonlinearity) {
    const factors = step.made.map(SLOPES[/** @type {Activation} */ (nonlinearity)]);
    return { byInput: factors, byState: factors, kept: null, toCell: null };
  },

  mixture: () => [],

  factors: (gate, step, unit, nonlinearity) => [
    slope("h", step.made[unit], /** @type {Activation} */ (nonlinearity)),
  ],
};

/** @type {Cell} */
const gru = {
  name: "gru",
  gates: ["r", "z", "n"],
  gated: true,
  hasCellState: false,
  shared: [2],
  activations: () => ["sigmoid", "sigmoid", "tanh"],
  sources: ["made", "made", "made"],
  through: ["n", null, null],

  forward(step, ofInput, ofState, nonlinearity, hold) {
    const size = step.made.length;
    const [r, z, n] = parts(step.gates, 3);
    for (let j = 0; j < 2 * size; j++) {
      step.preact[j] = ofInput[j] + ofState[j];
      step.gates[j] = sigmoid(step.preact[j]);
    }
    hold("r", r);
    hold("z", z);
    for (let j = 0; j < size; j++) {
      step.share[j] = ofState[2 * size + j];
      step.preact[2 * size + j] = ofInput[2 * size + j] + r[j] * step.share[j];
      n[j] = Math.tanh(step.preact[2 * size + j]);
    }
    hold("n", n);
    for (let j = 0; j < size; j++) step.made[j] = (1 - z[j]) * n[j] + z[j] * step.before[j];
  },

  derivatives(step) {
    const size = step.made.length;
    const [r, z, n] = parts(step.gates, 3);
    const byInput = new Float64Array(3 * size);
    const byState = new Float64Array(3 * size);
    for (let j = 0; j < size; j++) {
      const toN = (1 - z[j]) * SLOPES.tanh(n[j]);
      byInput[j] = byState[j] = toN * step.share[j] * SLOPES.sigmoid(r[j]);
      byInput[size + j] = byState[size + j] = (step.before[j] - n[j]) * SLOPES.sigmoid(z[j]);
      byInput[2 * size + j] = toN;
      byState[2 * size + j] = toN * r[j];
    }
    return { byInput, byState, kept: z.slice(), toCell: null };
  },

  mixture(part, step, unit) {
    const [, z, n] = parts(step.gates, 3).map((values) => values[unit]);
    return [
      { gate: "z", weight: 1 - z, value: n, of: "n", complement: true },
      { gate: "z", weight: z, value: step.before[unit], of: "h", before: true },
    ];
  },

  factors(gate, step, unit) {
    const [r, z, n] = parts(step.gates, 3).map((values) => values[unit]);
    if (gate === 1) {
      return [{ kind: "difference", of: "n", value: step.before[unit] - n }, slope("z", z, "sigmoid")];
    }
    /** @type {Factor[]} */
    const toN = [{ kind: "complement", of: "z", value: 1 - z }, slope("n", n, "tanh")];
    if (gate === 2) return toN;
    return [...toN, { kind: "value", of: "share", value: step.share[unit] }, slope("r", r, "sigmoid")];
  },
};

/** @type {Cell} */
const lstm = {
  name: "lstm",
  gates: ["i", "f", "g", "o"],
  gated: true,
  hasCellState: true,
  shared: [],
  activations: () => ["sigmoid", "sigmoid", "tanh", "sigmoid"],
  sources: ["c", "c", "c", "made"],
  through: [null, null, null, null],

  forward(step, ofInput, ofState, nonlinearity, hold) {
    const size = step.made.length;
    const [i, f, g, o] = parts(step.gates, 4);
    for (let j = 0; j < 4 * size; j++) {
      step.preact[j] = ofInput[j] + ofState[j];
      step.gates[j] = j >= 2 * size && j < 3 * size ? Math.tanh(step.preact[j]) : sigmoid(step.preact[j]);
    }
    this.gates.forEach((name, index) => hold(name, [i, f, g, o][index]));
    for (let j = 0; j < size; j++) step.c[j] = f[j] * step.cBefore[j] + i[j] * g[j];
    hold("c", step.c);
    for (let j = 0; j < size; j++) {
      step.squashed[j] = Math.tanh(step.c[j]);
      step.made[j] = o[j] * step.squashed[j];
    }
  },

  derivatives(step) {
    const size = step.made.length;
    const [i, f, g, o] = parts(step.gates, 4);
    const factors = new Float64Array(4 * size);
    const toCell = new Float64Array(size);
    for (let j = 0; j < size; j++) {
      factors[j] = g[j] * SLOPES.sigmoid(i[j]);
      factors[size + j] = step.cBefore[j] * SLOPES.sigmoid(f[j]);
      factors[2 * size + j] = i[j] * SLOPES.tanh(g[j]);
      factors[3 * size + j] = step.squashed[j] * SLOPES.sigmoid(o[j]);
      toCell[j] = o[j] * SLOPES.tanh(step.squashed[j]);
    }
    return { byInput: factors, byState: factors, kept: f.slice(), toCell };
  },

  mixture(part, step, unit) {
    const [i, f, g, o] = parts(step.gates, 4).map((values) => values[unit]);
    if (part !== "c") return [{ gate: "o", weight: o, value: step.squashed[unit], of: "c", squashed: true }];
    return [
      { gate: "f", weight: f, value: step.cBefore[unit], of: "c", before: true },
      { gate: "i", weight: i, value: g, of: "g" },
    ];
  },

  factors(gate, step, unit) {
    const [i, f, g, o] = parts(step.gates, 4).map((values) => values[unit]);
    /** @type {Factor[]} */
    const others = [
      { kind: "value", of: "g", value: g },
      { kind: "value", of: "c", value: step.cBefore[unit], before: true },
      { kind: "value", of: "i", value: i },
      { kind: "value", of: "tanh c", value: step.squashed[unit] },
    ];
    const name = this.gates[gate];
    return [others[gate], slope(name, [i, f, g, o][gate], this.activations("tanh")[gate])];
  },
};

/** The cells by name. @type {Record<string, Cell>} */
export const CELLS = { rnn, gru, lstm };

/**
 * Return the parts of a vector of several gates, as views.
 * @param {Float64Array} values
 * @param {number} count
 */
export function parts(values, count) {
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) => values.subarray(index * size, (index + 1) * size));
}
