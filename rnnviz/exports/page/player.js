/** The video: it plays one beat after the other, and the address follows. */

import { addressOf, language, lecture, placeIn, scenes } from "./lecture.js";

const reduced = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Tells of "scene" when another one is shown, "beat" when one begins, "state" when it plays or stops. */
export class Player extends EventTarget {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    this.scene = -1;
    this.beat = 0;
    /** Whether it stopped at the end of the beat. */
    this.stopped = false;
    /** Whether it stops after each beat. */
    this.stops = true;
    const watch = () => this.#watch();
    const tell = () => this.#tell("state");
    video.addEventListener("timeupdate", watch);
    for (const event of ["play", "pause", "seeked", "timeupdate"]) video.addEventListener(event, tell);
    video.addEventListener("play", function tick() {
      watch();
      if (!video.paused) requestAnimationFrame(tick);
    });
    video.addEventListener("seeked", () => this.#follow());
    window.addEventListener("hashchange", () => this.open(...placeIn(location.hash)));
  }

  get current() {
    return scenes[this.scene];
  }

  get beats() {
    return this.current.beats;
  }

  get playing() {
    return !this.video.paused;
  }

  /** Whether a scene is at its beginning and has not been played. */
  get isFresh() {
    return this.beat === 0 && !this.stopped && this.video.paused && this.video.currentTime < 0.05;
  }

  /**
   * Show the first frame of a beat, paused.
   * @param {number} index of the scene
   * @param {number} place of the beat
   */
  open(index, place) {
    if (index === this.scene) {
      this.video.pause();
      this.#seek(place);
    } else this.#load(index, place);
  }

  /**
   * Show a beat as one that was chosen: the browser's Back returns from it.
   * @param {number} index
   * @param {number} place
   */
  visit(index, place) {
    this.open(index, place);
    this.#updateAddress("pushState");
  }

  play() {
    if (reduced.matches) {
      this.#pauseAtEnd();
      return;
    }
    this.stopped = false;
    this.video.play().catch(() => {});
  }

  /** Play the next beat; while one plays, jump to its end. */
  next() {
    const { video, beats } = this;
    if (this.playing && !this.stopped) this.#pauseAtEnd();
    else if (this.isFresh || (!this.stopped && video.currentTime < beats[this.beat].end - 0.1)) this.play();
    else if (this.beat + 1 < beats.length) {
      this.go(this.beat + 1);
      this.play();
    } else if (this.scene + 1 < scenes.length) this.visit(this.scene + 1, 0);
  }

  /** Go to the start of the beat or, from there, to the one before. */
  previous() {
    const late = this.video.currentTime - this.beats[this.beat].start > 1.0 || this.stopped;
    if (!late && this.beat === 0 && this.scene > 0) this.visit(this.scene - 1, scenes[this.scene - 1].beats.length - 1);
    else this.go(late ? this.beat : this.beat - 1);
    if (reduced.matches) this.#pauseAtEnd();
  }

  /** Go to a beat of this scene; it goes on playing if it does. @param {number} place */
  go(place) {
    this.#seek(place);
    this.#updateAddress("pushState");
  }

  /** Show another moment, paused. @param {number} seconds */
  show(seconds) {
    this.video.pause();
    this.stopped = false;
    this.video.currentTime = seconds;
  }

  /**
   * @param {number} index
   * @param {number} place
   */
  #load(index, place) {
    this.scene = index;
    this.beat = place;
    this.stopped = false;
    const { video, current } = this;
    const rate = video.playbackRate;
    video.replaceChildren(...Object.entries(current.tracks).map(([code, address]) => {
      const track = document.createElement("track");
      Object.assign(track, { kind: "captions", srclang: code, label: lecture.names[code] ?? code, src: address });
      return track;
    }));
    video.poster = current.poster;
    video.src = current.video;
    video.playbackRate = rate;
    this.#tell("scene");
    if (place > 0) this.#seek(place);
    else this.#mark(0);
  }

  /** @param {number} place */
  #seek(place) {
    this.#mark(Math.max(0, Math.min(place, this.beats.length - 1)));
    const before = this.beat ? this.beats[this.beat - 1].end : 0;
    this.video.currentTime = Math.max(this.beats[this.beat].start, before) + 0.001;
  }

  /** @param {number} place */
  #mark(place) {
    this.beat = place;
    this.stopped = false;
    this.#tell("beat");
    this.#tell("state");
  }

  #pauseAtEnd() {
    const { start, end } = this.beats[this.beat];
    this.stopped = true;
    this.video.pause();
    this.video.currentTime = Math.max(start, end - 0.04);
    this.#tell("state");
  }

  #watch() {
    const { video, beats } = this;
    if (video.paused || video.seeking) return;
    const { start, end } = beats[this.beat];
    if (video.currentTime >= end - 0.05) {
      if (this.stops) this.#pauseAtEnd();
      else if (this.beat + 1 < beats.length) this.#pass(this.beat + 1);
    } else if (video.currentTime < start) this.#pass(this.#placeNow());
  }

  #follow() {
    const place = this.#placeNow();
    if (!this.stopped && place >= 0 && place !== this.beat) this.#pass(place);
  }

  /** The beat of this moment. */
  #placeNow() {
    return this.beats.findIndex((each) => this.video.currentTime < each.end);
  }

  /** Mark a beat that was reached by playing or seeking. @param {number} place */
  #pass(place) {
    this.#mark(place);
    this.#updateAddress("replaceState");
  }

  /**
   * Write the scene and beat into the address; within a frame, leave the outer page's history alone.
   * @param {"pushState"|"replaceState"} how
   */
  #updateAddress(how) {
    const wanted = addressOf(this.scene, this.beat);
    if (location.hash === wanted) return;
    try { history[window.top === window ? how : "replaceState"](null, "", wanted); } catch { /* a page without an address */ }
  }

  /** @param {string} what */
  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

/**
 * Show the subtitles in the language of the page, or none.
 * @param {HTMLVideoElement} video
 * @param {boolean} shown
 */
export function showSubtitles(video, shown) {
  for (const track of video.textTracks) track.mode = shown && track.language === language() ? "showing" : "disabled";
}
