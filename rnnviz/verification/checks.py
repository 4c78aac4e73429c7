"""All checks of a trace, in order."""

from collections.abc import Iterator
from typing import Any

from rnnviz.system.progress import current_report
from rnnviz.trace import Trace
from rnnviz.verification.difference_checks import check_differences
from rnnviz.verification.field_checks import check_fields
from rnnviz.verification.input_checks import check_inputs
from rnnviz.verification.own_code import OwnChecks
from rnnviz.verification.recomputed import Recomputed
from rnnviz.verification.report import Check, Report
from rnnviz.verification.rounding import Rounding
from rnnviz.verification.table_checks import check_tables, count_blocks


def verify(trace: Trace, *, model: Any = None, inputs: Any = None, states: Any = None) -> Report:
    """Compute every field of a trace again in float64, and compare.

    Each step is computed from the recorded state before it, and the gradients from the recorded
    immediate gradients. These are compared themselves where the loss and what follows the layer
    are known: a loss by name, and one Linear. Otherwise they are reported as not checked, and
    everything recurrent is still checked. Every entry is compared, those of tables a block of
    rows at a time; only finite differences are those of sampled entries.

    A relative error is that of a vector (the last axis), so that a wrong number shows among much
    larger ones too; the gradient at what a loss does not depend on must be exactly zero. A number
    that is a small difference of large ones, as for a class that is almost certain or a saturated
    gate, may be off by the effect of sixteen roundings of its terms, which is found by rounding
    them at random.
    A gradient that vanishes on its way back (``precision.vanished``) is not checked before that
    step.

    Values computed in half precision may be off by sixteen of its roundings; float32 values made
    from them have float32's tolerance. Progress goes to ``rnnviz.system.progress.reported``.

    The equations of a custom cell are not known here. Its gradients by loss are compared with a
    product of the recorded Jacobians. With its ``model``, the model's own code is run again: each
    step from the recorded state before it, and with nudged states, inputs and weights for finite
    differences. ``inputs`` are those of ``record``, needed if not all of them were arrays, and
    ``states`` too, needed if a function picked them. The report says what each check proves.

    Raises: RecordingError if the model is not the recorded one
    """
    if trace.is_custom:
        code = None
        if model is not None:
            from rnnviz.recording.custom.rerunning import OwnModel  # loads torch

            code = OwnModel.of(trace, model, inputs, states)
        return Report(tuple(OwnChecks(trace, code).all()))
    return Report(tuple(_checks(Recomputed(trace))))


class _Progress:
    """Reports each part of the work: how many are done, of about how many, and which it was."""

    def __init__(self, parts: int):
        self._done, self._parts = 0, parts

    def __call__(self, part: str) -> None:
        self._done += 1
        if report := current_report():
            report(self._done, max(self._done, self._parts), part)


def _checks(known: Recomputed) -> Iterator[Check]:
    trace, rounding = known.trace, Rounding(known)
    parts = len(trace.arrays())
    if trace.has_gradients:
        parts += len(trace.parameters) + count_blocks(known) + 4
    progress = _Progress(parts)
    checks = [check_inputs(known), check_fields(known, rounding)]
    if trace.has_gradients:
        checks += [check_tables(known, rounding, progress), check_differences(known, rounding)]
    for part in checks:
        for check in part:
            progress(check.field)
            yield check
