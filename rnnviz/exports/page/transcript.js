/** The transcript: what the whole lecture says, to be read, searched, copied and printed. */

import { addressOf, inEachLanguage, lectureTitle, liveAddress, say, scenes, translated } from "./lecture.js";
import { made, part } from "./parts.js";

/** @param {import("./player.js").Player} player */
export function transcript(player) {
  const dialog = /** @type {HTMLDialogElement} */ (part("transcript"));
  inEachLanguage(() => {
    part("transcript-title").textContent = lectureTitle();
    part("close-transcript").setAttribute("aria-label", say("close"));
    part("close-transcript").title = say("close");
    part("transcript-text").replaceChildren(...scenes.map((scene, index) => sectionOf(scene, index, dialog)));
    const traces = [...new Set(scenes.map((each) => each.trace))].join(", ");
    part("transcript-source").textContent = say("source", { trace: traces });
  });
  part("open-transcript").addEventListener("click", () => {
    player.video.pause();
    dialog.showModal();
    dialog.querySelectorAll("section")[player.scene]?.scrollIntoView();
  });
  part("close-transcript").addEventListener("click", () => dialog.close());
}

/**
 * @param {import("./lecture.js").Scene} scene
 * @param {number} index
 * @param {HTMLDialogElement} dialog
 */
function sectionOf(scene, index, dialog) {
  const steps = scene.beats.map((beat, place) => {
    const link = made("a", { href: addressOf(index, place) }, made("bdi", {}, translated(beat.captions)));
    link.addEventListener("click", () => dialog.close());
    return made("li", { value: String(beat.number) }, link);
  });
  const live = liveAddress(scene);
  const more = live ? [made("p", {}, made("a", { href: live, target: "_blank", rel: "noopener" }, say("live")))] : [];
  const heading = scenes.length > 1 ? [made("h3", { dir: "auto" }, translated(scene.title))] : [];
  return made("section", {}, ...heading, made("ol", {}, ...steps), ...more);
}
