/** Views in frames: a title, a note, and what is drawn kept at the size of its frame. */

import { add, append } from "./draw.js";
import { saveMenu } from "./files.js";
import { inHtml, plain } from "./symbols.js";

/** @typedef {import("./app.js").App} App */

/** How long nothing must have changed before a view that waits is drawn, in milliseconds. */
const QUIET = 150;

/**
 * What a frame shows. `draw` makes an SVG anew, `follow` changes what depends on the loss that is
 * shown; `fill` makes HTML instead, `controls` adds some below.
 * @typedef {object} View
 * @property {string} id
 * @property {(app: App) => import("./symbols.js").Piece[]} title
 * @property {(app: App) => import("./symbols.js").Piece[]|null} [note]
 * @property {(app: App) => boolean} [present]
 * @property {(svg: SVGElement, size: {width: number, height: number}, app: App) => void} [draw]
 * @property {(svg: SVGElement, size: {width: number, height: number}, app: App) => void} [follow]
 * @property {boolean} [followsLoss] whether all of it depends on the loss shown
 * @property {(parent: HTMLElement, app: App) => void} [fill]
 * @property {(parent: HTMLElement, app: App) => void} [controls]
 * @property {(app: App) => boolean} [waits] whether it is drawn only once nothing more changes
 * @property {boolean} [interactive]
 * @property {(app: App) => any[][]} rows its numbers, as a table
 */

export class Card {
  /**
   * @param {App} app
   * @param {View} view
   * @param {Element} parent
   * @param {{after?: (card: Card) => void}} [options] `after` is called when it was drawn
   */
  constructor(app, view, parent, { after } = {}) {
    this.app = app;
    this.view = view;
    this.after = after;
    this.element = append(parent, "section", { className: `card view-${view.id}`, id: `view-${view.id}` });
    const head = append(this.element, "header", {});
    this.heading = append(head, "h2", { id: `title-${view.id}` });
    this.element.setAttribute("aria-labelledby", `title-${view.id}`);
    this.menu = saveMenu(app, this, head);
    this.body = append(this.element, "div", { className: "body" });
    this.controls = view.controls ? append(this.element, "div", { className: "controls" }) : null;
    this.note = append(this.element, "p", { className: "note" });
    this.seen = false;
    this.stale = true;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.waiting = undefined;
    new ResizeObserver(() => this.refresh(true)).observe(this.body);
    new IntersectionObserver((entries) => {
      this.seen = entries[entries.length - 1].isIntersecting;
      if (this.seen && this.stale) this.refresh(true);
    }).observe(this.element);
  }

  get svg() {
    return /** @type {SVGElement|null} */ (this.body.querySelector("svg"));
  }

  get size() {
    return { width: Math.max(80, this.body.clientWidth), height: Math.max(80, this.body.clientHeight) };
  }

  /** @param {boolean} all whether more than the loss shown has changed */
  refresh(all) {
    clearTimeout(this.waiting);
    if (all && this.svg && this.view.waits?.(this.app)) this.waiting = setTimeout(() => this.#draw(true), QUIET);
    else this.#draw(all);
  }

  /** @param {boolean} all */
  #draw(all) {
    const { view, app } = this;
    const present = view.present?.(app) ?? true;
    this.element.hidden = !present;
    if (!present) return;
    if (!this.seen) {
      this.stale = true;
      return;
    }
    this.stale = false;
    const title = view.title(app);
    this.heading.replaceChildren(inHtml(title));
    const note = view.note?.(app) ?? null;
    this.note.replaceChildren(...(note ? [inHtml(note)] : []));
    this.note.hidden = !note;
    if (view.fill) {
      view.fill(this.body, app);
    } else if (view.draw && (all || view.followsLoss || !this.svg)) {
      const { width, height } = this.size;
      for (const old of this.body.querySelectorAll("svg")) old.remove();
      const svg = add(this.body, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-size": 0.86 * parseFloat(getComputedStyle(document.documentElement).fontSize), role: view.interactive ? "group" : "img", "aria-label": plain(title) });
      this.body.prepend(svg);
      view.draw(svg, { width, height }, app);
      view.follow?.(svg, { width, height }, app);
    } else if (this.svg) {
      view.follow?.(this.svg, this.size, app);
    }
    if (this.controls) view.controls?.(this.controls, app);
    this.menu.label();
    this.after?.(this);
  }
}
