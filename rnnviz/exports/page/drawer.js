/** The contents in a drawer: scenes with their pictures, and the beats under their scene. */

import { addressOf, inEachLanguage, lectureTitle, say, scenes, translated } from "./lecture.js";
import { clock, made, markStep, part } from "./parts.js";

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player @returns {{toggle: () => void, close: () => boolean}} */
export function drawer(player) {
  const nav = part("contents");
  const button = part("open-contents");
  const entries = part("scenes");
  /** @type {HTMLElement|null} */
  let before = null;
  const isOpen = () => !nav.inert;

  /** Open the list of a scene's beats, or close it. */
  const unfold = (/** @type {Element} */ entry, /** @type {boolean} */ open) => {
    entry.querySelector("ol")?.toggleAttribute("hidden", !open);
    entry.querySelector(".unfold")?.setAttribute("aria-expanded", String(open));
  };
  const mark = () => {
    for (const [index, entry] of [...entries.children].entries()) {
      const here = index === player.scene;
      const link = entry.querySelector("a.scene");
      if (here) link?.setAttribute("aria-current", "page");
      else link?.removeAttribute("aria-current");
      markStep(entry.querySelectorAll(":scope > ol a"), here ? player.beat : -1);
    }
  };
  const close = () => {
    if (!isOpen()) return false;
    nav.inert = true;
    button.setAttribute("aria-expanded", "false");
    document.body.classList.remove("with-contents");
    if (before?.isConnected && before !== document.body) before.focus();
    return true;
  };
  const open = () => {
    before = /** @type {HTMLElement|null} */ (document.activeElement);
    nav.inert = false;
    button.setAttribute("aria-expanded", "true");
    document.body.classList.add("with-contents");
    for (const [index, entry] of [...entries.children].entries()) unfold(entry, index === player.scene);
    const step = /** @type {HTMLElement|null} */ (entries.querySelector("[aria-current=step]"));
    step?.focus({ preventScroll: true });
    entries.children[player.scene]?.scrollIntoView({ block: "start" });
    step?.scrollIntoView({ block: "nearest" });
  };
  const choose = (/** @type {MouseEvent} */ event, /** @type {number} */ index, /** @type {number|null} */ place) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens another window
    event.preventDefault();
    close();
    player.visit(index, place ?? 0);
    if (place !== null) player.play();
  };
  const fill = () => {
    nav.setAttribute("aria-label", say("contents"));
    part("contents-title").textContent = lectureTitle();
    part("close-contents").setAttribute("aria-label", say("close"));
    part("close-contents").title = say("close");
    entries.replaceChildren(...scenes.map((scene, index) => entryOf(scene, index, choose, unfold)));
    mark();
    if (player.scene >= 0) unfold(entries.children[player.scene], true);
  };

  nav.inert = true;
  inEachLanguage(fill);
  player.addEventListener("beat", mark);
  part("close-contents").addEventListener("click", close);
  const toggle = () => { if (!close()) open(); };
  button.addEventListener("click", toggle);
  part("shade").addEventListener("click", close);
  nav.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const links = /** @type {HTMLElement[]} */ ([...nav.querySelectorAll("a")].filter((each) => !each.closest("[hidden]")));
    const here = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, here + move))].focus();
  });
  return { toggle, close };
}

/**
 * @param {import("./lecture.js").Scene} scene
 * @param {number} index
 * @param {(event: MouseEvent, index: number, place: number|null) => void} choose
 * @param {(entry: Element, open: boolean) => void} unfold
 */
function entryOf(scene, index, choose, unfold) {
  const title = translated(scene.title);
  const length = scene.beats[scene.beats.length - 1].end;
  const about = `${say("steps", { count: scene.beats.length })} · ${clock(length)}`;
  const number = scenes.length > 1 ? [made("span", { class: "number" }, `${index + 1}. `)] : [];
  const words = made("span", { class: "words" }, made("span", {}, ...number, made("bdi", {}, title)), made("span", { class: "note" }, about));
  const link = made("a", { class: "scene", href: addressOf(index, 0) }, made("img", { src: scene.thumbnail, alt: "", loading: "lazy" }), words);
  link.addEventListener("click", (event) => choose(event, index, null));
  const steps = made("ol", { id: `steps-${index}`, hidden: "" }, ...scene.beats.map((beat, place) => {
    const step = made("a", { href: addressOf(index, place) }, made("span", { class: "number" }, `${beat.number}. `), made("bdi", {}, translated(beat.captions)));
    step.addEventListener("click", (event) => choose(event, index, place));
    return made("li", {}, step);
  }));
  const name = say("steps_of", { scene: title });
  const button = made("button", { type: "button", class: "unfold", "aria-expanded": "false", "aria-controls": steps.id, "aria-label": name, title: name });
  const entry = made("li", {}, made("div", { class: "entry" }, link, button), steps);
  button.addEventListener("click", () => unfold(entry, steps.hidden));
  return entry;
}
