/** How far a run is from what was recorded. */

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./run.js").Run} Run */

/**
 * What was recorded of one sequence. Arrays are row by row, by layer and direction where states
 * are: h (step × hidden). `output` and `y` have a row for each output, the last being that of the
 * last step; loss is NaN where there is none. `times` are the steps of the rows of gradients.
 * @typedef {object} RecordedSequence
 * @property {Float64Array[][]} h
 * @property {Float64Array[][]|null} c
 * @property {Float64Array[][]} gates
 * @property {Float64Array|null} output
 * @property {Float64Array|null} y
 * @property {Float64Array|null} loss
 * @property {{times: number[], h: Float64Array[][][], x: Float64Array[]}|null} gradients
 */

/**
 * The recording. `parameterGradients`, by the names of `network.parameters()`, are those of the
 * sum over all sequences. `tolerance` is the largest difference to expect of its precision.
 * @typedef {object} Recorded
 * @property {(RecordedSequence|null)[]} sequences
 * @property {Record<string, Float64Array>|null} parameterGradients
 * @property {string} dtype
 * @property {number} tolerance
 */

/**
 * The largest relative difference, the field that has it, and that of each field in the order in
 * which they are computed. Fields have the names of a trace: h, c, gates, output, y, loss,
 * grad_h_by_loss, grad_x_by_loss, and gradients/NAME.
 * @typedef {{worst: number, field: string|null, byField: Record<string, number>}} Comparison
 */

/**
 * Compare runs of recorded sequences with the recording. The gradients of parameters are compared
 * if the runs are of all recorded sequences. Differences are relative to the largest magnitude of
 * the field; a number on one side only is an infinite difference.
 * @param {Run|Run[]} given
 * @param {Recorded} recorded
 * @returns {Comparison}
 */
export function compare(given, recorded) {
  const runs = Array.isArray(given) ? given : [given];
  /** @type {Record<string, [ArrayLike<number>, ArrayLike<number>][]>} */
  const fields = {};
  const add = (/** @type {string} */ name, /** @type {ArrayLike<number>} */ got, /** @type {ArrayLike<number>} */ wanted) =>
    (fields[name] ??= []).push([got, wanted]);
  for (const run of runs) {
    const known = recorded.sequences[run.sequence.index ?? 0];
    if (known) compareRun(run, known, add);
  }
  const complete = runs.length === recorded.sequences.length && recorded.sequences.every((each) => each !== null);
  if (complete && recorded.parameterGradients && runs[0].network.head && runs[0].network.loss) {
    const sums = summed(runs.map((run) => run.parameterGradients()));
    for (const [name, wanted] of Object.entries(recorded.parameterGradients)) {
      add(`gradients/${name}`, sums[name] ?? [], wanted);
    }
  }
  const byField = Object.fromEntries(Object.entries(fields).map(([name, pairs]) => [name, difference(pairs)]));
  let [worst, field] = [0, /** @type {string|null} */ (null)];
  for (const [name, found] of Object.entries(byField)) {
    if (field === null || found > worst) [worst, field] = [found, name];
  }
  return { worst, field, byField };
}

/**
 * @param {Run} run
 * @param {RecordedSequence} known
 * @param {(name: string, got: ArrayLike<number>, wanted: ArrayLike<number>) => void} add
 */
function compareRun(run, known, add) {
  const { network } = run;
  run.passes.forEach((ways, layer) =>
    ways.forEach((way, direction) => {
      add("h", way.h.data, known.h[layer][direction]);
      if (known.c) add("c", way.c.data, known.c[layer][direction]);
      if (way.cell.gated) add("gates", way.gates.data, known.gates[layer][direction]);
    }),
  );
  if (!network.head) return;
  const flat = (/** @type {(Float64Array|null)[]} */ values) => values.flatMap((each) => (each ? [...each] : []));
  if (known.output) add("output", flat(run.scores), known.output);
  if (!network.loss) return;
  if (known.y) add("y", flat(run.y), known.y);
  if (known.loss) add("loss", run.loss, known.loss);
  if (!known.gradients) return;
  const { times, h, x } = known.gradients;
  const gradients = run.gradients({ times });
  times.forEach((_, row) => {
    gradients.tables.forEach((ways, layer) =>
      ways.forEach((table, direction) => {
        const size = run.steps * run.passes[layer][direction].h.cols;
        add("grad_h_by_loss", table.h.subarray(row * size, (row + 1) * size), h[row][layer][direction]);
      }),
    );
    add("grad_x_by_loss", flat(gradients.x[row]), x[row]);
  });
}

/**
 * Return the largest difference relative to the largest magnitude.
 * @param {[ArrayLike<number>, ArrayLike<number>][]} pairs
 */
function difference(pairs) {
  let [largest, apart] = [0, 0];
  for (const [got, wanted] of pairs) {
    if (got.length !== wanted.length) return Infinity;
    for (let i = 0; i < wanted.length; i++) {
      if (Number.isNaN(got[i]) && Number.isNaN(wanted[i])) continue;
      const distance = Math.abs(got[i] - wanted[i]);
      if (!(distance <= apart)) apart = Number.isNaN(distance) ? Infinity : distance;
      largest = Math.max(largest, Math.abs(wanted[i]) || 0);
    }
  }
  return apart === 0 ? 0 : apart / (largest || 1);
}

/** @param {Record<string, Float64Array>[]} each */
function summed(each) {
  const found = Object.fromEntries(Object.entries(each[0]).map(([name, values]) => [name, values.slice()]));
  for (const more of each.slice(1)) {
    for (const [name, values] of Object.entries(more)) values.forEach((value, i) => (found[name][i] += value));
  }
  return found;
}
