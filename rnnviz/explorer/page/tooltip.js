/** What the pointer is on, told beside it. */

import { inHtml } from "./symbols.js";

/** @typedef {(event: MouseEvent) => import("./symbols.js").Piece[]|null} Told */

/** @type {WeakMap<Element, Told>} */
const told = new WeakMap();

/**
 * Tell something where the pointer is on an element.
 * @param {Element} element
 * @param {Told} text
 */
export function tip(element, text) {
  told.set(element, text);
}

/** @param {HTMLElement} box in which it is told */
export function followPointer(box) {
  document.addEventListener("pointermove", (event) => {
    let element = /** @type {Element|null} */ (event.target instanceof Element ? event.target : null);
    while (element && !told.has(element)) element = element.parentElement;
    const pieces = element && told.get(element)?.(event);
    box.hidden = !pieces;
    if (!pieces) return;
    box.replaceChildren(inHtml(pieces));
    const { width, height } = box.getBoundingClientRect();
    box.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - width - 6))}px`;
    box.style.top = `${event.clientY + height + 24 > window.innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
  });
  document.addEventListener("pointerleave", () => (box.hidden = true));
}
