/** A tour of eight stops, each of which points at the thing itself. */

import { append } from "./draw.js";
import { inHtml, plain } from "./symbols.js";

/** @typedef {import("./app.js").App} App */

const KEY = "rnnviz tour";

/** @type {{name: string, at: string, act?: (app: App) => void}[]} */
const STOPS = [
  { name: "tour_step", at: ".view-chain .strips" },
  { name: "tour_passed", at: ".view-chain .wires" },
  { name: "tour_says", at: ".view-prediction" },
  { name: "tour_loss", at: ".view-chain .follow" },
  { name: "tour_fades", at: ".view-curve", act: (app) => app.set({ log: true }) },
  { name: "tour_number", at: "#arithmetic" },
  { name: "tour_what_if", at: "#what-if" },
  { name: "tour_word", at: "#sequence" },
];
const GATES = { name: "tour_gates", at: ".view-gates" };

/** Whether the tour was taken or refused before. */
export function wasOffered() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, "offered");
  } catch {
    // a page that may keep nothing offers it again
  }
}

/**
 * Begin the tour.
 * @param {App} app
 * @param {HTMLElement} from where the focus goes back to
 */
export function tour(app, from) {
  remember();
  document.getElementById("tour")?.remove();
  const stops = (app.now.gateNames.length ? [...STOPS.slice(0, 7), GATES] : STOPS).filter(({ at }) => {
    const element = /** @type {HTMLElement|null} */ (document.querySelector(at));
    return element && !element.closest("[hidden]");
  });
  let place = -1;
  const light = append(document.body, "div", { className: "spot" });
  const box = append(document.body, "div", { id: "tour", role: "dialog", "aria-labelledby": "tour-text", tabIndex: -1 });
  const text = append(box, "p", { id: "tour-text" });
  const row = append(box, "div", { className: "choices" });
  const count = append(row, "span", { className: "note" });
  const skip = append(row, "button", { type: "button" }, plain(app.say("tour_skip")));
  const next = append(row, "button", { type: "button", className: "main" });
  const before = app.state.log;
  const end = () => {
    light.remove();
    box.remove();
    if (app.state.log !== before) app.set({ log: before });
    from.focus();
  };
  const move = () => {
    const element = document.querySelector(stops[place].at);
    if (!element) return;
    const { left, top, width, height } = element.getBoundingClientRect();
    Object.assign(light.style, { left: `${left - 8}px`, top: `${top - 8}px`, width: `${width + 16}px`, height: `${height + 16}px` });
    const own = box.getBoundingClientRect();
    const below = top + height + own.height + 24 < window.innerHeight;
    const above = top - own.height - 20 > 0;
    const y = below ? top + height + 18 : above ? top - own.height - 18 : Math.max(8, window.innerHeight - own.height - 12);
    const x = below || above ? left + width / 2 - own.width / 2 : left - own.width - 20 > 0 ? left - own.width - 20 : left + width + 20;
    box.style.left = `${Math.max(8, Math.min(x, window.innerWidth - own.width - 8))}px`;
    box.style.top = `${y}px`;
  };
  const go = () => {
    place += 1;
    if (place >= stops.length) return end();
    const stop = stops[place];
    stop.act?.(app);
    text.replaceChildren(inHtml(app.say(stop.name, { t: app.state.loss + 1 })));
    count.textContent = `${place + 1} / ${stops.length}`;
    next.textContent = plain(app.say(place + 1 < stops.length ? "tour_next" : "tour_end"));
    skip.hidden = place + 1 === stops.length;
    document.querySelector(stop.at)?.scrollIntoView({ block: "nearest" });
    requestAnimationFrame(() => requestAnimationFrame(move));
    next.focus();
  };
  next.addEventListener("click", go);
  skip.addEventListener("click", end);
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && end());
  window.addEventListener("resize", () => box.isConnected && move());
  window.addEventListener("scroll", () => box.isConnected && move(), { passive: true });
  go();
}
