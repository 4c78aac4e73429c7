"""``rnnviz sweep``."""

from typing import TYPE_CHECKING, Any, Final

import click

from rnnviz.cells import names
from rnnviz.cli.commands import Integer, NearChoice, StrictCommand
from rnnviz.cli.exit_status import INTERRUPTED
from rnnviz.cli.options import (
    check_exclusive,
    check_output,
    epochs_option,
    forget_bias_option,
    hidden_option,
    jobs_option,
    json_option,
    output_option,
    scheduler_option,
    task_language_option,
)
from rnnviz.cli.output import print_json, progress_bar

if TYPE_CHECKING:
    from rnnviz.experiments.sweeps import Sweep

_TASKS: Final = ("temporal-order", "adding", "copying", "sentence")
_MAX_LENGTH: Final = 100_000
"""Steps of a sequence, all of which training keeps in memory."""
_MAX_NETWORKS: Final = 10_000
"""Networks of a sweep, all kept in one file, which is rewritten after each."""


class _List(click.ParamType[tuple[Any, ...]]):
    """A comma-separated list of distinct values."""

    name = "list"

    def __init__(self, each: click.ParamType[Any]) -> None:
        self._each = each

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        values = tuple(self._each.convert(part, param, ctx) for part in str(value).split(","))
        repeated = next((each for each in values if values.count(each) > 1), None)
        if repeated is not None:
            self.fail(f"{repeated} is listed twice; list it once", param, ctx)
        return values


@click.command("sweep", cls=StrictCommand)
@click.option("--task", type=NearChoice(_TASKS), default=_TASKS[0], help="Task to train on.")
@click.option(
    "--lengths",
    type=_List(Integer(min=0)),
    required=True,
    metavar="N,N,…",
    help="Sequence lengths in steps; delays for 'copying', gaps for 'sentence'.",
)
@click.option(
    "--cells",
    type=_List(click.Choice(names())),
    default=",".join(names()),
    metavar="CELL,…",
    help="Recurrent cells.",
)
@click.option(
    "--seeds",
    type=Integer(min=1),
    default=3,
    help="Number of random seeds per cell and length; the seeds are 1, 2, 3, ….",
)
@hidden_option
@epochs_option
@forget_bias_option
@task_language_option
@output_option("Output file (.json).")
@jobs_option("Number of processes to train with.")
@scheduler_option
@json_option
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
    """Train networks on sequences of several lengths and compare them.

    One network is trained for each cell, length and seed. The output file is updated after each
    network: run the same command again to resume, or with other lengths, cells or seeds to extend
    the file. For each network it holds the score, whether it succeeded, its epochs and units, and
    the gradient of the last loss by lag, before and after training. Draw the scores with 'rnnviz
    figure accuracy-by-gap --sweep FILE'.

    The score is measured on new sequences: the fraction of correct answers (for 'copying', of
    symbols recalled; for 'adding', the mean squared error of the sums). A network succeeds with a
    score of at least 0.95 (for 'adding', below 0.01). The summary shows the mean over all seeds.
    """
    from rnnviz.errors import SweepError

    check_exclusive(jobs=jobs, scheduler=scheduler)
    _check_size(settings["lengths"], settings["cells"], seeds)
    file = check_output(output, ".json", SweepError)

    from rnnviz.experiments.sweeps import SweepSettings, sweep
    from rnnviz.system.workers import workers

    requested = SweepSettings(seeds=tuple(range(1, seeds + 1)), **settings)
    on_interrupt = "Interrupted before a network was finished; run the same command to start again"
    try:
        with progress_bar("Training") as report, workers(scheduler, jobs) as pool:

            def report_network(done: int, most: int, network: str) -> None:
                nonlocal on_interrupt
                if done:
                    on_interrupt = (
                        f"Interrupted with {done} of {most} networks finished; run the same "
                        "command to resume"
                    )
                report(done, most, f"{done} of {most}: {network}")

            result = sweep(requested, file, pool, report_network)
    except KeyboardInterrupt:
        click.echo(on_interrupt, err=True)
        ctx.exit(INTERRUPTED)
    covered = result.settings
    if as_json:
        covers = {"lengths": covered.gaps, "cells": covered.cells, "seeds": covered.seeds}
        print_json({"path": output, **covers, "reached": _scores(result)})
        return
    click.echo(
        f"{output} covers lengths {','.join(map(str, covered.gaps))} of "
        f"{','.join(covered.cells)}, with {len(covered.seeds)} "
        f"seed{'s' * (len(covered.seeds) > 1)} each",
        err=True,
    )
    for each in _scores(result):
        click.echo(
            f"{each['cell'].upper():<4}  {each['length']:>5}  "
            f"{each['successes']} of {each['networks']} succeeded, score {each['score']:z.3g}",
            err=True,
        )
    click.echo(output)


def _check_size(lengths: tuple[int, ...], cells: tuple[str, ...], seeds: int) -> None:
    """Refuse a sweep that does not fit into memory or into one file."""
    if max(lengths) > _MAX_LENGTH:
        raise click.UsageError(
            f"the greatest length is {_MAX_LENGTH}, since training keeps every step in memory; "
            f"got {max(lengths)}"
        )
    networks = len(lengths) * len(cells) * seeds
    if networks > _MAX_NETWORKS:
        raise click.UsageError(
            f"a sweep holds at most {_MAX_NETWORKS} networks, since one file keeps them all; "
            f"got {networks} ({len(lengths)} lengths x {len(cells)} cells x {seeds} seeds)"
        )


def _scores(result: "Sweep") -> list[dict[str, Any]]:
    """Return the number of successes and the mean score for each cell and length."""
    return [
        {
            "cell": cell,
            "length": length,
            "successes": int(successes),
            "networks": len(scores),
            "score": float(scores.mean()),
        }
        for cell in result.cells
        for length, successes, scores in zip(
            result.settings.gaps, result.successes(cell), result.accuracies(cell), strict=True
        )
    ]
