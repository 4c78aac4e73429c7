"""``rnnviz sweep``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rnnviz.cells import names
from rnnviz.cli.options import (
    NearChoice,
    StrictCommand,
    print_json,
    progress_bar,
    scheduler_option,
    task_language_option,
)

if TYPE_CHECKING:
    from rnnviz.experiments.sweeps import Sweep

_TASKS: Final = ("temporal-order", "adding", "copying", "sentence")
_LONGEST: Final = 100_000
"""Steps of a sequence: training holds all of them in memory."""
_MOST: Final = 10_000
"""Networks of a sweep: all of them stand in one file, which is written again after each."""
_INTERRUPTED: Final = 130


class _List(click.ParamType[tuple[Any, ...]]):
    """Several different values of a type, with commas between."""

    name = "list"

    def __init__(self, each: click.ParamType[Any]) -> None:
        self._each = each

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        values = tuple(self._each.convert(part, param, ctx) for part in str(value).split(","))
        twice = next((each for each in values if values.count(each) > 1), None)
        if twice is not None:
            self.fail(f"{twice} stands there twice; name each once.", param, ctx)
        return values


@click.command("sweep", cls=StrictCommand)
@click.option("--task", type=NearChoice(_TASKS), default=_TASKS[0], show_default=True)
@click.option(
    "--lengths",
    type=_List(click.IntRange(min=0)),
    required=True,
    metavar="N,N,…",
    help="Steps of a sequence; the delay of 'copying', the gap of 'sentence'.",
)
@click.option(
    "--cells",
    type=_List(click.Choice(names())),
    default=",".join(names()),
    show_default=True,
    metavar="CELL,…",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many: seeds 1, 2, 3, ….",
)
@click.option("--hidden", type=click.IntRange(min=1), help="Units.  [default: the task's]")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs at most.  [default: the task's]")
@task_language_option
@click.option("-o", "--output", required=True, metavar="FILE", help="A .json file.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="Processes that train.  [default: one a core]"
)
@scheduler_option
@click.option("--json", "as_json", is_flag=True, help="Say what was reached as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    output: str,
    seeds: int,
    jobs: int | None,
    scheduler: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train networks of every cell at every length, with several seeds each.

    FILE is kept up to date: the same command goes on where it was left, and other lengths, cells
    or seeds are added to those that it holds. Of each network it holds the score, whether it
    succeeded, its epochs and units, and the gradient of the last loss by lag, before and after
    training. 'rnnviz figure accuracy-by-gap --sweep FILE' draws the scores.

    The score is the share of right answers on sequences drawn after training ('copying': of the
    recalled symbols; 'adding': the mean squared error of the sums); what is told at the end is the
    mean of all seeds. A network succeeded if its score is 0.95 or more ('adding': below 0.01).
    """
    if jobs is not None and scheduler is not None:
        raise click.UsageError("Give --jobs or --scheduler, not both.")
    file = Path(output)
    if file.suffix != ".json":
        raise click.UsageError(f"{output!r} does not end in .json; name the file so.")
    _check_size(settings["lengths"], settings["cells"], seeds)

    from rnnviz.errors import SweepError
    from rnnviz.experiments.sweeps import SweepSettings, sweep
    from rnnviz.system.files import check_place
    from rnnviz.system.workers import workers

    check_place(file, SweepError)
    wanted = SweepSettings(seeds=tuple(range(1, seeds + 1)), **settings)
    interrupted = "Interrupted before a network was finished; the same command begins again."
    try:
        with progress_bar("Training") as report, workers(scheduler, jobs) as pool:

            def tell(done: int, most: int, which: str) -> None:
                nonlocal interrupted
                if done:
                    kept = f"{done} of {most} networks are kept"
                    interrupted = f"Interrupted; {kept}, the same command goes on."
                report(done, most, f"{done} of {most}: {which}")

            made = sweep(wanted, file, pool, tell)
    except KeyboardInterrupt:
        click.echo(interrupted, err=True)
        ctx.exit(_INTERRUPTED)
    held = made.settings
    if as_json:
        covers = {"lengths": held.gaps, "cells": held.cells, "seeds": held.seeds}
        print_json({"path": output, **covers, "reached": _reached(made)})
        return
    click.echo(
        f"{output} covers lengths {','.join(map(str, held.gaps))} of {','.join(held.cells)}, with "
        f"{len(held.seeds)} seed{'s' * (len(held.seeds) > 1)} each",
        err=True,
    )
    for each in _reached(made):
        click.echo(
            f"{each['cell'].upper():<4}  {each['length']:>5}  "
            f"{each['successes']} of {each['networks']} succeeded, score {each['score']:z.3g}",
            err=True,
        )
    click.echo(output)


def _check_size(lengths: tuple[int, ...], cells: tuple[str, ...], seeds: int) -> None:
    """Refuse what no machine trains, or no file holds."""
    if max(lengths) > _LONGEST:
        raise click.UsageError(
            f"A length is {max(lengths)}, but training holds every step of a sequence in memory; "
            f"choose lengths up to {_LONGEST}."
        )
    networks = len(lengths) * len(cells) * seeds
    if networks > _MOST:
        raise click.UsageError(
            f"{networks} networks are asked for (lengths x cells x seeds: {len(lengths)} x "
            f"{len(cells)} x {seeds}), but all of them stand in one file, which is written again "
            f"after each; choose {_MOST} networks or fewer."
        )


def _reached(made: "Sweep") -> list[dict[str, Any]]:
    """For every cell and length how many networks succeeded, and their mean score."""
    return [
        {
            "cell": cell,
            "length": length,
            "successes": int(successes),
            "networks": len(scores),
            "score": float(scores.mean()),
        }
        for cell in made.cells
        for length, successes, scores in zip(
            made.settings.gaps, made.successes(cell), made.accuracies(cell), strict=True
        )
    ]
