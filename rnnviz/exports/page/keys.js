/** The keyboard, and a presentation remote, which sends PageDown and PageUp. */

import { fullScreen } from "./controls.js";
import { part } from "./parts.js";

/**
 * @param {import("./player.js").Player} player
 * @param {{toggle: () => void, close: () => boolean}} contents
 * @param {() => void} togglePanel
 */
export function keys(player, contents, togglePanel) {
  const next = () => player.next();
  const previous = () => player.previous();
  /** @type {Object<string, () => void>} */
  const all = {
    PageDown: next, ArrowRight: next, ArrowDown: next, " ": next,
    PageUp: previous, ArrowLeft: previous, ArrowUp: previous,
    Home: () => player.go(0), f: () => fullScreen(player.video), m: contents.toggle, t: togglePanel,
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof Element)) return;
    if (event.target.closest("dialog")) return;
    const presenter = ["PageDown", "PageUp"].includes(event.key);
    if (!presenter && event.target.matches("select, input[type=range]")) return;
    if (event.key === " " && event.target.matches("button, input, summary")) return;
    if (event.key.startsWith("Arrow") && event.target.closest("#contents")) return;
    if (event.key === "Escape") {
      part("settings").removeAttribute("open");
      contents.close();
      return;
    }
    const does = all[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!does) return;
    if (presenter) contents.close();
    event.preventDefault();
    event.stopPropagation();
    does();
  }, true);
}
