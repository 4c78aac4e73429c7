"""``rnnviz cache``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rnnviz.cli.commands import StrictCommand
from rnnviz.cli.options import json_option
from rnnviz.cli.output import print_json


@click.group("cache")
def command() -> None:
    """Show or clear the cache.

    It holds rendered beats, render manifests, typeset text and recordings.
    """


@command.command(cls=StrictCommand)
@json_option
def info(as_json: bool) -> None:
    """Show the location, contents and size limit of the cache."""
    from rnnviz.experiments.default_recordings import cache_folder
    from rnnviz.system.cache import Cache

    cache = Cache(cache_folder())
    held, recordings = cache.held(), _recordings(cache.folder)
    size = _size(recordings)
    if as_json:
        print_json(
            {
                "folder": str(cache.folder),
                "beats": held.beats,
                "renders": held.renders,
                "texts": held.texts,
                "size": held.size,
                "bound": held.bound,
                "oldest": None if held.oldest is None else _local_time(held.oldest).isoformat(),
                "recordings": len(recordings),
                "recordings_size": size,
            }
        )
        return
    click.echo(str(cache.folder))
    click.echo(
        f"{held.beats} beats, {held.renders} render manifests, {held.texts} texts: "
        f"{_megabytes(held.size)} of at most {_megabytes(held.bound)}"
    )
    if held.oldest is not None:
        click.echo(f"least recently used: {_local_time(held.oldest):%Y-%m-%d %H:%M}")
    click.echo(f"{len(recordings)} recordings: {_megabytes(size)}, not counted in the limit")


@command.command(cls=StrictCommand)
@click.option("--recordings", is_flag=True, help="Also remove the recordings of trained networks.")
def clear(recordings: bool) -> None:
    """Remove cached renders; recordings are kept unless requested."""
    from rnnviz.experiments.default_recordings import cache_folder
    from rnnviz.system.cache import Cache, remove

    cache = Cache(cache_folder())
    size = cache.clear()
    if recordings:
        files = _recordings(cache.folder)
        size += _size(files)
        for file in files:
            remove(file)
    click.echo(f"removed {_megabytes(size)} from {cache.folder}")


def _recordings(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _size(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _local_time(seconds: float) -> Any:
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
