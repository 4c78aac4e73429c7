/**
 * What follows the states: scores, predictions, and the loss with its gradient at the scores.
 *
 * A target is the index of a class, or a vector of values in which NaN is no target; null is none.
 */

/** @typedef {number|Float64Array|null} Target */

/** The losses that can be computed here. */
export const LOSSES = ["cross-entropy", "squared", "squared-on-softmax"];

/**
 * Whether a loss compares classes, so that predictions are probabilities.
 * @param {string|null} loss
 */
export function isOfClasses(loss) {
  return loss === "cross-entropy" || loss === "squared-on-softmax";
}

/**
 * Return y: the softmax of the scores for a loss of classes, otherwise the scores.
 * @param {string|null} loss
 * @param {Float64Array} scores
 */
export function prediction(loss, scores) {
  if (!isOfClasses(loss)) return scores.slice();
  const top = largest(scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/**
 * Return L_t, NaN without a target.
 * @param {string|null} loss
 * @param {Float64Array} scores
 * @param {Float64Array} y
 * @param {Target} target
 */
export function lossOf(loss, scores, y, target) {
  if (!isCounted(loss, target)) return NaN;
  if (loss === "cross-entropy") {
    const top = largest(scores);
    const total = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
    return top + Math.log(total) - scores[/** @type {number} */ (target)];
  }
  return errors(y, target).reduce((sum, error) => sum + 0.5 * error * error, 0);
}

/**
 * Return ∂L_t/∂o, zero without a target.
 * @param {string|null} loss
 * @param {Float64Array} y
 * @param {Target} target
 */
export function lossByScores(loss, y, target) {
  if (!isCounted(loss, target)) return new Float64Array(y.length);
  const found = errors(y, target);
  if (loss !== "squared-on-softmax") return found;
  const along = found.reduce((sum, error, index) => sum + error * y[index], 0);
  return found.map((error, index) => y[index] * (error - along));
}

/**
 * Whether there is a loss, for a target of a loss known here.
 * @param {string|null} loss
 * @param {Target} target
 */
export function isCounted(loss, target) {
  if (loss === null || !LOSSES.includes(loss) || target === null || target === undefined) return false;
  return typeof target === "number" || target.some((value) => !Number.isNaN(value));
}

/**
 * y − target, where a class is 1 at its place; 0 where there is no target.
 * @param {Float64Array} y
 * @param {Target} target
 */
function errors(y, target) {
  if (typeof target === "number") return y.map((value, index) => value - (index === target ? 1 : 0));
  return y.map((value, index) => {
    const wanted = /** @type {Float64Array} */ (target)[index];
    return Number.isNaN(wanted) ? 0 : value - wanted;
  });
}

/** @param {Float64Array} values */
function largest(values) {
  return values.reduce((top, value) => (value > top ? value : top), -Infinity);
}
