"""``rnnviz explore``."""

from pathlib import Path
from typing import Any, Final

import click

from rnnviz.cli.commands import NearChoice, SectionedCommand
from rnnviz.cli.network_options import network_options, sections, take_source
from rnnviz.cli.options import (
    LayerChoice,
    check_places,
    font_option,
    language_option,
    notation_option,
    output_option,
    place_options,
    places_from_zero,
    theme_option,
)
from rnnviz.cli.output import progress_bar
from rnnviz.cli.scene_traces import trace_of
from rnnviz.cli.task_options import check_text
from rnnviz.scene.catalogue import SCENES

_OTHER_LAYER: Final = ("layer",)
"""The option of models that an option of the page stands for as well."""
_SECTIONS: Final = {
    "Result": (
        *(
            "output",
            "scene",
            "compare",
            "layer",
            "direction",
            "sequence",
            "language",
            "theme",
            "notation",
            "fonts",
        ),
    ),
    **sections(without=_OTHER_LAYER),
}


@click.command("explore", cls=SectionedCommand, sections=_SECTIONS)
@click.argument("trace_file", metavar="[TRACE]", required=False)
@network_options(without=_OTHER_LAYER)
@output_option("Output file (.html).")
@click.option(
    "--scene", type=NearChoice(tuple(SCENES)), help="Open the page on what this scene shows."
)
@click.option("--compare", metavar="TRACE", help="A recording to draw beside this one.")
@place_options(layer=1, direction="forward", sequence=1)
@font_option
@language_option()
@theme_option("light")
@notation_option
def command(
    trace_file: str | None,
    output: str,
    scene: str | None,
    compare: str | None,
    layer: LayerChoice,
    direction: str,
    sequence: int,
    fonts: tuple[Any, ...],
    language: str,
    theme: str,
    notation: Any,
    **options: Any,
) -> None:
    """Write a live page: the network, to be changed and looked into.

    The page is one HTML file that works offline; the recorded network runs in it. Without TRACE, a
    network is trained and recorded first, and the recording is cached; with --model, your own model
    is recorded.
    """
    from rnnviz.errors import ExportError
    from rnnviz.explorer import explore
    from rnnviz.explorer.starts import recording_for
    from rnnviz.system.files import atomic_write, check_place
    from rnnviz.trace import load

    source = take_source(options, () if trace_file is None else (trace_file,), layer=layer)
    check_text(source.task, fonts)
    target = Path(output)
    if target.suffix.lower() != ".html":
        raise ExportError(f"output {output!r} must end in .html")
    check_place(target, ExportError)
    with progress_bar("Recording") as report:
        task, training = recording_for(scene)
        trace = trace_of(
            source, task, language, lambda done, most, loss: report(done, most, ""), **training
        )
    other = None if compare is None else load(compare)
    places = places_from_zero(layer, direction, sequence)
    check_places(trace, **places)
    settings: dict[str, Any] = {"language": language, "theme": theme, "font": fonts, **places}
    page = explore(trace, notation=notation, scene=scene, compare=other, **settings)
    with atomic_write(target, ExportError) as temporary:
        temporary.write_text(page, encoding="utf-8")
    click.echo(str(target))
