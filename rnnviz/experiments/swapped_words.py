"""The network of a trace on its sentence with one word swapped for another that can stand there.

A gradient says what a small change of an input would do. A word that is swapped is no small change:
all of it goes, and another comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.experiments.studies import study_of, with_gap
from rnnviz.experiments.variants import Experiment, variant, without_gradients
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class Swaps(ShortRepr):
    """The answers of a network to a sentence, and to the same with each word swapped.

    ``others`` are, at each position, the words that were put there: those that the task's sentences
    have at this position, which are all other words that decide answers, all other fillers, or none
    where every sentence has the same word. ``right`` is the probability of the right answer to the
    sentence as it was; ``swapped`` that of the same answer, and ``answers`` the most probable
    answer, with each of the ``others``.

    Shapes: swapped, answers position × other
    Units:  probabilities
    """

    words: tuple[str, ...]
    answer: str
    right: float
    others: tuple[tuple[str, ...], ...]
    swapped: tuple[np.ndarray, ...]
    answers: tuple[tuple[str, ...], ...]

    @property
    def importance(self) -> np.ndarray:
        """The mean of |p(swapped) − p| of the right answer over the swaps at each position.

        0 at a position without another word.

        Shapes: → (position,)
        """
        changes = [np.abs(each - self.right) for each in self.swapped]
        return np.array([change.mean() if change.size else 0.0 for change in changes])

    @property
    def flips(self) -> np.ndarray:
        """The share of the swaps at each position that change the answer: (position,)."""
        changed = [[other != self.answer for other in row] for row in self.answers]
        return np.array([np.mean(row) if row else 0.0 for row in changed])


def swapped(position: int, word: str) -> Experiment:
    """Run the network on its sentence with another word at a position, counted from 0.

    Raises: TraceError if the trace has no such position or no such word among its inputs
    """

    def experiment(trace: Trace) -> Trace:
        words = list(_words(trace))
        if not 0 <= position < len(words):
            raise TraceError(
                f"there is no position {position}; the sentence has {len(words)} words, counted "
                "from 0"
            )
        words[position] = word
        return _run(trace, [words])

    return experiment


def swaps(trace: Trace) -> Swaps:
    """Swap each word of a trace's sentence for every other that can stand there.

    The answers are those to the last word. All sentences are run together, from the state zero and
    without gradients.

    Raises: TraceError if the trace's task is not 'sentence'
    """
    words = _words(trace)
    others = tuple(_others(trace, position) for position in range(len(words)))
    sentences = [
        words,
        *[
            (*words[:position], other, *words[position + 1 :])
            for position, row in enumerate(others)
            for other in row
        ],
    ]
    run = _run(trace, sentences)
    assert run.y is not None
    right = int(trace.targets[-1, 0])
    labels = trace.metadata.output_labels
    own, *rest = run.y[-1]
    ends = np.cumsum([len(row) for row in others])[:-1]
    groups = np.split(np.array(rest).reshape(-1, len(labels)), ends)
    return Swaps(
        words=words,
        answer=labels[int(own.argmax())],
        right=float(own[right]),
        others=others,
        swapped=tuple(group[:, right] for group in groups),
        answers=tuple(tuple(labels[best] for best in group.argmax(axis=1)) for group in groups),
    )


def swaps_with_words_between(trace: Trace) -> Swaps:
    """Swap the words of a sentence in which others come between the clue and the answer.

    The network is that of ``with_gap`` in the study of a trace.

    Raises: TaskError if the trace's task has no such story
    """
    return swaps(with_gap(study_of(trace)))


def _words(trace: Trace) -> tuple[str, ...]:
    if trace.metadata.task != "sentence" or not trace.metadata.step_labels:
        raise TraceError(
            f"the trace's task is {trace.metadata.task!r}, whose words cannot be swapped; record "
            "one with 'rnnviz record --task sentence'"
        )
    return tuple(trace.metadata.step_labels[0])


def _others(trace: Trace, position: int) -> tuple[str, ...]:
    """The other words that the task's sentences have at a position: clues, fillers or none."""
    from rnnviz.tasks.sentence import STORIES  # loads torch

    options = trace.metadata.task_options
    story = STORIES[options["story"], options["language"]]
    words = _words(trace)
    clue, end = len(story.before), len(words) - len(story.after)
    if position == clue:
        kind: Sequence[str] = tuple(story.answers)
    elif clue < position < end:
        kind = story.fillers
    else:
        return ()
    return tuple(word for word in dict.fromkeys(kind) if word != words[position])


def _run(trace: Trace, sentences: Sequence[Sequence[str]]) -> Trace:
    """The network on sentences of the same length, with the target of the trace's own."""
    place = {word: index for index, word in enumerate(trace.metadata.input_labels)}
    unknown = [word for sentence in sentences for word in sentence if word not in place]
    if unknown:
        raise TraceError(
            f"the network has no input for {unknown[0]!r}; choose one of {', '.join(place)}"
        )
    indices = np.array([[place[word] for word in sentence] for sentence in sentences]).T
    data = {
        "x": np.eye(trace.input_size, dtype=trace.x.dtype)[indices],
        "targets": np.repeat(trace.targets[:, :1], len(sentences), axis=1),
        "step_labels": tuple(map(tuple, sentences)),
    }
    run: Trace = variant(data=lambda _: data)(without_gradients(trace))
    return run
