/**
 * The numbers that the views draw, of one sequence in one layer and direction.
 *
 * They come from the recording, or from a run of the network in the page; both have the same form.
 */

/**
 * @typedef {object} Numbers
 * @property {number[]} steps the steps shown, from 0; all of them unless the sequence is long
 * @property {(k: number) => Float64Array} h
 * @property {((k: number) => Float64Array)|null} c
 * @property {string[]} gateNames
 * @property {(k: number, gate: string) => Float64Array} gate
 * @property {(k: number) => Float64Array|null} y
 * @property {(k: number) => number|Float64Array|null} target
 * @property {(k: number) => number} loss NaN without one
 * @property {number[]} times the steps whose losses are followed back
 * @property {(t: number, k: number) => number} norm ‖∂L_t/∂h_k‖, NaN where the loss is not reached from k
 * @property {() => void} prepare the norms of all losses at once, for a view that reads them
 * @property {(k: number) => number|null} share of ∂L/∂W
 */

/**
 * An array as the page's content has it: little-endian float64 in base64.
 * @param {{shape: number[], data: string}} packed
 */
export function unpacked({ shape, data }) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return { shape, values: new Float64Array(bytes.buffer) };
}

/**
 * The numbers of the recording.
 * @param {any} place one sequence, layer and direction of the page's content
 * @returns {Numbers}
 */
export function recordedNumbers(place) {
  const { steps, times, gateNames } = place;
  const at = new Map(steps.map((/** @type {number} */ k, /** @type {number} */ index) => [k, index]));
  const row = new Map(times.map((/** @type {number} */ t, /** @type {number} */ index) => [t, index]));
  const [h, c, gates, y, yIndex, targets, losses, norms, shares] = ["h", "c", "gates", "y", "yIndex", "targets", "losses", "norms", "shares"].map(
    (name) => (place[name] ? unpacked(place[name]) : null),
  );
  /**
   * @param {ReturnType<typeof unpacked>|null} array
   * @param {number} k
   */
  const rowOf = (array, k) => {
    const [width, index] = [array?.shape[1] ?? 0, at.get(k) ?? 0];
    return array?.values.subarray(index * width, (index + 1) * width) ?? new Float64Array();
  };
  /** @param {Float64Array} values */
  const orNull = (values) => (values.length === 0 || Number.isNaN(values[0]) ? null : values);
  return {
    steps,
    h: (k) => rowOf(h, k),
    c: c && ((k) => rowOf(c, k)),
    gateNames,
    gate: (k, name) => {
      const all = rowOf(gates, k);
      const width = all.length / gateNames.length;
      const first = gateNames.indexOf(name) * width;
      return all.subarray(first, first + width);
    },
    y: (k) => {
      const found = orNull(rowOf(y, k));
      if (!yIndex || !found) return found;
      const whole = new Float64Array(place.ySize);
      rowOf(yIndex, k).forEach((index, rank) => (whole[index] = found[rank]));
      return whole;
    },
    target: (k) => {
      const found = orNull(rowOf(targets, k));
      return found && place.ofClasses ? found[0] : found;
    },
    loss: (k) => losses?.values[at.get(k) ?? 0] ?? NaN,
    times,
    norm: (t, k) => (row.has(t) && at.has(k) ? (norms?.values[row.get(t) * steps.length + at.get(k)] ?? NaN) : NaN),
    prepare: () => {},
    share: (k) => shares?.values[at.get(k) ?? 0] ?? null,
  };
}

/**
 * The numbers of a run of the network in the page; gradients are computed when they are first read.
 * @param {any} run
 * @param {number} layer
 * @param {number} direction
 * @returns {Numbers}
 */
export function liveNumbers(run, layer, direction) {
  const steps = Array.from({ length: run.steps }, (_, k) => k);
  const row = new Map(run.lossTimes.map((/** @type {number} */ t, /** @type {number} */ index) => [t, index]));
  /** @type {any} */
  let norms;
  /** The norms of one loss, by its step. @type {Map<number, any>} */
  const single = new Map();
  /** @type {any} */
  let shares;
  const reached = reachOf(run, layer, direction);
  return {
    steps,
    h: (k) => run.h[layer][direction][k],
    c: run.c && ((k) => run.c[layer][direction][k]),
    gateNames: run.network.cell.gated ? run.network.cell.gates : [],
    gate: (k, name) => run.gates[layer][direction][k][name],
    y: (k) => run.y[k],
    target: (k) => run.sequence.targets[k] ?? null,
    loss: (k) => run.loss[k],
    times: run.lossTimes,
    norm: (t, k) => {
      if (!reached(t, k)) return NaN;
      if (norms) return entry(norms, /** @type {number} */ (row.get(t)), k);
      if (!single.has(t)) single.set(t, run.gradients({ times: [t] }).norms(layer, direction));
      return entry(single.get(t), 0, k);
    },
    prepare: () => {
      norms ??= run.gradients().norms(layer, direction);
    },
    share: (k) => {
      shares ??= run.weightShares(layer, direction);
      return shares.some((/** @type {number} */ share) => share !== 0) ? shares[k] : null;
    },
  };
}

/**
 * @param {any} table a matrix, or an array of rows
 * @param {number} row
 * @param {number} col
 */
function entry(table, row, col) {
  return table.data ? table.data[row * table.cols + col] : table[row][col];
}

/**
 * Return whether a state can act on a loss: in the top layer those before it in the direction, in
 * the layers below a bidirectional one all.
 * @param {any} run
 * @param {number} layer
 * @param {number} direction
 * @returns {(t: number, k: number) => boolean}
 */
function reachOf(run, layer, direction) {
  if (run.network.directions > 1 && layer < run.h.length - 1) return () => true;
  return (t, k) => {
    const place = run.readAt(t)[direction];
    return direction === 0 ? k <= place : k >= place;
  };
}
