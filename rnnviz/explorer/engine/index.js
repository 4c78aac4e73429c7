/**
 * Recurrent networks in the browser, in float64: runs, gradients of every loss, what a number is
 * made of, and how far all of it is from a recording.
 *
 * Steps, units, layers and losses are counted from 0. Nothing here touches a page.
 * `docs/engine.md` describes how to use it.
 */

export { applied } from "./arithmetic.js";
export { matrix, matrixOf, norm, row, rowsOf } from "./arrays.js";
export { CELLS } from "./cells.js";
export { compare } from "./compare.js";
export { decode } from "./decode.js";
export { LOSSES } from "./losses.js";
export { Network, parameterName } from "./network.js";
export { lossAndGradients, optimizer } from "./optimizers.js";
export { eigenvalues, principalPlane, singularValues } from "./spectra.js";
