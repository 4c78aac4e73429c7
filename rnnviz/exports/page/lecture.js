/** The lecture: its scenes and beats, what it says in the chosen language, and its addresses. */

/** @typedef {{number: number, name: string, start: number, end: number, captions: Object<string, string>}} Beat */
/** @typedef {{scene: string, language: string, title: Object<string, string>, trace: string, background: string, ratio: number, video: string, poster: string, thumbnail: string, live: string|null, tracks: Object<string, string>, beats: Beat[]}} Scene */

export const lecture = JSON.parse(document.getElementById("lecture")?.textContent ?? "");
/** @type {Scene[]} */
export const scenes = lecture.scenes;

let chosen = lecture.language;
/** @type {(() => void)[]} */
const listeners = [];

/** The language of the page. */
export const language = () => chosen;

/** @param {() => void} listener called now, and whenever the language changes */
export function inEachLanguage(listener) {
  listeners.push(listener);
  listener();
}

/** @param {string} code */
export function speak(code) {
  chosen = code;
  for (const listener of listeners) listener();
}

/** @param {Object<string, string>} texts by language */
export const translated = (texts) => texts[chosen] ?? texts.en;

/**
 * Return what the page says.
 * @param {string} key
 * @param {Object<string, any>} facts
 */
export function say(key, facts = {}) {
  return translated(lecture.words[key]).replace(/\{(\w+)\}/gu, (whole, name) => facts[name] ?? whole);
}

/** The title of the lecture, or of its only scene. */
export const lectureTitle = () => translated(lecture.title ?? scenes[0].title);

/**
 * @param {number} index of a scene
 * @param {number} place of a beat
 */
export function addressOf(index, place) {
  const scene = scenes[index];
  return `#${encodeURIComponent(scene.scene)}/${encodeURIComponent(scene.beats[place].name)}`;
}

/**
 * Return the scene and the beat (by name or number) of an address; the first ones by default.
 * @param {string} hash
 * @returns {[number, number]}
 */
export function placeIn(hash) {
  const [name, step] = hash.slice(1).split("/").map((text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  });
  const index = scenes.findIndex((each) => each.scene === name);
  const place = scenes[Math.max(0, index)].beats.findIndex((each) => each.name === step || String(each.number) === step);
  return index < 0 ? [0, 0] : [index, Math.max(0, place)];
}

/** The address of the live page of a scene, in the language of the page. @param {Scene} scene */
export const liveAddress = (scene) => scene.live && `${scene.live}&lang=${encodeURIComponent(chosen)}`;
