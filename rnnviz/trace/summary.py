"""A summary of a trace in words, for the command line and for notebooks."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rnnviz.cells import cell
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.plain_text import printable
from rnnviz.trace.metadata import Metadata

if TYPE_CHECKING:
    from rnnviz.trace.trace import Trace

_LISTED: Final = 8
_LABELS: Final = 40


@dataclass(frozen=True, repr=False)
class Summary(ShortRepr):
    """A trace without its numbers.

    ``sizes`` are those of its dims, None for one that it lacks; ``loss_times`` count from 0.
    """

    identity: str
    metadata: Metadata
    sizes: Mapping[str, int | None]
    lengths: Sequence[int] | None
    loss_times: Sequence[int] | None
    shapes: Mapping[str, tuple[int, ...]]

    def rows(self) -> Iterator[tuple[str, str]]:
        """Names and values as text for a terminal, without those that the trace lacks."""
        yield from ((printable(name), printable(value)) for name, value in self._rows())

    def _rows(self) -> Iterator[tuple[str, str]]:
        data = self.metadata
        yield "network", f"{data.module} {data.layer!r}" if data.layer else data.module
        yield "cell", cell(data.cell, data.nonlinearity).description
        if data.states:
            yield "states", ", ".join(map(str, data.states))
            yield "input", data.step_input
        if data.cuts:
            steps = compact([step + 1 for step in data.cuts])
            yield "cut by the model", f"before steps {steps}"
        known = (f"{name} {size}" for name, size in self.sizes.items() if size is not None)
        yield "sizes", ", ".join(known)
        if data.output_layer is not None:
            reads = f", of {', '.join(data.output_reads)}" if data.output_reads else ""
            yield "output layer", f"{data.output_layer}{reads}"
        elif self.sizes["output"] is None:
            yield "output", "none that has a place in the layer's time"
        if data.effective:
            yield "made of parameters", ", ".join(data.effective)
        if data.shared:
            yield "shared", ", ".join(f"{name} is {first}" for name, first in data.shared.items())
        if self.lengths is not None:
            yield "lengths", compact(self.lengths)
        summed = "of the whole batch" if data.reduction == "batch" else "summed over the batch"
        yield "loss", f"{data.loss}, {summed}"
        if self.loss_times is not None:
            yield "loss times, from 1", compact([time + 1 for time in self.loss_times])
        else:
            yield "gradients", "none"
        yield "mode", "training" if data.training else "evaluation"
        yield "ran on", f"{data.device}, {data.dtype}"
        for name in ("task", "language", "seed", "forget_bias", "epochs", "source"):
            value = getattr(data, name)
            if value not in (None, "") and (name != "language" or data.task):
                yield name.replace("_", " "), str(value)
        if data.accuracy is not None:
            yield data.accuracy_name or "accuracy", f"{data.accuracy:z.4g}"
        if data.step_labels:
            labels = data.step_labels[0]
            yield "sequence", " ".join(labels[:_LABELS]) + " …" * (len(labels) > _LABELS)
        yield "versions", ", ".join(f"{name} {number}" for name, number in data.versions.items())

    def __str__(self) -> str:
        """A table in plain text."""
        rows = [("trace", self.identity), *self.rows()]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {' '.join(value.split())}" for name, value in rows)

    def html(self) -> str:
        """Return a table for notebooks, with the shapes of the fields folded away."""
        known = "".join(_row(name, value) for name, value in self.rows())
        fields = "".join(
            _row(name, " × ".join(map(str, shape))) for name, shape in sorted(self.shapes.items())
        )
        return (
            f"<table><caption>trace {html.escape(self.identity)}</caption>"
            f"<tbody>{known}</tbody></table>"
            f"<details><summary>fields</summary><table><tbody>{fields}</tbody></table></details>"
        )


def summary_of(trace: "Trace") -> Summary:
    """Summarize a trace."""
    sizes = {
        "steps": trace.steps,
        "batch": trace.batch,
        "layers": trace.layers,
        "directions": trace.directions,
        "input": trace.input_size,
        "hidden": trace.hidden_size,
        "cell": trace.cell_size,
        "output": None if trace.y is None else trace.output_size,
    }
    return Summary(
        trace.identity,
        trace.metadata,
        sizes,
        None if trace.lengths is None else trace.lengths.tolist(),
        None if trace.loss_times is None else trace.loss_times.tolist(),
        {name: array.shape for name, array in trace.arrays().items()},
    )


def line_of(trace: "Trace") -> str:
    """Describe a trace in one line."""
    data = trace.metadata
    layers = _counted(trace.layers, "layer")
    parts = [
        cell(data.cell, data.nonlinearity).full_title,
        f"{layers} in two directions" if trace.directions == 2 else layers,
        _counted(trace.hidden_size, "unit"),
        _counted(trace.steps, "step"),
        _counted(trace.batch, "sequence"),
        data.loss,
        data.dtype,
        "no gradients"
        if trace.loss_times is None
        else f"gradients of {_counted(len(trace.loss_times), 'loss', 'losses')}",
    ]
    return f"<Trace: {', '.join(parts)}>"


def compact(numbers: Sequence[int]) -> str:
    """Return numbers as a line: all of a few, otherwise the first and the last ones."""
    if len(numbers) <= _LISTED:
        return ", ".join(map(str, numbers))
    gaps = {after - before for before, after in pairwise(numbers)}
    if gaps == {1}:
        return f"{numbers[0]} to {numbers[-1]}"
    ends = f"{', '.join(map(str, numbers[:3]))}, … {numbers[-1]}"
    return ends if len(gaps) == 1 else f"{ends} ({len(numbers)} of them)"


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _row(name: str, value: str) -> str:
    return f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
