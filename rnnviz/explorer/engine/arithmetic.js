/**
 * How one number of a run was computed: terms that add up, and the function of their sum.
 *
 * A reference names a number: `{part, layer, direction, step, unit}`, all counted from 0. Parts are
 * the names of gates, and
 *   x        an entry of the input, which opens no further
 *   h, c     the states; made is h before a projection
 *   share    W_n h_prev + b_n of a GRU
 *   score    o;  y  the prediction;  loss  L_t;  total  their sum
 *   gradient ∂L/∂ of what `of` names: h, c, made, a (the pre-activation of `gate`), share, score, x,
 *            or a parameter (weight_ih, weight_hh, bias_ih, bias_hh) with `row` and `col`; `loss` is
 *            the step of the loss, and without it the gradient is that of their sum
 */

import { ACTIVATIONS, parts } from "./cells.js";
import { isCounted, isOfClasses } from "./losses.js";
import { clampsAt, clampsOnGate, stepOf } from "./passes.js";

/** @typedef {import("./arrays.js").Matrix} Matrix */
/** @typedef {import("./gradients.js").Gradients} Gradients */
/** @typedef {import("./passes.js").Pass} Pass */
/** @typedef {import("./run.js").Run} Run */

/** Parameters whose gradients have an arithmetic. */
const PARAMETERS = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

/**
 * @typedef {object} Reference
 * @property {string} part
 * @property {number} [layer]
 * @property {number} [direction]
 * @property {number} [step]
 * @property {number} [unit]
 * @property {string} [of] of a gradient
 * @property {string} [gate] of the gradient of a pre-activation
 * @property {number} [loss]
 * @property {number} [row] of a parameter
 * @property {number} [col]
 */

/**
 * One term. `kind` says where it comes from: input, state, bias, share (of a GRU's n), gate,
 * projection, output, target, error, loss; of gradients also direct (through the output of the same
 * step), above (through the next layer), next (through the next step), kept (around the gates),
 * slope, use (of a parameter at a step). `index` is its column, unit or step. `of` leads on to the
 * value, and `weightOf` to the weight where it is a gate; `factors` multiply to the weight.
 * @typedef {object} Term
 * @property {string} kind
 * @property {number} index
 * @property {number} weight
 * @property {number} value
 * @property {number} product
 * @property {Reference} [of]
 * @property {Reference} [weightOf]
 * @property {boolean} [complement] whether the weight is 1 − the gate
 * @property {boolean} [squashed] whether the value is tanh of what `of` names
 * @property {import("./cells.js").Factor[]} [factors]
 */

/**
 * `function` is tanh, relu, sigmoid, identity, softmax (the term of `own` over the sum), "-log", or
 * held where a clamp gives the number.
 * @typedef {object} Arithmetic
 * @property {Reference} reference with every field that it needs
 * @property {Term[]} terms
 * @property {number} sum
 * @property {string} function
 * @property {number} result
 * @property {number} [own]
 */

/**
 * Return how a number was computed.
 * @param {Run} run
 * @param {Reference} given
 * @returns {Arithmetic}
 */
export function arithmetic(run, given) {
  const reference = { layer: 0, direction: 0, step: 0, unit: 0, ...given };
  check(run, reference);
  const made = explained(run, reference);
  const sum = made.terms.reduce((total, term) => total + term.product, 0);
  return { reference, sum, ...made };
}

/** @typedef {Reference & {layer: number, direction: number, step: number, unit: number}} Place */
/** @typedef {{terms: Term[], function: string, result: number, own?: number}} Explained */

/**
 * @param {Run} run
 * @param {Place} place
 * @returns {Explained}
 */
function explained(run, place) {
  const { part, layer, direction, step, unit } = place;
  if (part === "gradient") return ofGradient(run, place);
  if (part === "x") return { terms: [], function: "identity", result: run.sequence.x.data[step * run.sequence.x.cols + unit] };
  if (["score", "y", "loss", "total"].includes(part)) return ofOutput(run, place);
  const way = run.passes[layer][direction];
  const held = clampsAt(way, step, part).some((clamp) => (clamp.unit ?? unit) === unit);
  const found = way.cell.gates.includes(part) ? ofGate(run, place) : ofState(run, place);
  return held ? { ...found, function: "held" } : found;
}

/**
 * @param {number} weight
 * @param {number} value
 * @param {string} kind
 * @param {number} index
 * @param {Partial<Term>} [more]
 * @returns {Term}
 */
function term(kind, index, weight, value, more = {}) {
  return { kind, index, weight, value, product: weight * value, ...more };
}

/**
 * Return the terms of a row of a matrix times a vector.
 * @param {string} kind
 * @param {Matrix} a
 * @param {number} index
 * @param {Float64Array} x
 * @param {(column: number) => Reference|undefined} of
 */
function rowTerms(kind, a, index, x, of) {
  return Array.from(x, (value, column) => {
    const reference = of(column);
    return term(kind, column, a.data[index * a.cols + column], value, reference ? { of: reference } : {});
  });
}

/**
 * @param {Float64Array|null} bias
 * @param {number} index
 */
function biasTerm(bias, index) {
  return bias ? [term("bias", index, bias[index], 1)] : [];
}

/**
 * @param {Run} run
 * @param {Place} place
 * @returns {Explained}
 */
function ofGate(run, place) {
  const { part, layer, direction, step, unit } = place;
  const way = run.passes[layer][direction];
  const { cell } = way;
  const { weight_ih, bias_ih } = way.layer.parameters;
  const gate = cell.gates.indexOf(part);
  const at = gate * way.made.cols + unit;
  const read = stepOf(way, step);
  const entering = way.entering.data.subarray(step * way.entering.cols, (step + 1) * way.entering.cols);
  const terms = [
    ...rowTerms("input", weight_ih, at, entering, (column) => entered(run, layer, step, column)),
    ...biasTerm(bias_ih, at),
  ];
  if (cell.shared.includes(gate)) {
    const r = parts(read.gates, cell.gates.length)[0][unit];
    const [of, weightOf] = ["share", cell.gates[0]].map((name) => ({ ...place, part: name }));
    terms.push(term("share", unit, r, read.share[unit], { of, weightOf }));
  } else {
    terms.push(...stateTerms(run, place, at));
  }
  return {
    terms,
    function: cell.activations(way.layer.nonlinearity)[gate],
    result: cell.gated ? read.gates[at] : read.made[unit],
  };
}

/**
 * Return the terms of W h_prev + b'.
 * @param {Run} run
 * @param {Place} place
 * @param {number} at the row
 */
function stateTerms(run, { layer, direction, step }, at) {
  const way = run.passes[layer][direction];
  const { weight_hh, bias_hh } = way.layer.parameters;
  const before = previous(run, direction, step);
  return [
    ...rowTerms("state", weight_hh, at, stepOf(way, step).before, (column) =>
      before === null ? undefined : { part: "h", layer, direction, step: before, unit: column },
    ),
    ...biasTerm(bias_hh, at),
  ];
}

/**
 * @param {Run} run
 * @param {Place} place
 * @returns {Explained}
 */
function ofState(run, place) {
  const { part, layer, direction, step, unit } = place;
  const way = run.passes[layer][direction];
  const { weight_hr } = way.layer.parameters;
  const read = stepOf(way, step);
  if (part === "share") {
    const at = way.cell.shared[0] * way.made.cols + unit;
    return { terms: stateTerms(run, place, at), function: "identity", result: read.share[unit] };
  }
  const result = way[/** @type {"h"|"c"|"made"} */ (part)].data[step * way[/** @type {"h"|"c"|"made"} */ (part)].cols + unit];
  if (part === "h" && weight_hr) {
    const of = (/** @type {number} */ column) => ({ part: "made", layer, direction, step, unit: column });
    return { terms: rowTerms("projection", weight_hr, unit, read.made, of), function: "identity", result };
  }
  const before = previous(run, direction, step);
  const terms = way.cell.mixture(part, read, unit).map((mixed) => {
    const at = mixed.before ? before : step;
    return term("gate", unit, mixed.weight, mixed.value, {
      weightOf: { ...place, part: mixed.gate },
      ...(at === null ? {} : { of: { part: mixed.of, layer, direction, step: at, unit } }),
      ...(mixed.complement ? { complement: true } : {}),
      ...(mixed.squashed ? { squashed: true } : {}),
    });
  });
  return { terms, function: "identity", result };
}

/**
 * @param {Run} run
 * @param {Place} place
 * @returns {Explained}
 */
function ofOutput(run, { part, step, unit }) {
  const { network, sequence } = run;
  if (part === "total") {
    const terms = run.lossTimes.map((t) => term("loss", t, 1, run.loss[t], { of: { part: "loss", step: t } }));
    return { terms, function: "identity", result: run.total };
  }
  const [scores, y] = [run.scores[step], run.y[step]].map((values) => /** @type {Float64Array} */ (values));
  if (part === "score") {
    const { weight, bias } = /** @type {import("./network.js").Head} */ (network.head);
    const terms = [
      ...rowTerms("state", weight, unit, run.read(step), (column) => readByHead(run, step, column)),
      ...biasTerm(bias, unit),
    ];
    return { terms, function: "identity", result: scores[unit] };
  }
  if (part === "y") {
    const of = (/** @type {number} */ index) => ({ part: "score", step, unit: index });
    if (!isOfClasses(network.loss)) {
      return { terms: [term("output", unit, 1, scores[unit], { of: of(unit) })], function: "identity", result: y[unit] };
    }
    const top = scores.reduce((most, score) => Math.max(most, score), -Infinity);
    const terms = Array.from(scores, (score, index) => ({
      ...term("output", index, 1, score, { of: of(index) }),
      product: Math.exp(score - top),
    }));
    return { terms, function: "softmax", result: y[unit], own: unit };
  }
  const target = sequence.targets[step] ?? null;
  const result = run.loss[step];
  if (!isCounted(network.loss, target)) return { terms: [], function: "identity", result };
  const of = (/** @type {number} */ index) => ({ part: "y", step, unit: index });
  if (network.loss === "cross-entropy") {
    const index = /** @type {number} */ (target);
    return { terms: [term("target", index, 1, y[index], { of: of(index) })], function: "-log", result };
  }
  const terms = Array.from(y, (value, index) => {
    const error = errorOf(value, target, index);
    return term("error", index, 0.5 * error, error, { of: of(index) });
  });
  return { terms, function: "identity", result };
}

/**
 * @param {number} value
 * @param {import("./losses.js").Target} target
 * @param {number} index
 */
function errorOf(value, target, index) {
  const wanted = typeof target === "number" ? Number(target === index) : /** @type {Float64Array} */ (target)[index];
  return Number.isNaN(wanted) ? 0 : value - wanted;
}

/**
 * @param {Run} run
 * @param {Place} place
 * @returns {Explained}
 */
function ofGradient(run, place) {
  const { of, layer, direction, step, unit, loss } = place;
  const { gradients, row } = rowOf(run, loss);
  if (of === "score") return ofScore(run, gradients, row, step, unit);
  if (of === "x") {
    const terms = run.passes[0].flatMap((way, to) =>
      preactivationTerms(run, gradients, row, "input", { ...place, layer: 0, direction: to }, way.layer.parameters.weight_ih, "byInput", unit),
    );
    return { terms, function: "identity", result: gradients.x[row][step][unit] };
  }
  const way = run.passes[layer][direction];
  if (of && PARAMETERS.includes(of)) return ofParameter(run, gradients, row, place);
  const here = gradients.at(row, layer, direction, step);
  const isHeld = (/** @type {import("./network.js").Clamp[]} */ clamps) =>
    clamps.some((clamp) => (clamp.unit ?? unit) === unit);
  const gradientOf = (/** @type {string} */ name, at = step) =>
    ({ part: "gradient", of: name, layer, direction, step: at, unit, ...(loss === undefined ? {} : { loss }) });
  const after = previous(run, 1 - direction, step);
  const { weight_hr } = way.layer.parameters;
  if (of === "h") {
    return { terms: stateGradientTerms(run, gradients, row, place), function: "identity", result: here.h[unit] };
  }
  if (of === "made") {
    if (!weight_hr) {
      const terms = [term("projection", unit, isHeld(clampsAt(way, step, "h")) ? 0 : 1, here.h[unit], { of: gradientOf("h") })];
      return { terms, function: "identity", result: here.made[unit] };
    }
    const terms = Array.from(here.h, (value, index) => {
      const free = clampsAt(way, step, "h").every((clamp) => (clamp.unit ?? index) !== index);
      const weight = free ? weight_hr.data[index * weight_hr.cols + unit] : 0;
      return term("projection", index, weight, value, { of: { ...gradientOf("h"), unit: index } });
    });
    return { terms, function: "identity", result: here.made[unit] };
  }
  const derivatives = gradients.derivatives[layer][direction][step];
  if (of === "c" && derivatives.toCell) {
    const o = parts(stepOf(way, step).gates, way.cell.gates.length)[way.cell.sources.indexOf("made")][unit];
    const squashed = way.squashed.data[step * way.squashed.cols + unit];
    const terms = [
      term("output", unit, derivatives.toCell[unit], here.made[unit], {
        of: gradientOf("made"),
        factors: [
          { kind: "value", of: way.cell.gates[way.cell.sources.indexOf("made")], value: o },
          { kind: "slope", of: "tanh c", value: (1 - squashed) * (1 + squashed) },
        ],
      }),
    ];
    if (after !== null) {
      const { kept } = gradients.derivatives[layer][direction][after];
      const next = gradients.at(row, layer, direction, after).c[unit];
      terms.push(term("kept", unit, kept?.[unit] ?? 0, next, { of: gradientOf("c", after) }));
    }
    return { terms, function: "identity", result: here.c[unit] };
  }
  const gate = of === "share" ? way.cell.shared[0] : way.cell.gates.indexOf(place.gate ?? "");
  const at = gate * way.made.cols + unit;
  if (of === "share") {
    const r = parts(stepOf(way, step).gates, way.cell.gates.length)[0][unit];
    const terms = [
      term("gate", unit, r, here.byInput[at], {
        of: { ...gradientOf("a"), gate: way.cell.gates[gate] },
        weightOf: { part: way.cell.gates[0], layer, direction, step, unit },
      }),
    ];
    return { terms, function: "identity", result: here.byState[at] };
  }
  const source = way.cell.sources[gate];
  const weight = derivatives.byInput[at];
  const factors = isHeld(clampsOnGate(way, step, gate))
    ? []
    : way.cell.factors(gate, stepOf(way, step), unit, way.layer.nonlinearity);
  const terms = [
    term("slope", unit, weight, source === "c" ? here.c[unit] : here.made[unit], { of: gradientOf(source), factors }),
  ];
  return { terms, function: "identity", result: here.byInput[at] };
}

/**
 * Return the paths on which a gradient comes to h: through the output, the layer above, the next
 * step, and around the gates of the next step.
 * @param {Run} run
 * @param {Gradients} gradients
 * @param {number} row
 * @param {Place} place
 */
function stateGradientTerms(run, gradients, row, place) {
  const { layer, direction, step, unit, loss } = place;
  const { passes, network, sequence } = run;
  const way = passes[layer][direction];
  const offset = direction * way.h.cols + unit;
  /** @type {Term[]} */
  const terms = [];
  if (layer === passes.length - 1 && network.head) {
    const { weight } = network.head;
    for (const t of gradients.rows[row]) {
      if (run.readAt(t)[direction] !== step) continue;
      /** @type {Float64Array} */ (gradients.scores(row, t)).forEach((value, index) => {
        const of = { part: "gradient", of: "score", step: t, unit: index, ...(loss === undefined ? {} : { loss }) };
        terms.push(term("direct", index, weight.data[index * weight.cols + offset], value, { of }));
      });
    }
  }
  if (layer < passes.length - 1) {
    const factor = sequence.dropout?.[layer].data[step * way.h.cols * passes[layer].length + offset] ?? 1;
    passes[layer + 1].forEach((above, to) => {
      const there = { ...place, layer: layer + 1, direction: to };
      terms.push(
        ...preactivationTerms(run, gradients, row, "above", there, above.layer.parameters.weight_ih, "byInput", offset, factor),
      );
    });
  }
  const after = previous(run, 1 - direction, step);
  if (after !== null) {
    const next = { ...place, step: after };
    terms.push(...preactivationTerms(run, gradients, row, "next", next, way.layer.parameters.weight_hh, "byState", unit));
    const { kept, toCell } = gradients.derivatives[layer][direction][after];
    if (kept && !toCell) {
      const { made } = gradients.at(row, layer, direction, after);
      terms.push(term("kept", unit, kept[unit], made[unit], { of: { ...next, part: "gradient", of: "made" } }));
    }
  }
  return terms;
}

/**
 * Return the terms of a column of a weight times the gradients at the pre-activations of a step.
 * @param {Run} run
 * @param {Gradients} gradients
 * @param {number} row
 * @param {string} kind
 * @param {Place} place of the step
 * @param {Matrix} weight
 * @param {"byInput"|"byState"} by
 * @param {number} column
 * @param {number} factor
 */
function preactivationTerms(run, gradients, row, kind, place, weight, by, column, factor = 1) {
  const { layer, direction, step, loss } = place;
  const { cell, made } = run.passes[layer][direction];
  const values = gradients.at(row, layer, direction, step)[by];
  return Array.from(values, (value, index) => {
    const gate = Math.floor(index / made.cols);
    const shared = by === "byState" && cell.shared.includes(gate);
    const of = {
      part: "gradient",
      layer,
      direction,
      step,
      unit: index % made.cols,
      ...(shared ? { of: "share" } : { of: "a", gate: cell.gates[gate] }),
      ...(loss === undefined ? {} : { loss }),
    };
    return term(kind, index, factor * weight.data[index * weight.cols + column], value, { of });
  });
}

/**
 * @param {Run} run
 * @param {Gradients} gradients
 * @param {number} row
 * @param {number} step
 * @param {number} unit
 * @returns {Explained}
 */
function ofScore(run, gradients, row, step, unit) {
  const target = run.sequence.targets[step] ?? null;
  const result = /** @type {Float64Array} */ (gradients.scores(row, step))[unit];
  if (!gradients.rows[row].includes(step) || !isCounted(run.network.loss, target)) {
    return { terms: [], function: "identity", result };
  }
  const y = /** @type {Float64Array} */ (run.y[step]);
  const of = { part: "y", step, unit };
  if (run.network.loss === "squared-on-softmax") {
    const along = y.reduce((sum, value, index) => sum + value * errorOf(value, target, index), 0);
    const terms = [
      term("error", unit, y[unit], errorOf(y[unit], target, unit), { weightOf: of, of }),
      term("error", unit, -y[unit], along, { weightOf: of }),
    ];
    return { terms, function: "identity", result };
  }
  const wanted = typeof target === "number" ? Number(target === unit) : /** @type {Float64Array} */ (target)[unit];
  const terms = Number.isNaN(wanted)
    ? []
    : [term("output", unit, 1, y[unit], { of }), term("target", unit, -1, wanted)];
  return { terms, function: "identity", result };
}

/**
 * Return the uses of one number of a parameter, one a step.
 * @param {Run} run
 * @param {Gradients} gradients
 * @param {number} row
 * @param {Place} place
 * @returns {Explained}
 */
function ofParameter(run, gradients, row, place) {
  const { of: name, layer, direction, loss, row: index = 0, col = 0 } = place;
  const way = run.passes[layer][direction];
  const by = name === "weight_ih" || name === "bias_ih" ? "byInput" : "byState";
  const terms = Array.from({ length: run.steps }, (_, step) => {
    const gate = Math.floor(index / way.made.cols);
    const shared = by === "byState" && way.cell.shared.includes(gate);
    const read = {
      weight_ih: way.entering.data[step * way.entering.cols + col],
      weight_hh: stepOf(way, step).before[col],
    }[name ?? ""] ?? 1;
    const weight = gradients.at(row, layer, direction, step)[by][index];
    return term("use", step, weight, read, {
      weightOf: {
        part: "gradient",
        layer,
        direction,
        step,
        unit: index % way.made.cols,
        ...(shared ? { of: "share" } : { of: "a", gate: way.cell.gates[gate] }),
        ...(loss === undefined ? {} : { loss }),
      },
    });
  });
  return { terms, function: "identity", result: terms.reduce((sum, each) => sum + each.product, 0) };
}

/**
 * Return the gradients of a loss, or of all, and its row there.
 * @param {Run} run
 * @param {number|undefined} loss
 */
function rowOf(run, loss) {
  if (loss === undefined) return { gradients: run.gradientsOfTotal(), row: 0 };
  const gradients = run.gradients();
  const row = gradients.times.indexOf(loss);
  if (row < 0) throw new RangeError(`there is no loss at step ${loss}, counted from 0`);
  return { gradients, row };
}

/**
 * Return the step before, in a direction; null if there is none.
 * @param {Run} run
 * @param {number} direction
 * @param {number} step
 */
function previous(run, direction, step) {
  const before = direction === 0 ? step - 1 : step + 1;
  return before < 0 || before >= run.steps ? null : before;
}

/**
 * @param {Run} run
 * @param {number} layer
 * @param {number} step
 * @param {number} column
 * @returns {Reference|undefined}
 */
function entered(run, layer, step, column) {
  if (layer === 0) return { part: "x", step, unit: column };
  if (run.sequence.dropout) return undefined;
  const { cols } = run.passes[layer - 1][0].h;
  return { part: "h", layer: layer - 1, direction: Math.floor(column / cols), step, unit: column % cols };
}

/**
 * @param {Run} run
 * @param {number} step
 * @param {number} column
 * @returns {Reference}
 */
function readByHead(run, step, column) {
  const layer = run.passes.length - 1;
  const { cols } = run.passes[layer][0].h;
  const direction = Math.floor(column / cols);
  return { part: "h", layer, direction, step: run.readAt(step)[direction], unit: column % cols };
}

/**
 * @param {Run} run
 * @param {Place} place
 */
function check(run, { part, of, layer, direction, step, unit, gate, row = 0, col = 0 }) {
  const way = run.passes[layer]?.[direction];
  if (!way) throw new RangeError(`there is no layer ${layer} with direction ${direction}, counted from 0`);
  if (step < 0 || step >= run.steps) throw new RangeError(`there is no step ${step}; there are ${run.steps}, from 0`);
  const name = part === "gradient" ? (of ?? "") : part;
  /** @type {Record<string, number|undefined>} */
  const sizes = {
    x: run.sequence.x.cols,
    h: way.h.cols,
    c: way.c.cols,
    made: way.made.cols,
    share: way.share.cols,
    score: run.scores[step]?.length,
    ...(part === "gradient"
      ? { a: way.cell.gates.includes(gate ?? "") ? way.made.cols : 0 }
      : { y: run.y[step]?.length, loss: run.scores[step] ? 1 : 0, total: 1 }),
  };
  if (part === "gradient" && PARAMETERS.includes(name)) {
    const held = way.layer.parameters[/** @type {"weight_ih"} */ (name)];
    const rows = held instanceof Float64Array ? held.length : held?.rows;
    if (!held || !(row >= 0 && row < rows && col >= 0 && col < (held.cols ?? 1))) {
      throw new RangeError(`there is no entry (${row}, ${col}) of '${name}' in layer ${layer}`);
    }
    return;
  }
  const isGate = part !== "gradient" && way.cell.gates.includes(name);
  const size = sizes[name] ?? (isGate ? way.made.cols : 0);
  if (!(unit >= 0 && unit < size)) {
    throw new RangeError(`there is no unit ${unit} of '${name}' at step ${step}; there are ${size}`);
  }
}

/**
 * Return the function of a sum, to check an explanation with.
 * @param {Arithmetic} made
 */
export function applied({ function: name, sum, terms, result, own }) {
  if (name === "held") return result;
  if (name === "-log") return -Math.log(sum);
  if (name === "softmax") return (terms.find((each) => each.index === own)?.product ?? 0) / sum;
  return name === "identity" ? sum : ACTIVATIONS[/** @type {"tanh"} */ (name)](sum);
}
