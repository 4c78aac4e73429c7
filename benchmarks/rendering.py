"""Compare rendering with plain Manim and with the encoder alone: time, memory, size, quality.

For each scene in turn, this measures plain ``manim`` on the scene's file; ``rnnviz render`` with
nothing cached; again unchanged, in turns with ``manim --help``; again with cached beats but no
render manifest; again after a change to one beat; and the encoder alone. Video quality is compared
at the end. Recordings are made beforehand. Everything runs on a copy of this checkout, in which the
beat is changed. With ``--json`` the file is updated after each measurement.
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
"""Inserted into the middle beat of a scene to change it."""
SHORT_TURNS: Final = 7
EVERY: Final = 30
"""Compare one frame in this many with lossless frames."""
SPATIAL: Final = "space"
GROWING: Final = "unrolling"
GROWTH: Final = (
    *((steps, 8, None) for steps in (10, 50, 200)),
    *((10, units, None) for units in (32, 128)),
    *((10, 8, jobs) for jobs in (1, 2)),
)
"""Steps, units, and jobs (None: one per core)."""


@dataclass(frozen=True)
class Place:
    """The working folder: a copy of the checkout, cached recordings, and results."""

    folder: Path
    quality: str

    @property
    def tree(self) -> Path:
        """The copy, laid out as an installed package."""
        return self.folder / "tree"

    @property
    def recordings(self) -> Path:
        """A cache folder with only recordings."""
        return self.folder / "recordings"

    def storyboard(self, scene: str) -> tuple[Path, str]:
        """Return the file of a scene in the copy, and the name of its class."""
        module, _, name = SCENES[scene].target.partition(":")
        return self.tree.joinpath(*module.split(".")).with_suffix(".py"), name

    def set_up(self, scenes: Sequence[str], fresh: ProcessPoolExecutor) -> None:
        """Copy the checkout and the recordings, and make missing recordings."""
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "rnnviz", self.tree / "rnnviz", ignore=leave)
        shutil.copytree(CHECKOUT / "scenes", self.tree / "rnnviz" / "scenes", ignore=leave)
        self.recordings.mkdir()
        for path in cache_folder().glob("*.safetensors"):
            shutil.copy2(path, self.recordings)
        fresh.submit(record_for, scenes, str(self.recordings)).result()

    def cache(self, name: str) -> Path:
        """Create a cache folder with only recordings."""
        return Path(shutil.copytree(self.recordings, self.folder / "caches" / name))

    def run(self, *command: str | Path, cache: Path) -> Cost:
        """Run a command on the copy and return its cost."""
        program, *rest = command
        environment = {"PYTHONPATH": str(self.tree), FOLDER_VARIABLE: str(cache)}
        return cost_of([BIN / program, *rest], environment)


@dataclass(frozen=True)
class Measured:
    """The costs and results of one scene."""

    scene: str
    plain: Cost
    cold: Cost
    same: float
    manim_help: float
    played: float
    changed: Cost
    redrawn: int
    beats: int
    frames: int
    floors: Mapping[str, float]
    videos: tuple[Path, Path]
    quality: Mapping[str, tuple[float, float]] | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """The sizes of both videos in bytes."""
        plain, ours = (video.stat().st_size for video in self.videos)
        return plain, ours


def record_for(scenes: Sequence[str], folder: str) -> None:
    """Make every recording that scenes use, in plain ``manim`` and in ``rnnviz``."""
    os.environ[FOLDER_VARIABLE] = folder
    from rnnviz.rendering.plan import make_plan
    from rnnviz.rendering.request import request_of
    from rnnviz.scene.context import default_context
    from rnnviz.scene.loading import load_scene

    for scene in scenes:
        request = request_of(scene, output=Path(folder) / "none.mp4")
        make_plan(request, (), lambda *_: None)
        default_context(load_scene(scene).scene)


def record_random(steps: int, units: int, target: Path) -> None:
    """Record a network with random weights, which takes as long to draw as a trained one."""
    import torch

    from rnnviz import record
    from rnnviz.training.network import Network

    torch.manual_seed(0)
    x, targets = torch.randn(steps, 1, 8), torch.randint(4, (steps, 1))
    record(Network(8, units, 4), x, targets).save(target)


def encoder_floors(scene: str, quality: str, video: Path) -> tuple[int, dict[str, float]]:
    """Return the number of frames of a scene's video, and the seconds of each encoder."""
    from frames import floors

    from rnnviz.rendering.profile import EncodingProfile
    from rnnviz.scene.loading import load_scene

    all_moves = load_scene(scene).scene.all_moves
    return floors(video, EncodingProfile(quality, "mp4", all_moves=all_moves))


def compare_quality(
    scene: str, quality: str, plain: Path, ours: Path, recordings: str
) -> dict[str, tuple[float, float]]:
    """Return the quality of two videos."""
    from frames import quality_of

    videos = {"manim": (plain, "ITU601"), "rnnviz": (ours, "ITU709")}
    return quality_of(scene, quality, EVERY, videos, recordings)


@contextmanager
def changed(storyboard: Path, name: str) -> Iterator[int]:
    """Add a pause to the middle beat of a scene within the context; yield the number of beats."""
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
    """Render a scene with plain Manim; return the cost and the video."""
    file, name = place.storyboard(scene)
    options = (f"-q{place.quality}", "--disable_caching", "--media_dir", media)
    cost = place.run("manim", *options, file, name, cache=place.recordings)
    return cost, next(media.glob(f"videos/*/*/{name}.mp4"))


def measured(scene: str, place: Place, runs: int, fresh: ProcessPoolExecutor) -> Measured:
    """Measure all renders of one scene."""
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
    frames, floors = fresh.submit(encoder_floors, scene, place.quality, output).result()
    shutil.rmtree(cache / "renders")
    played = place.run(*render, cache=cache).wall
    before = set((cache / "beats").iterdir())
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
        redrawn=len(set((cache / "beats").iterdir()) - before),
        beats=beats,
        frames=frames,
        floors=floors,
        videos=(video, output),
    )


def times(one: Measured) -> dict[str, Any]:
    """Return a row of times and ratios."""
    return {
        "scene": one.scene,
        "frames": one.frames,
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
    """Return a row of memory, sizes and quality."""
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
    if one.quality is not None:
        luma, rgb = zip(one.quality["manim"], one.quality["rnnviz"], strict=True)
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
QUALITY: Final[Mapping[str, tuple[Callable[[Measured], float], float]]] = {
    "PSNR below manim, Y dB": (lambda one: below(one, 0), 0.0),
    "PSNR below manim, RGB dB": (lambda one: below(one, 1), 0.0),
}
"""Quantities to report for the worst scene, with their limits."""


def below(one: Measured, channel: int) -> float:
    """Return by how many decibels the quality is below that of plain Manim."""
    assert one.quality is not None
    return one.quality["manim"][channel] - one.quality["rnnviz"][channel]


def target_rows(found: Sequence[Measured], everything: Cost | None) -> list[dict[str, Any]]:
    """Return rows of targets and results.

    ``everything`` is the cost of ``rnnviz render --all`` if it was measured.
    """
    plain = sum(one.plain.wall for one in found)
    cold, how = sum(one.cold.wall for one in found), "one command each"
    if everything is not None:
        cold, how = everything.wall, "--all"
    rows = [
        target_row(f"cold / manim, {how}", cold / plain, 0.5),
        *(
            target_row(f"cold / {name}, {how}", cold / sum(one.floors[name] for one in found), 1.6)
            for name in found[0].floors
        ),
    ]
    rows += [
        target_row(f"cold / manim, {SPATIAL}", one.cold.wall / one.plain.wall, 0.5)
        for one in found
        if one.scene == SPATIAL
    ]
    compared = [one for one in found if one.quality is not None]
    for ratios, scenes in ((RATIOS, found), (QUALITY, compared)):
        for what, (ratio, most) in ratios.items() if scenes else ():
            worst = max(scenes, key=ratio)
            rows.append(target_row(f"{what}, worst: {worst.scene}", ratio(worst), most))
    return rows


def target_row(what: str, got: float, most: float) -> dict[str, Any]:
    """Return a row of a measurement, its limit, and whether it is met."""
    return {
        "measured": what,
        "got": round(got, 3),
        "target": f"≤ {most:g}",
        "reached": got <= most,
    }


def grown(
    steps: int, units: int, jobs: int | None, place: Place, fresh: ProcessPoolExecutor
) -> dict[str, Any]:
    """Return a row for one scene rendered with nothing cached, for a recording of a given size."""
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
        "jobs": jobs or "one per core",
        "cold s": round(cost.wall, 2),
        "cold CPU s": round(cost.cpu, 2),
        "peak MB": round(cost.memory / 1e6),
        "trace MB": round(trace.stat().st_size / 1e6, 2),
    }


def chosen() -> argparse.Namespace:
    """Parse the command line."""
    parser = options(runs=1)
    parser.add_argument("--scenes", type=known, default=tuple(SCENES), help="comma-separated list")
    parser.add_argument(
        "--quality", choices=tuple("lmhpk"), default="h", help="Manim's quality letter"
    )
    parser.add_argument("--all", action="store_true", help="also render all scenes in one command")
    parser.add_argument(
        "--growth", action="store_true", help="measure growth with steps, units and jobs"
    )
    given = parser.parse_args()
    if given.all and given.scenes != tuple(SCENES):
        parser.error("--all cannot be combined with --scenes")
    return given


def known(text: str) -> tuple[str, ...]:
    """Parse a comma-separated list of scenes."""
    names = tuple(text.split(","))
    for name in names:
        if name not in SCENES:
            raise argparse.ArgumentTypeError(f"unknown scene {name!r}")
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
        pending = [
            fresh.submit(
                compare_quality, one.scene, place.quality, *one.videos, str(place.recordings)
            )
            for one in found
        ]
        for number, quality in enumerate(pending):
            found[number] = replace(found[number], quality=quality.result())
            keep(tables(given, found, everything, growth), given.json)
        publish_all(tables(given, found, everything, growth), given.json)


def tables(
    given: argparse.Namespace,
    found: Sequence[Measured],
    everything: Cost | None,
    growth: Sequence[Mapping[str, Any]],
) -> dict[str, list[Any]]:
    """Return tables of all measurements so far."""
    settings = f"-q{given.quality}, median of {given.runs}"
    result: dict[str, list[Any]] = {}
    if found:
        result |= {
            f"rendering, {settings}: seconds": [times(one) for one in found],
            f"rendering, {settings}: memory, size, quality": [results(one) for one in found],
        }
        whole = everything if len(found) == len(SCENES) else None
        result[f"rendering, {settings}: targets"] = target_rows(found, whole)
    if everything is not None:
        result[f"render --all, {settings}"] = [
            {
                "cold s": round(everything.wall, 2),
                "cold CPU s": round(everything.cpu, 2),
                "peak MB": round(everything.memory / 1e6),
            }
        ]
    if growth:
        result[f"{GROWING}, cold, as its recording grows"] = list(growth)
    return result


if __name__ == "__main__":
    main()
