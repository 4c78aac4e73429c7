"""Words of the captions, chosen by what was measured."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnviz import measure
from rnnviz.cells.rnn import Rnn
from rnnviz.experiments.studies import Starts, Study, clue_of
from rnnviz.experiments.swapped_words import Swaps
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say, in_a_caption
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace


def importance(swaps: Swaps, *, relative: bool = False) -> Mapping[int, float]:
    """Return ``swaps.importance`` by position, where there are others; or over its greatest."""
    scale = max(float(swaps.importance.max()), 1e-300) if relative else 1.0
    changes = enumerate(zip(swaps.others, swaps.importance, strict=True))
    return {place: float(change) / scale for place, (others, change) in changes if others}


def saliency(trace: Trace) -> Mapping[int, float]:
    """Return ‖∂L_t/∂x_k‖ of the last loss of a trace's first sequence over its greatest, by k."""
    felt = measure.input_saliency(trace)[-1, :, 0]
    return {place: float(each / max(felt.max(), 1e-300)) for place, each in enumerate(felt)}


def saliency_of(trace: Trace, window: Window) -> Mapping[int, float]:
    """Return ``saliency`` of the last recorded loss of a trace at the steps shown."""
    times = trace.loss_times
    assert times is not None
    row = int(np.flatnonzero(times <= window.steps[-1] - 1)[-1])
    felt = measure.input_saliency(trace)[row, window.indices, 0]
    return {place: float(each / max(felt.max(), 1e-300)) for place, each in enumerate(felt)}


def measure_names(swaps: Swaps, items: Mapping[str, str], say: Say) -> tuple[str, str]:
    """Return what ``importance`` and ``saliency`` are called."""
    changed = say("{item} swapped: mean change of the probability of “{answer}”")
    felt = say("gradient of the loss with respect to the {item}, greatest = 1")
    return changed.format(**items, answer=swaps.answer), felt.format(**items)


def clues(stories: Sequence[Trace], say: Say) -> str:
    """Return the word that decides a sentence, or the two words that decide two sentences."""
    found = [trace.metadata.step_labels[0][clue_of(trace)] for trace in stories]
    if len(found) == 1:
        return isolated(found[0])
    return say("{one} above, {other} below").format(
        one=isolated(found[0]), other=isolated(found[1])
    )


def what_a_swap_does(swaps: Swaps, clue: int, say: Say) -> str:
    """Say what the network answers with another word in the place of the one that decides."""
    answer = swaps.answers[clue][0]
    if answer == swaps.answer:
        return say("the answer stays {answer}.").format(answer=isolated(answer))
    return say("the answer flips from {before} to {after}.").format(
        before=isolated(swaps.answer), after=isolated(answer)
    )


def matters_most(swaps: Swaps, say: Say) -> str:
    """Name the word whose swaps alone change the answer, or change its probability most."""
    best = int(swaps.importance.argmax())
    alone = swaps.flips[best] == 1.0 and np.count_nonzero(swaps.flips) == 1
    text = say("Only “{word}” changes the answer.") if alone else say("“{word}” matters most.")
    return text.format(word=isolated(swaps.words[best]))


def own_measure_names(swaps: Swaps, items: Mapping[str, str], say: Say) -> tuple[str, str]:
    """Return what the two measures of any recording are called."""
    changed = say("{item} swapped: mean change of the answer, greatest = 1")
    return changed.format(**items), measure_names(swaps, items, say)[1]


def own_facts(swaps: Swaps, felt: Mapping[int, float], values: bool, say: Say) -> Mapping[str, str]:
    """Return what captions say of the swaps of any recording's inputs."""
    clue = most_important(swaps)
    steep = max(felt, key=felt.__getitem__)
    text = say("the gradient is largest at “{word}”, too.")
    if steep != clue:
        text = say("the gradient is largest at “{word}” instead.")
    before, after = (
        isolated(in_a_caption(each)) for each in (swaps.answer, swaps.answers[clue][0])
    )
    change = say("the answer flips from {before} to {after}.")
    if before == after:
        change = say("the answer stays {before}, but its probability changes.")
    if values:
        change = say("the prediction goes from {before} to {after}.")
    return {
        "clue": in_a_caption(isolated(swaps.words[clue])),
        "other": in_a_caption(isolated(swaps.others[clue][0])),
        "flip": change.format(before=before, after=after),
        "most": say("“{word}” matters most.").format(word=in_a_caption(swaps.words[clue])),
        "steepest": text.format(word=in_a_caption(swaps.words[steep])),
    }


def most_important(swaps: Swaps) -> int:
    """Return the position whose swaps change the answer most."""
    return int(swaps.importance.argmax())


def steepest(trace: Trace, swaps: Swaps, say: Say) -> str:
    """Name the word with the greatest gradient, and say whether it is that of the swaps.

    If not, it is said whether tanh is less saturated there than from the word of the swaps on.
    """
    felt = saliency(trace)
    best, matters = max(felt, key=felt.__getitem__), int(swaps.importance.argmax())
    if best == matters:
        text = say("The gradient is largest at “{word}”, too.")
    else:
        slopes = 1 - trace.h[0, 0, :, 0] ** 2
        text = say("The gradient is largest at “{word}”.")
        if slopes[best].mean() > slopes[matters:].mean(axis=-1).max():
            text = say("The gradient is largest at “{word}”: there tanh still has large slopes.")
    return text.format(word=isolated(swaps.words[best]))


def who_guesses(study: Study, cell: str, say: Say) -> str:
    """Say how many networks of a cell only guess at each gap after the first."""
    counts = (study.accuracies(cell) < study.near_chance).sum(axis=1)
    parts = [
        say("{count} with {gap} in between").format(gap=gap, count=count)
        for gap, count in zip(study.settings.gaps[1:], counts[1:], strict=True)
    ]
    return say(", ").join(parts)


def facts_of(
    study: Study, swaps: Swaps, starts: Starts, stories: Sequence[Trace], say: Say
) -> Mapping[str, str]:
    """Return what the captions say of the first of some stories and of all networks."""
    trace = stories[0]
    clue = clue_of(trace)
    default, chosen = starts.studies
    return {
        "clue": isolated(swaps.words[clue]),
        "clues": clues(stories, say),
        "other": isolated(swaps.others[clue][0]),
        "flip": what_a_swap_does(swaps, clue, say),
        "seeds": str(len(study.settings.seeds)),
        "guessing": who_guesses(study, Rnn.name, say),
        "gap": str(study.settings.gaps[-1]),
        **{cell: right_answers(study.accuracies(cell)[-1]) for cell in study.cells},
        "bias": f"{float(chosen or 0):g}",
        "gate": number(float(np.mean(starts.forget_gates(chosen)))),
        "lasting": number(float(np.median(starts.parts_left(chosen)))),
        "learnt": str(int(starts.learnt(chosen).sum())),
        "half": number(float(np.mean(starts.forget_gates(default)))),
        "faded": number(float(np.median(starts.parts_left(default)))),
        "later": str(starts.runs(default)[0].trace.steps - 1 - clue),
        "learnt_by_default": str(int(starts.learnt(default).sum())),
    }


def facts_between(trace: Trace, swaps: Swaps, say: Say) -> Mapping[str, str]:
    """Return what the captions say of a sentence with words in between, and of its swaps."""
    return {
        "between": str(trace.metadata.task_options["gap"]),
        "matters": matters_most(swaps, say),
        "steepest": steepest(trace, swaps, say),
    }


def right_answers(accuracies: np.ndarray) -> str:
    """Return the mean share of right answers as a percentage."""
    return percent(float(np.mean(accuracies)))


def start_texts(
    starts: Starts, facts: Mapping[str, str], items: Mapping[str, str], say: Say
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return the names of the starts, the titles of what they change, and who learnt."""
    names = say("bias ≈ 0"), say("bias {bias}").format(**facts)
    left = say("left after {later} {items} (median)").format(**facts, **items)
    titles = (
        say("kept per {item} at first").format(**items),
        left,
        say("LSTMs that learnt"),
    )
    count = say("{count} of {seeds}")
    counts = [
        count.format(count=int(starts.learnt(bias).sum()), seeds=len(starts.learnt(bias)))
        for bias in starts.studies
    ]
    return names, titles, counts
