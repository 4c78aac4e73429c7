/** What rnnviz.explorer.network_data wrote, as a network, sequences and a recording. */

import { row, rowsOf, unpacked, unpackedMatrix } from "./arrays.js";
import { Network } from "./network.js";

/** @typedef {import("./arrays.js").Packed} Packed */
/** @typedef {import("./compare.js").Recorded} Recorded */
/** @typedef {import("./compare.js").RecordedSequence} RecordedSequence */
/** @typedef {import("./network.js").Sequence} Sequence */

/**
 * `network` is null where the cell's equations are not known here. `why` is one line that names
 * what cannot be recomputed, empty if everything can.
 * @typedef {object} Decoded
 * @property {Network|null} network
 * @property {Sequence[]} sequences
 * @property {Recorded} recorded
 * @property {boolean} live whether the states can be recomputed
 * @property {string} why
 */

/**
 * Return the network, the sequences and the recording in the content of a page.
 * @param {any} content
 * @returns {Decoded}
 */
export function decode(content) {
  const { network, sequences, recorded, live, why } = content;
  return {
    network: network && networkOf(network),
    sequences: sequences.map(sequenceOf),
    recorded: {
      dtype: recorded.dtype,
      tolerance: recorded.tolerance,
      sequences: recorded.sequences.map((/** @type {any} */ each) => each && recordedOf(each)),
      parameterGradients: recorded.parameterGradients && mapped(recorded.parameterGradients, unpacked),
    },
    live,
    why,
  };
}

/** @param {any} held */
function networkOf({ layers, head, loss, names }) {
  return new Network({
    layers: layers.map((/** @type {any[]} */ ways) =>
      ways.map(({ cell, nonlinearity, parameters }) => ({
        cell,
        nonlinearity,
        parameters: {
          weight_ih: unpackedMatrix(parameters.weight_ih),
          weight_hh: unpackedMatrix(parameters.weight_hh),
          bias_ih: parameters.bias_ih && unpacked(parameters.bias_ih),
          bias_hh: parameters.bias_hh && unpacked(parameters.bias_hh),
          weight_hr: parameters.weight_hr && unpackedMatrix(parameters.weight_hr),
        },
      })),
    ),
    head: head && {
      weight: unpackedMatrix(head.weight),
      bias: head.bias && unpacked(head.bias),
      reads: head.reads,
      fixed: head.fixed,
    },
    loss,
    names,
  });
}

/**
 * @param {any} held
 * @param {number} index
 * @returns {Sequence}
 */
function sequenceOf(held, index) {
  const { x, targets, h0, c0, dropout, ...others } = held;
  return {
    ...others,
    index,
    x: unpackedMatrix(x),
    targets: targetsOf(targets),
    h0: h0 ? h0.map(unpackedRows) : undefined,
    c0: c0 ? c0.map(unpackedRows) : undefined,
    dropout: dropout ? dropout.map(unpackedMatrix) : undefined,
  };
}

/**
 * Classes are a list of numbers and null; values are a matrix with a row a step, in which NaN is no
 * target.
 * @param {(number|null)[]|Packed} held
 * @returns {import("./losses.js").Target[]}
 */
function targetsOf(held) {
  if (Array.isArray(held)) return held;
  return rowsOf(unpackedMatrix(held)).map((values) => (values.every(Number.isNaN) ? null : values));
}

/**
 * @param {any} held
 * @returns {RecordedSequence}
 */
function recordedOf({ h, c, gates, output, y, loss, gradients }) {
  return {
    h: h.map(unpackedRows),
    c: c && c.map(unpackedRows),
    gates: gates && gates.map(unpackedRows),
    output: output && unpacked(output),
    y: y && unpacked(y),
    loss: loss && unpacked(loss),
    gradients: gradients && {
      times: gradients.times,
      h: byRow(gradients.h.map((/** @type {Packed[]} */ ways) => ways.map(unpackedRows))),
      x: unpackedRows(gradients.x),
    },
  };
}

/**
 * Return an array of rows of a packed array, all further axes in one.
 * @param {Packed} packed
 */
function unpackedRows(packed) {
  const whole = unpackedMatrix(packed);
  return Array.from({ length: whole.rows }, (_, index) => row(whole, index));
}

/**
 * (layer, direction, row) → (row, layer, direction).
 * @param {Float64Array[][][]} tables
 */
function byRow(tables) {
  return tables[0][0].map((_, index) => tables.map((ways) => ways.map((rows) => rows[index])));
}

/**
 * @param {Record<string, Packed>} held
 * @param {(packed: Packed) => Float64Array} change
 */
function mapped(held, change) {
  return Object.fromEntries(Object.entries(held).map(([name, packed]) => [name, change(packed)]));
}
