/** The lecture page: its parts, and what makes them follow each other. */

import { controls } from "./controls.js";
import { drawer } from "./drawer.js";
import { keys } from "./keys.js";
import { placeIn } from "./lecture.js";
import { panel } from "./panel.js";
import { part } from "./parts.js";
import { Player } from "./player.js";
import { transcript } from "./transcript.js";

const video = /** @type {HTMLVideoElement} */ (part("video"));
const player = new Player(video);
video.addEventListener("click", () => player.next());
controls(player);
transcript(player);
keys(player, drawer(player), panel(player));
player.open(...placeIn(location.hash));
