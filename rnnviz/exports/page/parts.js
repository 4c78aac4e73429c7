/** The parts of the page, and how new ones are made. */

/** @param {string} id @returns {HTMLElement} */
export const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Return a new element with text and attributes.
 * @param {string} tag
 * @param {Object<string, string>} attributes
 * @param {(Node|string)[]} inside
 */
export function made(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

/** Return seconds as minutes and seconds. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * Mark the one of several elements that is shown now.
 * @param {Iterable<Element>} elements
 * @param {number} place
 */
export function markStep(elements, place) {
  for (const [index, element] of [...elements].entries()) {
    if (index === place) element.setAttribute("aria-current", "step");
    else element.removeAttribute("aria-current");
  }
}
