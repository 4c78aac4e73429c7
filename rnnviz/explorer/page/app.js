/** What the page shows: the recording, the network that runs in the page, and what is chosen and changed. */

import { decode, eigenvalues, optimizer, principalPlane, singularValues } from "../engine/index.js";
import { liveNumbers, recordedNumbers } from "./numbers.js";
import { phrase } from "./symbols.js";

/** @typedef {import("./numbers.js").Numbers} Numbers */

/**
 * A step of the sequence as it is shown; `origin` is the recorded step, null of an inserted one.
 * @typedef {{origin: number|null, x: number[], word: string, target: number|number[]|null}} Step
 */

/**
 * What is changed. `training` is what the page has trained: it is repeated from the recorded
 * weights when an address is opened.
 * @typedef {object} Edits
 * @property {number} W
 * @property {number} U
 * @property {{layer: number, direction: number, name: string, row: number, col: number, value: number}[]} entries
 * @property {"tanh"|"relu"|null} nonlinearity
 * @property {{layer: number, direction: number, step: number, unit: number, part: string, value: number}[]} clamps
 * @property {Step[]|null} steps
 * @property {{name: "sgd"|"adam", rate: number, clip: number|null, count: number}} training
 */

/** @returns {Edits} */
export function noEdits() {
  return { W: 1, U: 1, entries: [], nonlinearity: null, clamps: [], steps: null, training: { name: "sgd", rate: 0.1, clip: 1, count: 0 } };
}

export class App {
  /** @param {any} content */
  constructor(content) {
    this.content = content;
    this.state = { language: content.language, theme: 0, log: false, part: "h", unit: 0, step: 0, loss: 0, ...content.start, edits: noEdits() };
    /** What is brought into sight, as a selector. @type {string|null} */
    this.focus = null;
    this.openOn(content.scene);
    /** @type {number|null} */
    this.previewed = null;
    this.decoded = content.engine ? decode(content.engine) : null;
    this.live = this.decoded !== null && this.decoded.live && this.decoded.why === "";
    /** @type {any} */
    this.run = null;
    /** The course of training in the page. @type {{loss: number, norm: number}[]} */
    this.course = [];
    /** @type {Map<string, any>} */
    this.kept = new Map();
    /** @type {((what: string) => void)[]} */
    this.listeners = [];
    /** @type {any} */
    this.trained = null;
    this.recompute(true);
    /** The recording beside this one. @type {Numbers|null} */
    this.other = content.other ? recordedNumbers(content.other.place) : null;
  }

  /**
   * Choose and change what a scene shows; of an unknown scene, nothing.
   * @param {string|null} scene
   */
  openOn(scene) {
    const shown = this.content.openings[scene ?? ""];
    if (!shown) return;
    this.focus = shown.focus;
    this.state = { ...this.state, ...shown.chosen, edits: { ...noEdits(), ...shown.edits } };
  }

  /** This page as the recording beside it sees it: its numbers and words, none of the changes. @returns {App} */
  beside() {
    const { content } = this;
    const app = this;
    return Object.create(this, {
      now: { value: this.other },
      run: { value: null },
      isEdited: { value: false },
      elsewhere: { value: this.now },
      choose: { value: (/** @type {any} */ place) => app.choose(place) },
      state: { get: () => ({ ...app.state, part: "h", unit: -1 }) },
      word: { value: (/** @type {number} */ k) => content.other.words[k] ?? String(k + 1) },
    });
  }

  /** The recording drawn beside, with which widths are to be compared. @returns {Numbers|null} */
  get elsewhere() {
    return this.other;
  }

  /** @param {(what: string) => void} listener told "all" or "loss" */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** @param {string} what */
  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  /**
   * Choose something.
   * @param {Partial<App["state"]>} changes
   */
  set(changes) {
    const before = this.state;
    this.state = { ...before, ...changes };
    const moved = ["sequence", "layer", "direction"].some((name) => /** @type {any} */ (before)[name] !== /** @type {any} */ (this.state)[name]);
    if (before.sequence !== this.state.sequence) this.state.edits = { ...this.state.edits, steps: null, clamps: [] };
    if (moved || changes.edits || before.edits !== this.state.edits) this.recompute(moved);
    this.previewed = null;
    this.tell(Object.keys(changes).every((name) => name === "loss") ? "loss" : "all");
  }

  /**
   * Change something of the network or of the sequence.
   * @param {Partial<Edits>} changes
   */
  edit(changes) {
    this.set({ edits: { ...this.state.edits, ...changes } });
  }

  /** Undo every change. */
  reset() {
    this.trained = null;
    this.course = [];
    this.set({ edits: noEdits() });
  }

  /**
   * Choose a cell.
   * @param {{step?: number, unit?: number}} place
   */
  choose(place) {
    this.set({ ...place });
    this.tell("cell");
  }

  /** @param {number|null} loss shown while the pointer is on it */
  preview(loss) {
    if (loss === this.previewed || (loss !== null && !this.now.times.includes(loss))) return;
    this.previewed = loss;
    this.tell("loss");
  }

  /** The step of the loss that is shown. */
  get shown() {
    return this.previewed ?? this.state.loss;
  }

  get palette() {
    return this.content.palettes[this.state.theme];
  }

  get isEdited() {
    const { W, U, entries, nonlinearity, clamps, steps, training } = this.state.edits;
    return W !== 1 || U !== 1 || entries.length > 0 || nonlinearity !== null || clamps.length > 0 || steps !== null || training.count > 0;
  }

  /** @param {number} sequence @param {number} layer @param {number} direction */
  placeOf(sequence, layer, direction) {
    return this.content.places.find((/** @type {any} */ place) => place.sequence === sequence && place.layer === layer && place.direction === direction);
  }

  /** The sequence as recorded, in the form of the engine. */
  get sequence() {
    const index = this.content.sequences.indexOf(this.state.sequence);
    return /** @type {any} */ (this.decoded).sequences[index];
  }

  /** The recorded steps of the sequence. @returns {Step[]} */
  recordedSteps() {
    const { x, targets } = this.sequence;
    const words = this.content.words[this.content.sequences.indexOf(this.state.sequence)];
    return Array.from({ length: x.rows }, (_, k) => ({
      origin: k, x: [...x.data.subarray(k * x.cols, (k + 1) * x.cols)], word: words[k],
      target: targets[k] instanceof Float64Array ? [...targets[k]] : targets[k],
    }));
  }

  /** The steps as they are shown now. */
  get steps() {
    return this.state.edits.steps ?? this.recordedSteps();
  }

  /** @param {boolean} moved to another sequence, layer or direction */
  recompute(moved) {
    const { sequence, layer, direction, edits } = this.state;
    if (moved || !this.recorded) {
      this.recorded = recordedNumbers(this.placeOf(sequence, layer, direction));
      this.planeOf = principalPlane(this.recorded.steps.map((k) => this.recorded.h(k)));
      const gates = ["h", ...(this.recorded.c ? ["c"] : []), ...this.recorded.gateNames];
      if (!gates.includes(this.state.part)) this.state.part = "h";
    }
    this.kept.clear();
    if (this.live) {
      const { network } = /** @type {any} */ (this.decoded);
      const base = this.#trained(network);
      this.network = base.edited({
        scale: { W: edits.W, U: edits.U }, entries: edits.entries, clamps: edits.clamps,
        ...(edits.nonlinearity ? { nonlinearity: edits.nonlinearity } : {}),
      });
      this.run = this.network.run(this.#sequenceNow());
      this.now = liveNumbers(this.run, layer, direction);
    } else {
      this.now = this.recorded;
    }
    const { steps, times } = this.now;
    if (!steps.includes(this.state.step)) this.state.step = steps[steps.length - 1];
    if (!times.includes(this.state.loss)) this.state.loss = times[times.length - 1] ?? steps[steps.length - 1];
  }

  #sequenceNow() {
    const { steps } = this.state.edits;
    if (!steps) return this.sequence;
    const cols = this.sequence.x.cols;
    return {
      ...this.sequence, index: undefined, dropout: undefined,
      x: { rows: steps.length, cols, data: Float64Array.from(steps.flatMap(({ x }) => x)) },
      targets: steps.map(({ target }) => (Array.isArray(target) ? Float64Array.from(target) : target)),
    };
  }

  /**
   * Return the network after the training that was done in the page.
   * @param {any} network
   */
  #trained(network) {
    const { training } = this.state.edits;
    if (!training.count) {
      this.trained = null;
      this.course = [];
      return network;
    }
    const key = `${training.name} ${training.rate} ${training.clip}`;
    if (!this.trained || this.trained.key !== key || this.trained.count > training.count) {
      const { name, rate, clip } = training;
      this.trained = { key, count: 0, network, optimizer: optimizer(name, { rate, clip }) };
      this.course = [];
    }
    while (this.trained.count < training.count) {
      const { network: next, loss, gradientNorm } = this.trained.optimizer.step(this.trained.network, /** @type {any} */ (this.decoded).sequences);
      this.trained.network = next;
      this.trained.count += 1;
      this.course.push({ loss, norm: gradientNorm });
    }
    return this.trained.network;
  }

  /** @param {number} k a step that is shown @returns {number|null} the recorded step it was */
  ghostOf(k) {
    const origin = this.state.edits.steps ? (this.state.edits.steps[k]?.origin ?? null) : k;
    return origin !== null && this.recorded.steps.includes(origin) ? origin : null;
  }

  /** @param {number} k @param {number} unit */
  isClamped(k, unit) {
    const { layer, direction, part, edits } = this.state;
    return edits.clamps.some((clamp) => clamp.layer === layer && clamp.direction === direction && clamp.step === k && clamp.unit === unit && clamp.part === part);
  }

  /** @param {number} k */
  word(k) {
    if (this.state.edits.steps) return this.state.edits.steps[k]?.word ?? "";
    return this.content.words[this.content.sequences.indexOf(this.state.sequence)][k] ?? String(k + 1);
  }

  /** @param {number} index */
  output(index) {
    return this.content.outputs?.[index] ?? String(index + 1);
  }

  /**
   * Return a text of the page in its language.
   * @param {string} name
   * @param {Record<string, string|number>} [facts]
   */
  say(name, facts) {
    return phrase(this.content.texts[this.state.language][name] ?? name, facts);
  }

  /**
   * Return a formula in the notation of the page.
   * @param {string} name
   * @param {Record<string, string|number>} facts
   */
  symbol(name, facts) {
    const { gate } = facts;
    const source = name === "gate" ? this.content.symbols.gates[gate] : this.content.symbols[name];
    return phrase(`$${source}$`, facts);
  }

  /** @param {Float64Array} h */
  inPlane(h) {
    const { mean, axes } = /** @type {any} */ (this.planeOf);
    return axes.map((/** @type {Float64Array} */ axis) => axis.reduce((sum, value, i) => sum + value * (h[i] - mean[i]), 0));
  }

  /** @template T @param {string} name @param {() => T} compute @returns {T} */
  #keep(name, compute) {
    if (!this.kept.has(name)) this.kept.set(name, compute());
    return this.kept.get(name);
  }

  #jacobian() {
    const { layer, direction, step } = this.state;
    return this.run.jacobian(layer, direction, step);
  }

  /** The eigenvalues of the Jacobian of the step chosen. @returns {{re: number, im: number}[]} */
  eigenvalues() {
    return this.#keep(`eigenvalues ${this.state.step}`, () => eigenvalues(this.#jacobian()));
  }

  /** Its largest singular value. @returns {number} */
  singularValue() {
    return this.#keep(`singular ${this.state.step}`, () => singularValues(this.#jacobian())[0]);
  }
}
