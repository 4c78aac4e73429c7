/** Layers run over the steps of a sequence, in one direction. */

import { addProduct, matrix, row } from "./arrays.js";
import { CELLS, parts } from "./cells.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {import("./cells.js").Cell} Cell */
/** @typedef {import("./cells.js").Step} Step */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Sequence} Sequence */
/** @typedef {import("./network.js").Layer} Layer */
/** @typedef {import("./network.js").Clamp} Clamp */

/**
 * What one layer computed in one direction, a row a step. `entering` is what it read.
 * @typedef {object} Pass
 * @property {Layer} layer
 * @property {Cell} cell
 * @property {number} direction
 * @property {Clamp[]} clamps those of this layer and direction
 * @property {Matrix} entering
 * @property {Matrix} h
 * @property {Matrix} made h before a projection
 * @property {Matrix} c
 * @property {Matrix} squashed
 * @property {Matrix} preact
 * @property {Matrix} gates
 * @property {Matrix} share
 * @property {Float64Array} h0
 * @property {Float64Array} c0
 */

/**
 * The steps in the order in which a direction takes them.
 * @param {number} steps
 * @param {number} direction
 */
export function order(steps, direction) {
  const forward = Array.from({ length: steps }, (_, t) => t);
  return direction === 0 ? forward : forward.reverse();
}

/**
 * Return what a step read and filled, as views.
 * @param {Pass} pass
 * @param {number} t
 * @returns {Step}
 */
export function stepOf(pass, t) {
  const previous = pass.direction === 0 ? t - 1 : t + 1;
  const first = previous < 0 || previous >= pass.h.rows;
  return {
    before: first ? pass.h0 : row(pass.h, previous),
    cBefore: first ? pass.c0 : row(pass.c, previous),
    preact: row(pass.preact, t),
    gates: row(pass.gates, t),
    share: row(pass.share, t),
    c: row(pass.c, t),
    squashed: row(pass.squashed, t),
    made: row(pass.made, t),
  };
}

/**
 * Return the derivatives of a step, zero where a clamp holds the value that is differentiated.
 * @param {Pass} pass
 * @param {number} t
 * @returns {import("./cells.js").Derivatives}
 */
export function derivativesOf(pass, t) {
  const { cell } = pass;
  const found = cell.derivatives(stepOf(pass, t), pass.layer.nonlinearity);
  const cells = clampsAt(pass, t, "c");
  const ofGates = [found.byInput, found.byState].map((each) => parts(each, cell.gates.length));
  cell.gates.forEach((_, gate) => {
    for (const each of ofGates) overwrite(clampsOnGate(pass, t, gate), each[gate], 0);
  });
  if (found.kept) overwrite(cells, found.kept, 0);
  return found;
}

/**
 * Return the clamps that stop a gradient on its way from a state to the pre-activation of a gate.
 * @param {Pass} pass
 * @param {number} t
 * @param {number} gate
 */
export function clampsOnGate(pass, t, gate) {
  const { gates, through, sources } = pass.cell;
  const stops = [gates[gate], through[gate], sources[gate] === "c" ? "c" : null];
  return stops.flatMap((part) => (part === null ? [] : clampsAt(pass, t, part)));
}

/**
 * Return the clamps of a step and a part.
 * @param {Pass} pass
 * @param {number} t
 * @param {string} part
 */
export function clampsAt(pass, t, part) {
  return pass.clamps.filter((clamp) => clamp.part === part && (clamp.step ?? t) === t);
}

/**
 * Overwrite the numbers of units that clamps hold.
 * @param {Clamp[]} clamps
 * @param {Float64Array} values
 * @param {number} [value] instead of the clamps' own
 */
export function overwrite(clamps, values, value) {
  for (const clamp of clamps) {
    if (clamp.unit === undefined) values.fill(value ?? clamp.value);
    else values[clamp.unit] = value ?? clamp.value;
  }
}

/**
 * Return vectors one after another.
 * @param {Float64Array[]} vectors
 */
export function joined(vectors) {
  const made = new Float64Array(vectors.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of vectors) {
    made.set(each, at);
    at += each.length;
  }
  return made;
}

/**
 * Run one layer in one direction on what it reads.
 * @param {Network} network
 * @param {Sequence} sequence
 * @param {Matrix} entering
 * @param {number} index of the layer
 * @param {number} direction
 * @returns {Pass}
 */
export function passThrough(network, sequence, entering, index, direction) {
  const layer = network.layers[index][direction];
  const cell = CELLS[layer.cell];
  const { weight_ih, weight_hh, bias_ih, bias_hh, weight_hr } = layer.parameters;
  const steps = entering.rows;
  const size = weight_ih.rows / cell.gates.length;
  const room = (/** @type {boolean} */ there, cols = size) => matrix(steps, there ? cols : 0);
  const made = room(true);
  const found = {
    layer,
    cell,
    direction,
    clamps: network.clamps.filter((clamp) => (clamp.layer ?? 0) === index && (clamp.direction ?? 0) === direction),
    entering,
    made,
    h: weight_hr ? matrix(steps, weight_hr.rows) : made,
    c: room(cell.hasCellState),
    squashed: room(cell.hasCellState),
    preact: room(true, weight_ih.rows),
    gates: room(true, weight_ih.rows),
    share: room(cell.shared.length > 0),
    h0: sequence.h0?.[index][direction] ?? new Float64Array(weight_hh.cols),
    c0: sequence.c0?.[index][direction] ?? new Float64Array(cell.hasCellState ? size : 0),
  };
  for (const t of order(steps, direction)) {
    const step = stepOf(found, t);
    const ofInput = bias_ih ? bias_ih.slice() : new Float64Array(weight_ih.rows);
    const ofState = bias_hh ? bias_hh.slice() : new Float64Array(weight_hh.rows);
    addProduct(weight_ih, row(entering, t), ofInput);
    addProduct(weight_hh, step.before, ofState);
    cell.forward(step, ofInput, ofState, layer.nonlinearity, (part, values) =>
      overwrite(clampsAt(found, t, part), values),
    );
    const h = row(found.h, t);
    if (weight_hr) addProduct(weight_hr, step.made, h);
    overwrite(clampsAt(found, t, "h"), h);
  }
  return found;
}

/**
 * Return what the next layer reads: the states of all directions, after dropout.
 * @param {Pass[]} ways
 * @param {Matrix|undefined} dropout
 */
export function layerInput(ways, dropout) {
  const cols = ways.reduce((sum, way) => sum + way.h.cols, 0);
  const made = matrix(ways[0].h.rows, cols);
  for (let t = 0; t < made.rows; t++) row(made, t).set(joined(ways.map((way) => row(way.h, t))));
  if (dropout) made.data.forEach((value, index) => (made.data[index] = value * dropout.data[index]));
  return made;
}
