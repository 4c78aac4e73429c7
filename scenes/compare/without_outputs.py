"""Comparing networks of which one has no output."""

from collections.abc import Mapping

from rnnviz.scenes.compare.storyboard import Compare

from rnnviz.trace import Trace


class CompareWithoutOutputs(Compare):
    """For recordings of which one has no output that is recorded."""

    answers = None

    @classmethod
    def plays(cls, trace: Trace, *others: Trace) -> bool:
        return any(each.y is None for each in (trace, *others))

    def answer_facts(self) -> Mapping[str, str]:
        return {}
