/** Derivatives of one state by the one before it. */

import { matrix, row } from "./arrays.js";
import { clampsAt, derivativesOf } from "./passes.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {import("./passes.js").Pass} Pass */

/**
 * Return ∂h_t/∂h_prev within a layer (hidden × hidden), with c_prev of an LSTM held fixed.
 * @param {Pass} pass
 * @param {number} t
 * @returns {Matrix}
 */
export function stepJacobian(pass, t) {
  const { weight_hh, weight_hr } = pass.layer.parameters;
  const { byState, kept, toCell } = derivativesOf(pass, t);
  const size = pass.made.cols;
  const made = matrix(size, weight_hh.cols);
  pass.cell.sources.forEach((source, gate) => {
    for (let unit = 0; unit < size; unit++) {
      const factor = byState[gate * size + unit] * (source === "c" && toCell ? toCell[unit] : 1);
      const weights = row(weight_hh, gate * size + unit);
      const into = row(made, unit);
      for (let j = 0; j < into.length; j++) into[j] += factor * weights[j];
    }
  });
  if (kept && !toCell) kept.forEach((factor, unit) => (made.data[unit * made.cols + unit] += factor));
  const found = weight_hr ? product(weight_hr, made) : made;
  for (const clamp of clampsAt(pass, t, "h")) {
    if (clamp.unit === undefined) found.data.fill(0);
    else row(found, clamp.unit).fill(0);
  }
  return found;
}

/**
 * @param {Matrix} a
 * @param {Matrix} b
 */
function product(a, b) {
  const made = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    const into = row(made, i);
    for (let k = 0; k < a.cols; k++) {
      const factor = a.data[i * a.cols + k];
      const other = row(b, k);
      for (let j = 0; j < into.length; j++) into[j] += factor * other[j];
    }
  }
  return made;
}
