/** The controls over the lower edge: they are gone when nobody needs them. */

import { inEachLanguage, language, lecture, lectureTitle, liveAddress, say, scenes, speak, translated } from "./lecture.js";
import { showSubtitles } from "./player.js";
import { clock, part } from "./parts.js";

/** @typedef {import("./player.js").Player} Player */

/** How long the controls stay once they are not used, and once a beat plays, in milliseconds. */
const IDLE = 2500;
const BEGUN = 900;

/** @param {Player} player */
export function controls(player) {
  const { video } = player;
  const settings = /** @type {HTMLDetailsElement} */ (part("settings"));
  const position = /** @type {HTMLInputElement} */ (part("position"));
  const stops = /** @type {HTMLInputElement} */ (part("stops"));
  const subtitles = /** @type {HTMLInputElement} */ (part("subtitles"));

  part("back").addEventListener("click", () => player.previous());
  part("next").addEventListener("click", () => player.next());
  part("full").addEventListener("click", () => fullScreen(video));
  part("live").addEventListener("click", () => video.pause());
  position.addEventListener("input", () => player.show(Number(position.value)));
  stops.addEventListener("change", () => { player.stops = stops.checked; });
  subtitles.addEventListener("change", () => showSubtitles(video, subtitles.checked));
  part("speed").addEventListener("change", (event) => { video.playbackRate = Number(/** @type {HTMLSelectElement} */ (event.target).value); });

  const choice = /** @type {HTMLSelectElement} */ (part("language"));
  for (const code of lecture.languages) {
    const option = new Option(lecture.names[code] ?? code, code);
    option.lang = code;
    choice.add(option);
  }
  choice.value = language();
  choice.addEventListener("change", () => speak(choice.value));

  const showScene = () => {
    const { current, beats } = player;
    const last = beats[beats.length - 1].end;
    position.max = String(last);
    part("ticks").replaceChildren(...beats.slice(0, -1).map((each) => {
      const tick = document.createElement("span");
      tick.style.left = `${100 * each.end / last}%`;
      return tick;
    }));
    part("stage").style.setProperty("--stage", current.background);
    part("stage").style.setProperty("--ratio", String(current.ratio));
    subtitles.checked = subtitles.checked || language() !== current.language;
    entitle(player);
    showSubtitles(video, subtitles.checked);
  };
  player.addEventListener("scene", showScene);
  player.addEventListener("beat", () => {
    part("count").textContent = `${player.beats[player.beat].number} / ${player.beats.length}`;
    part("caption").textContent = translated(player.beats[player.beat].captions);
  });
  player.addEventListener("state", () => {
    position.value = String(video.currentTime);
    position.setAttribute("aria-valuetext", clock(video.currentTime));
    document.body.classList.toggle("fresh", player.isFresh);
    document.body.classList.toggle("playing", player.playing);
  });
  inEachLanguage(() => {
    document.documentElement.lang = language();
    for (const key of ["language", "speed", "stops", "subtitles"]) part(`${key}-label`).textContent = say(key);
    for (const key of ["transcript", "live"]) part(`${key}-name`).textContent = say(key);
    name("open-contents", say("contents"), "M");
    name("back", say("back"), "←");
    name("next", say("next"), "→");
    name("open-panel", say("panel"), "T");
    name("full", say("full"), "F");
    name("position", say("position"));
    name("settings-name", say("settings"));
    part("bar").setAttribute("aria-label", say("controls"));
    if (player.scene < 0) return;
    part("caption").textContent = translated(player.beats[player.beat].captions);
    subtitles.checked = subtitles.checked || language() !== player.current.language;
    entitle(player);
    showSubtitles(video, subtitles.checked);
  });
  document.addEventListener("click", (event) => {
    if (!settings.open || !(event.target instanceof Node) || settings.contains(event.target)) return;
    settings.open = false;
    if (event.target === video) event.stopPropagation(); // this click only closes the settings
  }, true);
  comeAndGo(player, settings);
}

/** Write the titles of the lecture and of the scene. @param {Player} player */
function entitle(player) {
  const { current } = player;
  const several = scenes.length > 1;
  const title = translated(current.title);
  for (const id of ["title", "cover-title"]) part(id).textContent = lectureTitle();
  for (const id of ["scene-title", "cover-scene"]) {
    part(id).textContent = several ? title : "";
    part(id).hidden = !several;
  }
  part("cover").classList.toggle("first", player.scene === 0);
  part("video").setAttribute("aria-label", title);
  document.title = lecture.title ? `${title} · ${lectureTitle()}` : title;
  const live = /** @type {HTMLAnchorElement} */ (part("live"));
  live.hidden = !current.live;
  if (current.live) live.href = liveAddress(current) ?? "";
}

/**
 * Name a control, with its key.
 * @param {string} id
 * @param {string} text
 * @param {string} [key]
 */
function name(id, text, key) {
  part(id).setAttribute("aria-label", text);
  part(id).title = key ? `${text} (${key})` : text;
}

/**
 * Let the controls go while a beat plays or its last frame is shown, and come back on the pointer,
 * the keyboard and the focus; the first frame of a scene has them.
 * @param {Player} player
 * @param {HTMLDetailsElement} settings
 */
function comeAndGo(player, settings) {
  const bar = part("bar");
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const held = () => settings.open || bar.matches(":hover") || bar.querySelector(":focus-visible") !== null;
  const sleep = () => { if (!player.isFresh && !held()) document.body.classList.add("asleep"); };
  const later = (/** @type {number} */ delay) => {
    clearTimeout(timer);
    timer = setTimeout(sleep, delay);
  };
  const wake = () => {
    document.body.classList.remove("asleep");
    later(IDLE);
  };
  for (const event of ["pointermove", "pointerdown", "focusin"]) document.addEventListener(event, wake);
  document.addEventListener("keydown", (event) => { if (event.key === "Tab") wake(); });
  bar.addEventListener("pointerleave", () => later(IDLE));
  bar.addEventListener("focusout", () => later(IDLE));
  settings.addEventListener("toggle", () => later(IDLE));
  player.video.addEventListener("play", () => later(BEGUN));
  player.addEventListener("scene", wake);
  // a button that was clicked keeps no focus, with which the controls would stay
  bar.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target instanceof Element) /** @type {HTMLElement|null} */ (event.target.closest("button, summary"))?.blur();
  });
}

/** Enter or leave full screen. @param {HTMLVideoElement} video */
export function fullScreen(video) {
  const page = document.documentElement;
  if (document.fullscreenElement) document.exitFullscreen();
  else if (page.requestFullscreen) page.requestFullscreen().catch(() => {});
  else /** @type {any} */ (video).webkitEnterFullscreen?.();
}
