"""``rnnviz sweep``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rnnviz.cli.options import NearChoice, print_json, progress_bar, scheduler_option

if TYPE_CHECKING:
    from rnnviz.companions.sweeps import Sweep

_TASKS: Final = ("temporal-order", "adding", "copying", "sentence")
_CELLS: Final = ("rnn", "gru", "lstm")
_INTERRUPTED: Final = 130


class _List(click.ParamType[tuple[Any, ...]]):
    """Several values of a type, with commas between."""

    name = "list"

    def __init__(self, each: click.ParamType[Any]) -> None:
        self._each = each

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        return tuple(self._each.convert(part, param, ctx) for part in str(value).split(","))


@click.command("sweep")
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
    type=_List(click.Choice(_CELLS)),
    default=",".join(_CELLS),
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
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "zh")),
    default="en",
    show_default=True,
    help="Language of the task.",
)
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

    FILE holds how well each does, and its gradient by lag. It is kept up to date: the same command
    goes on where it was left. 'rnnviz figure accuracy-by-gap --sweep FILE' draws it.
    """
    if jobs is not None and scheduler is not None:
        raise click.UsageError("Give --jobs or --scheduler, not both.")
    file = Path(output)
    if file.suffix != ".json":
        raise click.UsageError(f"{output!r} does not end in .json; name the file so.")

    from rnnviz.companions.sweeps import SweepSettings, sweep
    from rnnviz.workers import workers

    wanted = SweepSettings(seeds=tuple(range(1, seeds + 1)), **settings)
    try:
        with (
            progress_bar(f"Training on {wanted.task}") as report,
            workers(scheduler, jobs) as hands,
        ):
            made = sweep(wanted, file, hands, report)
    except KeyboardInterrupt:
        click.echo("Interrupted; what is finished is kept, the same command goes on.", err=True)
        ctx.exit(_INTERRUPTED)
    if as_json:
        print_json({"path": output, "reached": _reached(made)})
        return
    for each in _reached(made):
        click.echo(
            f"{each['cell'].upper():<4}  {each['length']:>5}  "
            f"{each['successes']} of {seeds} succeeded, score {each['score']:.3g}",
            err=True,
        )
    click.echo(output)


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
