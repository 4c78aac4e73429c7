/** The text of the steps, which can stay open beside the video or, in a narrow window, below it. */

import { inEachLanguage, say, translated } from "./lecture.js";
import { made, markStep, part } from "./parts.js";

/** @typedef {import("./player.js").Player} Player */

const KEY = "rnnviz panel";
const upright = window.matchMedia("(max-aspect-ratio: 1/1)");

/** @param {Player} player @returns {() => void} what opens and closes it */
export function panel(player) {
  const list = part("beats");
  let open = remembered() ?? upright.matches;
  const mark = () => {
    const buttons = list.querySelectorAll("button");
    markStep(buttons, player.beat);
    buttons[player.beat]?.scrollIntoView({ block: "nearest" });
  };
  const fill = () => {
    if (player.scene < 0) return;
    part("beats-label").textContent = say("beats");
    part("panel").setAttribute("aria-label", say("beats"));
    list.replaceChildren(...player.beats.map((each, place) => {
      const button = made("button", { type: "button" }, made("span", { class: "number" }, `${each.number}. `), made("bdi", {}, translated(each.captions)));
      button.addEventListener("click", () => {
        player.go(place);
        player.play();
      });
      return made("li", {}, button);
    }));
    part("source").textContent = say("source", { trace: player.current.trace });
    mark();
  };
  const show = () => {
    part("panel").hidden = !open;
    part("open-panel").setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("with-panel", open);
    if (open) mark();
  };
  const toggle = () => {
    open = !open;
    remember(open);
    show();
  };
  player.addEventListener("scene", fill);
  player.addEventListener("beat", mark);
  inEachLanguage(fill);
  part("open-panel").addEventListener("click", toggle);
  upright.addEventListener("change", () => {
    open = remembered() ?? upright.matches;
    show();
  });
  show();
  return toggle;
}

/** Whether it was left open; null of a page that was not opened before. */
function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === null ? null : kept === "open";
  } catch {
    return null;
  }
}

/** @param {boolean} open */
function remember(open) {
  try {
    localStorage.setItem(KEY, open ? "open" : "closed");
  } catch {
    // a page that may keep nothing opens as it did the first time
  }
}
