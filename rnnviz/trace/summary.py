"""What a trace holds, in words: for the command line and for notebooks."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rnnviz.cells import cell
from rnnviz.system.json_fields import printable
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace.metadata import Metadata

_LISTED: Final = 8
_LABELS: Final = 40


@dataclass(frozen=True, repr=False)
class Summary(ShortRepr):
    """A trace without its numbers.

    ``sizes`` are those of its dims, None for one that it does not have; ``loss_times`` count from
    0.
    """

    identity: str
    metadata: Metadata
    sizes: Mapping[str, int | None]
    lengths: Sequence[int] | None
    loss_times: Sequence[int] | None
    shapes: Mapping[str, tuple[int, ...]]

    def rows(self) -> Iterator[tuple[str, str]]:
        """What is known, as names and text for a terminal; what there is not is left out."""
        yield from ((printable(name), printable(told)) for name, told in self._rows())

    def _rows(self) -> Iterator[tuple[str, str]]:
        data = self.metadata
        yield "network", f"{data.module} {data.layer!r}" if data.layer else data.module
        yield "cell", cell(data.cell, data.nonlinearity).description
        known = (f"{name} {size}" for name, size in self.sizes.items() if size is not None)
        yield "sizes", ", ".join(known)
        if data.output_layer is not None:
            yield "output layer", data.output_layer
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
        for name in ("task", "language", "seed", "epochs", "source"):
            value = getattr(data, name)
            if value not in (None, "") and (name != "language" or data.task):
                yield name, str(value)
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
        return "\n".join(f"{name:<{width}}  {' '.join(told.split())}" for name, told in rows)

    def html(self) -> str:
        """A table for notebooks, with the shapes of the fields folded away."""
        known = "".join(_row(name, told) for name, told in self.rows())
        fields = "".join(
            _row(name, " × ".join(map(str, shape))) for name, shape in sorted(self.shapes.items())
        )
        return (
            f"<table><caption>trace {html.escape(self.identity)}</caption>"
            f"<tbody>{known}</tbody></table>"
            f"<details><summary>fields</summary><table><tbody>{fields}</tbody></table></details>"
        )


def compact(numbers: Sequence[int]) -> str:
    """Numbers in a line: all of a few; the ends of evenly spaced ones, and of others."""
    if len(numbers) <= _LISTED:
        return ", ".join(map(str, numbers))
    gaps = {after - before for before, after in pairwise(numbers)}
    if gaps == {1}:
        return f"{numbers[0]} to {numbers[-1]}"
    told = f"{', '.join(map(str, numbers[:3]))}, … {numbers[-1]}"
    return told if len(gaps) == 1 else f"{told} ({len(numbers)} of them)"


def _row(name: str, told: str) -> str:
    return f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(told)}</td></tr>'
