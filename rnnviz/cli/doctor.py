"""``rnnviz doctor``."""

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import click

from rnnviz.cli.commands import StrictCommand
from rnnviz.cli.options import json_option
from rnnviz.cli.output import print_json

_LIBRARIES: Final = (
    "rnnviz",
    "manim",
    "torch",
    "numpy",
    "safetensors",
    "matplotlib",
    "vega_datasets",
    "typst",
    "pillow",
    "av",
    "pycairo",
)


@dataclass(frozen=True)
class Finding:
    """The result of one check, with a remedy if it failed."""

    what: str
    found: str
    ok: bool
    remedy: str = ""


@click.command("doctor", cls=StrictCommand)
@json_option
def command(as_json: bool) -> int:
    """Check the installation.

    This checks the libraries, fonts and cache, typesets some text and encodes a video. The exit
    status is 1 if a check fails.
    """
    findings = list(_findings())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok    " if finding.ok else "FAILED"
            click.echo(f"{mark} {finding.what}: {finding.found}")
    for finding in findings:
        if not finding.ok:
            click.echo(f"Error: {finding.what}: {finding.remedy}", err=True)
    return 0 if all(finding.ok for finding in findings) else 1


def _findings() -> Iterator[Finding]:
    yield Finding(
        "Python", platform.python_version(), sys.version_info >= (3, 11), "install Python 3.11+"
    )
    for name in _LIBRARIES:
        try:
            yield Finding(name, version(name), True)
        except PackageNotFoundError:
            yield Finding(name, "missing", False, f"install it: pip install {name}")
    yield _cache()
    yield _attempt("text", "typeset in the built-in font", "reinstall rnnviz and typst", _typeset)
    yield _attempt("video", "encoded a frame", "reinstall av: pip install --force av", _encode)


def _cache() -> Finding:
    from rnnviz.errors import RnnvizError
    from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, cache_folder
    from rnnviz.system.cache import bound, try_out

    folder = cache_folder()
    remedy = (
        f"make the folder writable and your own, free disk space, or set {FOLDER_VARIABLE} to "
        "another folder"
    )
    try:
        bound()
        try_out(folder)
        recordings = list(folder.glob("*.safetensors"))
        size = sum(file.stat().st_size for file in recordings)
        for file in recordings:
            file.open("rb").close()
    except (OSError, RnnvizError) as error:
        return Finding("cache", f"{folder} cannot be used: {error}", False, remedy)
    return Finding("cache", f"{folder} ({len(recordings)} recordings, {size / 1e6:.1f} MB)", True)


def _attempt(what: str, success: str, remedy: str, action: Callable[[Path], None]) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        try:
            action(Path(folder))
        except Exception as error:  # any failure is a finding
            return Finding(what, f"failed: {error}", False, remedy)
    return Finding(what, success, True)


def _typeset(folder: Path) -> None:
    from rnnviz.mobjects.text import formula, label
    from rnnviz.mobjects.theme import DARK
    from rnnviz.rendering.manim_adapter.settings import manim_settings

    with manim_settings(folder, "l"):
        label("循环 recurrent", color=DARK.color("text"))
        formula("h_t = tanh(U x_t)", color=DARK.color("text"))


def _encode(folder: Path) -> None:
    import av
    import numpy as np

    with av.open(str(folder / "one.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
