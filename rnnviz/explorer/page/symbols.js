/**
 * Formulas in running text, set with real subscripts, superscripts and norms.
 *
 * A text holds formulas as `$…$`, in the part of Typst's notation that rnnviz uses for them, and
 * facts to fill in as `{name}`, inside formulas as well.
 */

/**
 * A piece of a text that is set in one way; `script` is −1 below the line, +1 above it.
 * @typedef {{text: string, italic: boolean, script: -1|0|1}} Piece
 */

/** @type {Record<string, string>} */
const NAMES = {
  partial: "∂", sum: "Σ", product: "∏", alpha: "α", beta: "β", gamma: "γ", delta: "δ", theta: "θ",
  lambda: "λ", rho: "ρ", sigma: "σ", eta: "η", dot: "·", "dot.o": "⊙", "dot.c": "·", times: "×", approx: "≈", infinity: "∞",
  "arrow.l": "←", "arrow.r": "→", "plus.minus": "±", "dots.h": "…",
};
/** @type {Record<string, string>} */
const ACCENTS = { hat: "\u0302", tilde: "\u0303", bar: "\u0304", dot: "\u0307" };
/** @type {Record<string, [string, string]>} */
const FENCES = { norm: ["‖", "‖"], abs: ["|", "|"] };
const TOKEN = /\s+|"[^"]*"|[A-Za-z]+(?:\.[a-z]+)*|\d+(?:\.\d+)?|<=|>=|!=|->|[^]/gu;
/** @type {Record<string, string>} */
const SIGNS = { "-": "−", "<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "*": "*" };
const RIGHTWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|\ud802|\ud83a/;
const LOWERED = ["0123456789aehijklmnoprstuvx+-−=", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋₋₌"];
const RAISED = ["0123456789T-−*", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ⁻⁻*"];

/**
 * Return a text's pieces, with its facts filled in.
 * @param {string} template
 * @param {Record<string, string|number>} [facts]
 * @returns {Piece[]}
 */
export function phrase(template, facts = {}) {
  return template.split(/\$(.+?)\$/u).flatMap((part, index) => {
    if (index % 2) return formula(fill(part, facts, String));
    const text = fill(part, facts, isolated);
    return text ? [{ text, italic: false, script: /** @type {const} */ (0) }] : [];
  });
}

/**
 * @param {string} template
 * @param {Record<string, string|number>} facts
 * @param {(text: string) => string} as
 */
function fill(template, facts, as) {
  return template.replace(/\{(\w+)\}/gu, (whole, name) => (name in facts ? as(String(facts[name])) : whole));
}

/**
 * Return a word for use within a sentence, isolated if it is read from right to left.
 * @param {string} text
 */
export function isolated(text) {
  return RIGHTWARD.test(text) ? `\u2068${text}\u2069` : text;
}

/**
 * Return the pieces of a formula.
 * @param {string} source
 * @returns {Piece[]}
 */
export function formula(source) {
  const tokens = source.match(TOKEN) ?? [];
  return joined(read(tokens, 0));
}

/**
 * Read tokens up to a closing parenthesis that has no beginning among them.
 * @param {string[]} tokens taken from the front
 * @param {-1|0|1} script
 * @returns {Piece[]}
 */
function read(tokens, script) {
  /** @type {Piece[]} */
  const pieces = [];
  while (tokens.length && tokens[0] !== ")") {
    const token = /** @type {string} */ (tokens.shift());
    const next = tokens[0];
    if (token in ACCENTS && next === "(") {
      const inside = group(tokens, script);
      inside.forEach((piece) => pieces.push(piece));
      if (inside.length) inside[inside.length - 1].text += ACCENTS[token];
    } else if (token in FENCES && next === "(") {
      const [left, right] = FENCES[token];
      pieces.push(upright(left, script), ...group(tokens, script), upright(right, script));
    } else if (["italic", "upright", "bold"].includes(token) && next === "(") {
      const italic = token === "italic";
      pieces.push(...group(tokens, script).map((piece) => ({ ...piece, italic })));
    } else if (token === "_" || token === "^") {
      pieces.push(...scripted(tokens, token === "_" ? -1 : 1));
    } else if (token === "(") {
      tokens.unshift(token);
      const inside = group(tokens, script);
      const isFraction = tokens[0] === "/" || pieces[pieces.length - 1]?.text === "/";
      pieces.push(...(isFraction ? inside : [upright("(", script), ...inside, upright(")", script)]));
    } else if (!/^\s/u.test(token)) {
      pieces.push(symbol(token, script));
    } else if (script === 0 && /^[=+→≈≤≥<>×·⊙-]$/u.test(next ?? "") !== /[=+→≈≤≥<>×·⊙−]\s?$/u.test(pieces[pieces.length - 1]?.text ?? "")) {
      pieces.push(upright(" ", script));
    }
  }
  return pieces;
}

/**
 * @param {string[]} tokens
 * @param {-1|0|1} script
 */
function group(tokens, script) {
  tokens.shift();
  const inside = read(tokens, script);
  tokens.shift();
  return inside;
}

/**
 * @param {string[]} tokens
 * @param {-1|1} script
 */
function scripted(tokens, script) {
  if (tokens[0] === "(") return group(tokens, script);
  const token = tokens.shift();
  return token ? [symbol(token, script)] : [];
}

/**
 * @param {string} token
 * @param {-1|0|1} script
 * @returns {Piece}
 */
function symbol(token, script) {
  if (token.startsWith('"')) return upright(token.slice(1, -1), script);
  if (token in NAMES) return upright(NAMES[token], script);
  if (token in SIGNS) return upright(SIGNS[token], script);
  return { text: token, italic: /^\p{L}$/u.test(token), script };
}

/**
 * @param {string} text
 * @param {-1|0|1} script
 * @returns {Piece}
 */
function upright(text, script) {
  return { text, italic: false, script };
}

/** @param {Piece[]} pieces */
function joined(pieces) {
  /** @type {Piece[]} */
  const found = [];
  for (const piece of pieces) {
    const last = found[found.length - 1];
    if (last && last.italic === piece.italic && last.script === piece.script) last.text += piece.text;
    else found.push({ ...piece });
  }
  return found;
}

/**
 * Return pieces as one line of text, for a screen reader or a file.
 * @param {Piece[]} pieces
 */
export function plain(pieces) {
  return pieces
    .map(({ text, script }) => {
      if (script === 0) return text;
      const [from, to] = script < 0 ? LOWERED : RAISED;
      if ([...text].every((letter) => from.includes(letter))) return [...text].map((letter) => to[from.indexOf(letter)]).join("");
      return `${script < 0 ? "_" : "^"}${text.length > 1 ? `(${text})` : text}`;
    })
    .join("");
}

/**
 * Return pieces as HTML.
 * @param {Piece[]} pieces
 */
export function inHtml(pieces) {
  const fragment = document.createDocumentFragment();
  for (const { text, italic, script } of pieces) {
    let parent = /** @type {Node} */ (fragment);
    if (script) parent = parent.appendChild(document.createElement(script < 0 ? "sub" : "sup"));
    if (italic) parent = parent.appendChild(document.createElement("i"));
    parent.appendChild(document.createTextNode(text));
  }
  return fragment;
}

/**
 * Add pieces to an SVG text.
 * @param {SVGTextElement} element
 * @param {Piece[]} pieces
 */
export function inSvg(element, pieces) {
  let level = 0;
  for (const { text, italic, script } of pieces) {
    const span = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
    const wanted = script < 0 ? 0.26 : script > 0 ? -0.38 : 0;
    if (wanted !== level) span.setAttribute("dy", `${((wanted - level) / (script ? 0.72 : 1)).toFixed(3)}em`);
    if (script) span.setAttribute("font-size", "72%");
    if (italic) span.setAttribute("font-style", "italic");
    span.textContent = text;
    element.append(span);
    level = wanted;
  }
  return element;
}

/**
 * Return a number with few digits, as a lecturer would write it: 0.043, −1.2, 4×10⁻¹⁶.
 * @param {number} value
 * @param {number} [digits]
 */
export function number(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value < 0 ? "−∞" : "∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 1)).split("e");
    const power = exponent.replace("+", "").replace(/[-\d]/gu, (sign) => RAISED[1][RAISED[0].indexOf(sign)]);
    return `${mantissa.replace("-", "−")}×10${power}`;
  }
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(places, 8)).replace("-", "−");
}
