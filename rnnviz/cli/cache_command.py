"""``rnnviz cache``: what is kept from earlier renders and recordings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import StrictCommand, print_json


@click.group("cache")
def command() -> None:
    """Show or clear what is kept to save time: beats, notes of renders, and recordings."""


@command.command(cls=StrictCommand)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(as_json: bool) -> None:
    """Show where the cache is, what it holds, and how much it may hold."""
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
                "texts": held.letters,
                "size": held.size,
                "bound": held.bound,
                "oldest": None if held.oldest is None else _when(held.oldest).isoformat(),
                "recordings": len(recordings),
                "recordings_size": size,
            }
        )
        return
    click.echo(str(cache.folder))
    click.echo(
        f"{held.beats} beats, {held.renders} notes of renders, {held.letters} texts: "
        f"{_megabytes(held.size)} of {_megabytes(held.bound)}"
    )
    if held.oldest is not None:
        click.echo(f"oldest used {_when(held.oldest):%Y-%m-%d %H:%M}")
    click.echo(f"{len(recordings)} recordings: {_megabytes(size)}, not counted in the bound")


@command.command(cls=StrictCommand)
@click.option("--recordings", is_flag=True, help="The recordings of trained networks as well.")
def clear(recordings: bool) -> None:
    """Remove what was rendered; recordings stay unless asked for."""
    from rnnviz.experiments.default_recordings import cache_folder
    from rnnviz.system.cache import Cache, remove

    cache = Cache(cache_folder())
    size = cache.clear()
    if recordings:
        kept = _recordings(cache.folder)
        size += _size(kept)
        for file in kept:
            remove(file)
    click.echo(f"removed {_megabytes(size)} from {cache.folder}")


def _recordings(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _size(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _when(seconds: float) -> Any:
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
