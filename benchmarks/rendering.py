"""How long rendering takes beside plain Manim and beside the encoder alone, and how it looks.

For each scene, one after the other in one run: plain ``manim`` on the scene's file; ``rnnviz
render`` with nothing rendered before; again with nothing changed, by turns with ``manim --help``;
again with the beats kept but no note of the whole; again after a change to one beat; and the
encoder alone. How the videos look is compared at the end, when no clock runs any more. Recordings
are made beforehand. All of it runs on a copy of this checkout, in which the beat is changed. With
``--json`` the file holds, at any time, what has been measured so far.
usage: python benchmarks/rendering.py [--scenes A,B] [--quality h] [--all] [--growth]
                                      [--runs N] [--json FILE]
"""

import argparse
import ast
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

from processes import Cost, cost_of
from report import keep, options, publish_all

from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, cache_folder
from rnnviz.scene.catalogue import SCENES

BIN: Final = Path(sys.executable).parent
CHECKOUT: Final = Path(__file__).resolve().parents[1]
PAUSE: Final = "self.wait(0.1)"
"""What is put in front of the middle beat of a scene to change it."""
SHORT_TURNS: Final = 7
EVERY: Final = 30
"""One picture of so many is compared with lossless ones."""
SPATIAL: Final = "space"
GROWING: Final = "unrolling"
GROWTH: Final = (
    *((steps, 8, None) for steps in (10, 50, 200)),
    *((10, units, None) for units in (32, 128)),
    *((10, 8, jobs) for jobs in (1, 2)),
)
"""Steps, units, and jobs (None: one a core)."""


@dataclass(frozen=True)
class Place:
    """Where a benchmark works: a copy of the checkout, kept recordings, and what is made."""

    folder: Path
    quality: str

    @property
    def tree(self) -> Path:
        """The copy, in the order of an installed package."""
        return self.folder / "tree"

    @property
    def recordings(self) -> Path:
        """A cache folder with recordings and nothing else."""
        return self.folder / "recordings"

    def storyboard(self, scene: str) -> tuple[Path, str]:
        """The file of a scene in the copy, and its class."""
        module, _, name = SCENES[scene].target.partition(":")
        return self.tree.joinpath(*module.split(".")).with_suffix(".py"), name

    def set_up(self, scenes: Sequence[str], fresh: ProcessPoolExecutor) -> None:
        """Copy what is needed, and record what is not recorded yet."""
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "rnnviz", self.tree / "rnnviz", ignore=leave)
        shutil.copytree(CHECKOUT / "scenes", self.tree / "rnnviz" / "scenes", ignore=leave)
        self.recordings.mkdir()
        for path in cache_folder().glob("*.safetensors"):
            shutil.copy2(path, self.recordings)
        fresh.submit(record_for, scenes, str(self.recordings)).result()

    def cache(self, name: str) -> Path:
        """A cache folder of its own, with recordings and nothing rendered."""
        return Path(shutil.copytree(self.recordings, self.folder / "caches" / name))

    def run(self, *command: str | Path, cache: Path) -> Cost:
        """What a command costs, run with the copy."""
        program, *rest = command
        environment = {"PYTHONPATH": str(self.tree), FOLDER_VARIABLE: str(cache)}
        return cost_of([BIN / program, *rest], environment)


@dataclass(frozen=True)
class Measured:
    """One scene: what each contender cost, and what it made."""

    scene: str
    plain: Cost
    cold: Cost
    same: float
    manim_help: float
    played: float
    changed: Cost
    redrawn: int
    beats: int
    pictures: int
    floors: Mapping[str, float]
    videos: tuple[Path, Path]
    likeness: Mapping[str, tuple[float, float]] | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many bytes both videos take."""
        plain, ours = (video.stat().st_size for video in self.videos)
        return plain, ours


def record_for(scenes: Sequence[str], folder: str) -> None:
    """Make and keep every recording that scenes play, by plain ``manim`` and by ``rnnviz``."""
    os.environ[FOLDER_VARIABLE] = folder
    from rnnviz.rendering.plan import make_plan
    from rnnviz.rendering.request import request_of
    from rnnviz.scene.context import default_context
    from rnnviz.scene.loading import load_scene

    for scene in scenes:
        request = request_of(scene, output=Path(folder) / "none.mp4")
        make_plan(request, None, lambda *_: None)
        default_context(load_scene(scene).scene)


def record_random(steps: int, units: int, target: Path) -> None:
    """Record a network with random weights: it takes as long to draw as a trained one."""
    import torch

    from rnnviz import record
    from rnnviz.training.network import Network

    torch.manual_seed(0)
    x, targets = torch.randn(steps, 1, 8), torch.randint(4, (steps, 1))
    record(Network(8, units, 4), x, targets).save(target)


def about_pictures(quality: str, video: Path) -> tuple[int, dict[str, float]]:
    """How many pictures a video has, and the encoders' floors for them."""
    from pictures import floors

    return floors(video, quality)


def alike(
    scene: str, quality: str, plain: Path, ours: Path, recordings: str
) -> dict[str, tuple[float, float]]:
    """How good two videos look."""
    from pictures import likeness

    videos = {"manim": (plain, "ITU601"), "rnnviz": (ours, "ITU709")}
    return likeness(scene, quality, EVERY, videos, recordings)


@contextmanager
def changed(storyboard: Path, name: str) -> Iterator[int]:
    """A scene's file with a pause more in its middle beat; the number of its beats."""
    text = storyboard.read_text(encoding="utf-8")
    beats = [
        method
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and node.name == name
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.decorator_list
    ]
    first = beats[len(beats) // 2].body[0]
    lines = text.splitlines(keepends=True)
    lines.insert(first.lineno - 1, " " * first.col_offset + PAUSE + "\n")
    storyboard.write_text("".join(lines), encoding="utf-8")
    try:
        yield len(beats)
    finally:
        storyboard.write_text(text, encoding="utf-8")


def plain_render(place: Place, scene: str, media: Path) -> tuple[Cost, Path]:
    """Plain Manim on a scene's file, and the video that it makes."""
    file, name = place.storyboard(scene)
    options = (f"-q{place.quality}", "--disable_caching", "--media_dir", media)
    cost = place.run("manim", *options, file, name, cache=place.recordings)
    return cost, next(media.glob(f"videos/*/*/{name}.mp4"))


def measured(scene: str, place: Place, runs: int, fresh: ProcessPoolExecutor) -> Measured:
    """Let the contenders take turns on one scene."""
    plain, cold = [], []
    output = place.folder / f"{scene}.mp4"
    render = ("rnnviz", "render", scene, "-q", place.quality, "-o", output)
    for run in range(runs):
        cost, video = plain_render(place, scene, place.folder / "media" / f"{scene}-{run}")
        plain.append(cost)
        cache = place.cache(f"{scene}-{run}")
        cold.append(place.run(*render, cache=cache))
    turns = [
        (
            place.run(*render, cache=cache).wall,
            place.run("manim", "--help", cache=cache).wall,
        )
        for _ in range(SHORT_TURNS)
    ]
    pictures, floors = fresh.submit(about_pictures, place.quality, output).result()
    shutil.rmtree(cache / "renders")
    played = place.run(*render, cache=cache).wall
    kept = set((cache / "beats").iterdir())
    with changed(*place.storyboard(scene)) as beats:
        other = output.with_stem(f"{scene}-changed")
        again = place.run(*render[:-1], other, cache=cache)
    return Measured(
        scene=scene,
        plain=Cost.median(plain),
        cold=Cost.median(cold),
        same=median(same for same, _ in turns),
        manim_help=median(asked for _, asked in turns),
        played=played,
        changed=again,
        redrawn=len(set((cache / "beats").iterdir()) - kept),
        beats=beats,
        pictures=pictures,
        floors=floors,
        videos=(video, output),
    )


def times(one: Measured) -> dict[str, Any]:
    """A row of seconds, and what they are shares of."""
    return {
        "scene": one.scene,
        "pictures": one.pictures,
        "manim s": round(one.plain.wall, 2),
        "CPU s": round(one.plain.cpu, 2),
        "cold s": round(one.cold.wall, 2),
        "cold CPU s": round(one.cold.cpu, 2),
        "cold / manim": round(one.cold.wall / one.plain.wall, 2),
        **{f"{name} s": round(seconds, 2) for name, seconds in one.floors.items()},
        **{
            f"cold / {name}": round(one.cold.wall / seconds, 2)
            for name, seconds in one.floors.items()
        },
        "changed s": round(one.changed.wall, 2),
        "changed / manim": round(one.changed.wall / one.plain.wall, 2),
        "beats drawn again": f"{one.redrawn} of {one.beats}",
        "played, all beats kept s": round(one.played, 2),
        "unchanged s": round(one.same, 3),
        "unchanged / manim --help": round(one.same / one.manim_help, 2),
    }


def results(one: Measured) -> dict[str, Any]:
    """A row of memory, sizes and likeness."""
    plain, ours = one.sizes
    row = {
        "scene": one.scene,
        "manim peak MB": round(one.plain.memory / 1e6),
        "rnnviz peak MB": round(one.cold.memory / 1e6),
        "peak ratio": round(one.cold.memory / one.plain.memory, 2),
        "manim MB": round(plain / 1e6, 2),
        "rnnviz MB": round(ours / 1e6, 2),
        "size ratio": round(ours / plain, 2),
    }
    if one.likeness is not None:
        luma, rgb = zip(one.likeness["manim"], one.likeness["rnnviz"], strict=True)
        row |= {
            "manim PSNR Y dB": round(luma[0], 2),
            "rnnviz PSNR Y dB": round(luma[1], 2),
            "manim PSNR RGB dB": round(rgb[0], 2),
            "rnnviz PSNR RGB dB": round(rgb[1], 2),
        }
    return row


RATIOS: Final[Mapping[str, tuple[Callable[[Measured], float], float]]] = {
    "one beat changed / manim": (lambda one: one.changed.wall / one.plain.wall, 0.25),
    "nothing changed / manim --help": (lambda one: one.same / one.manim_help, 0.25),
    "peak memory / manim": (lambda one: one.cold.memory / one.plain.memory, 1.5),
    "size / manim": (lambda one: one.sizes[1] / one.sizes[0], 1.6),
}
LIKENESS: Final[Mapping[str, tuple[Callable[[Measured], float], float]]] = {
    "PSNR below manim, Y dB": (lambda one: below(one, 0), 0.0),
    "PSNR below manim, RGB dB": (lambda one: below(one, 1), 0.0),
}
"""What is told of the scene where it is worst, and at most how much it should be."""


def below(one: Measured, channel: int) -> float:
    """By how many decibels a scene is less like lossless pictures than plain Manim's video is."""
    assert one.likeness is not None
    return one.likeness["manim"][channel] - one.likeness["rnnviz"][channel]


def aims(found: Sequence[Measured], everything: Cost | None) -> list[dict[str, Any]]:
    """What was aimed at, and what was reached.

    ``everything`` is what ``rnnviz render --all`` cost, if it was measured.
    """
    plain = sum(one.plain.wall for one in found)
    cold, how = sum(one.cold.wall for one in found), "one command each"
    if everything is not None:
        cold, how = everything.wall, "--all"
    rows = [
        aim(f"cold / manim, {how}", cold / plain, 0.5),
        *(
            aim(f"cold / {name}, {how}", cold / sum(one.floors[name] for one in found), 1.6)
            for name in found[0].floors
        ),
    ]
    rows += [
        aim(f"cold / manim, {SPATIAL}", one.cold.wall / one.plain.wall, 0.5)
        for one in found
        if one.scene == SPATIAL
    ]
    compared = [one for one in found if one.likeness is not None]
    for ratios, told in ((RATIOS, found), (LIKENESS, compared)):
        for what, (ratio, most) in ratios.items() if told else ():
            worst = max(told, key=ratio)
            rows.append(aim(f"{what}, worst: {worst.scene}", ratio(worst), most))
    return rows


def aim(what: str, got: float, most: float) -> dict[str, Any]:
    """A row: what was measured, at most how much it should be, and whether it is."""
    return {
        "measured": what,
        "got": round(got, 3),
        "aim": f"≤ {most:g}",
        "reached": got <= most,
    }


def grown(
    steps: int, units: int, jobs: int | None, place: Place, fresh: ProcessPoolExecutor
) -> dict[str, Any]:
    """A row: one scene, cold, from a recording of a size."""
    trace = place.folder / f"{steps}-{units}.safetensors"
    fresh.submit(record_random, steps, units, trace).result()
    chosen = () if jobs is None else ("--jobs", str(jobs))
    cost = place.run(
        *("rnnviz", "render", GROWING, "-q", place.quality, "--trace", trace),
        *("-o", place.folder / "grown.mp4", *chosen),
        cache=place.cache(f"grown-{steps}-{units}-{jobs}"),
    )
    return {
        "steps": steps,
        "units": units,
        "jobs": jobs or "one a core",
        "cold s": round(cost.wall, 2),
        "cold CPU s": round(cost.cpu, 2),
        "peak MB": round(cost.memory / 1e6),
        "trace MB": round(trace.stat().st_size / 1e6, 2),
    }


def chosen() -> argparse.Namespace:
    """What was chosen on the command line."""
    parser = options(runs=1)
    parser.add_argument("--scenes", type=known, default=tuple(SCENES), help="which, by commas")
    parser.add_argument("--quality", choices=tuple("lmhpk"), default="h", help="Manim's letter")
    parser.add_argument("--all", action="store_true", help="all scenes in one command as well")
    parser.add_argument("--growth", action="store_true", help="growth with steps, units and jobs")
    given = parser.parse_args()
    if given.all and given.scenes != tuple(SCENES):
        parser.error("--all does not go with --scenes")
    return given


def known(text: str) -> tuple[str, ...]:
    """Names of scenes, by commas."""
    names = tuple(text.split(","))
    for name in names:
        if name not in SCENES:
            raise argparse.ArgumentTypeError(f"there is no scene {name!r}")
    return names


def main() -> None:
    """Measure and report."""
    given = chosen()
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as fresh,
    ):
        place = Place(Path(folder), given.quality)
        place.set_up(given.scenes, fresh)
        growth = [grown(*size, place, fresh) for size in GROWTH] if given.growth else []
        everything = None
        if given.all:
            command = ("rnnviz", "render", "--all", "-q", given.quality, "-o", place.folder / "all")
            everything = place.run(*command, cache=place.cache("all"))
            keep(tables(given, [], everything, growth), given.json)
        found: list[Measured] = []
        for scene in given.scenes:
            found.append(measured(scene, place, given.runs, fresh))
            keep(tables(given, found, everything, growth), given.json)
        looks = [
            fresh.submit(alike, one.scene, place.quality, *one.videos, str(place.recordings))
            for one in found
        ]
        for number, profile in enumerate(looks):
            found[number] = replace(found[number], likeness=profile.result())
            keep(tables(given, found, everything, growth), given.json)
        publish_all(tables(given, found, everything, growth), given.json)


def tables(
    given: argparse.Namespace,
    found: Sequence[Measured],
    everything: Cost | None,
    growth: Sequence[Mapping[str, Any]],
) -> dict[str, list[Any]]:
    """All that has been measured so far."""
    told = f"-q{given.quality}, median of {given.runs}"
    made: dict[str, list[Any]] = {}
    if found:
        made |= {
            f"rendering, {told}: seconds": [times(one) for one in found],
            f"rendering, {told}: memory, size, likeness": [results(one) for one in found],
        }
        whole = everything if len(found) == len(SCENES) else None
        made[f"rendering, {told}: aims"] = aims(found, whole)
    if everything is not None:
        made[f"render --all, {told}"] = [
            {
                "cold s": round(everything.wall, 2),
                "cold CPU s": round(everything.cpu, 2),
                "peak MB": round(everything.memory / 1e6),
            }
        ]
    if growth:
        made[f"{GROWING}, cold, as its recording grows"] = list(growth)
    return made


if __name__ == "__main__":
    main()
