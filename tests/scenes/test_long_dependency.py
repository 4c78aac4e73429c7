"""What the scene of long dependencies shows and says is what was recorded and measured."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from layouts import overlap_of_turned
from manim import Dot
from often import NETWORKS

from rnnviz import measure
from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.studies import other_stories, starts_of, study_of
from rnnviz.experiments.swapped_words import swaps
from rnnviz.mobjects.emphasis import REST
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.text import Ink
from rnnviz.mobjects.theme import DARK
from rnnviz.mobjects.word_lane import WordLane
from rnnviz.recording import rerun
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "long-dependency"


@pytest.fixture(params=NETWORKS)
def trace_of(request, default_trace_of, changed_trace_of):
    return default_trace_of if request.param == "as recorded" else changed_trace_of


@pytest.fixture(scope="module")
def study(default_trace_of):
    return study_of(default_trace_of(NAME))


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def saliency(trace):
    """‖∂L/∂x_k‖ of the last loss."""
    return np.linalg.norm(trace.grad_x_by_loss[-1, :, 0], axis=-1)


def words_of(lane):
    return [word.text for word in lane.words]


def look(scene):
    parts = [part for mobject in scene.mobjects for part in mobject.get_family()]
    shown = {id(part) for part in parts}
    lane = scene.lane
    seen = {
        "facts": dict(scene.facts()),
        "texts": [part.text for part in parts if isinstance(part, Ink)],
        "words": words_of(lane),
        "whole": all(id(word) in shown for word in lane.words),
        "ringed": id(lane.ring) in shown and words_of(lane)[lane.shown.index(lane.clue)],
        "ring": lane.ring.get_x() - lane.clue_word.get_x(),
    }
    if hasattr(scene, "swapped"):
        seen["numbers"] = [ink.text for ink in scene.swapped.numbers]
        seen["other"] = scene.swapped.other.text, scene.swapped.other_answer.text
    if hasattr(scene, "bars"):
        seen["bars"] = [np.array([bar.height for bar in bars]) for bars in scene.bars.bars]
        seen["greatest"] = [ink.text for ink in scene.bars.numbers]
        seen["resting"] = [word.text for word in scene.bars.resting]
        seen["opacity"] = scene.bars.resting[0].submobjects[0].get_fill_opacity()
    if hasattr(scene, "strands"):
        seen["strands"] = [strand.get_stroke_color().to_hex() for strand in scene.strands.strands]
        seen["distance"] = lane.box.get_x() - lane.ring.get_x()
    if hasattr(scene, "axes"):
        axes = scene.axes
        seen["widths"] = {cell: one.line.get_stroke_width() for cell, one in axes.results.items()}
        seen["scale"] = axes.height_at(0.0), axes.height_at(1.0)
        seen["chance"] = float(axes.chance.line.get_y()), axes.chance.title.text
        seen["answers"] = {
            cell: (heights(one.dots), one.line.get_anchors(), colors(one.dots))
            for cell, one in axes.results.items()
        }
        dots = [part for part in parts if isinstance(part, Dot)]
        seen["dots"] = sorted(float(dot.get_y()) for dot in dots)
        seen["filled"] = [dot.get_fill_color().to_hex() for dot in dots]
    return seen


def heights(dots):
    return np.array([dot.get_y() for dot in dots])


@pytest.fixture(scope="module")
def seen(perform):
    return perform(NAME, look)


@pytest.fixture(scope="module")
def facts(seen):
    return seen["swap_each"]["facts"]


def run_by_hand(trace, words):
    """The probabilities of the last answer to other words, by a run of the network."""
    x = np.zeros((len(words), 1, trace.input_size))
    for step, word in enumerate(words):
        x[step, 0, trace.metadata.input_labels.index(word)] = 1
    return rerun(trace, {}, x=x, targets=trace.targets[:, :1]).y[-1, 0]


def test_the_word_that_decides_is_ringed_and_its_swap_was_run(trace_of, perform):
    trace = trace_of(NAME)
    seen = perform(NAME, look, trace)
    first, swapped = seen["one_word_decides"], seen["swapped_word"]
    words = list(trace.metadata.step_labels[0])
    assert first["words"] == words
    assert all(screen["ringed"] == "Beijing" for screen in seen.values() if screen["ringed"])
    assert first["ringed"] == first["facts"]["clues"] == "Beijing"
    assert abs(first["ring"]) < 0.01
    assert "Chinese" in first["texts"]
    right = trace.metadata.output_labels.index("Chinese")
    own = run_by_hand(trace, words)
    other = run_by_hand(trace, [*words[:3], "Paris", *words[4:]])
    answer = trace.metadata.output_labels[int(other.argmax())]
    assert swapped["other"] == ("Paris", answer)
    assert swapped["numbers"] == [f"Chinese: {percent(float(y[right]))}" for y in (own, other)]
    before = trace.metadata.output_labels[int(own.argmax())]
    told = "stays " + before if answer == before else f"flips from {before} to {answer}"
    assert first["facts"]["flip"] == f"the answer {told}."


def test_the_bars_are_what_swaps_change_and_the_gradient(seen, study):
    trace = study.best("rnn", 10).trace
    screen = seen["beside_the_gradient"]
    words = list(trace.metadata.step_labels[0])
    assert screen["words"] == words
    found = swaps(trace)
    changed, felt = screen["bars"]
    right = trace.metadata.output_labels.index("Chinese")
    own = run_by_hand(trace, words)[right]
    means = {}
    for place in range(3, 14):  # Beijing and the words in between
        others = found.others[place]
        assert len(others) == (5 if place == 3 else 14)
        ends = [run_by_hand(trace, [*words[:place], one, *words[place + 1 :]]) for one in others]
        assert ("Chinese" in {trace.metadata.output_labels[int(end.argmax())] for end in ends}) == (
            place != 3
        )
        means[place] = np.mean([abs(end[right] - own) for end in ends])
    values, norms = np.array(list(means.values())), saliency(trace) / saliency(trace).max()
    unit = felt.max()
    np.testing.assert_allclose(changed, np.maximum(values * unit, 0.015), atol=1e-6)
    np.testing.assert_allclose(felt, np.maximum(norms * unit, 0.015), atol=1e-6)
    assert screen["greatest"] == [f"{means[3]:.2f}", "1.00"]
    assert max(means, key=means.get) == 3
    assert words[norms.argmax()] == "I"
    slopes = (1 - trace.h[0, 0, :, 0] ** 2).mean(axis=1)
    assert slopes[0] > 0.9 > 0.5 > slopes[4:].max()  # not yet saturated at the first word
    assert screen["facts"]["between"] == "10"


def test_words_without_another_rest_while_the_others_are_swapped(seen):
    assert seen["swap_each"]["resting"] == ["I", "live", "in", "so", "I", "can", "speak"]
    assert seen["swap_each"]["opacity"] == pytest.approx(REST)
    assert seen["beside_the_gradient"]["opacity"] == pytest.approx(1.0)


def test_both_stories_are_shown_if_there_are_two(perform, default_trace_of):
    seen = perform(NAME, look, language="zh")["one_word_decides"]
    others = other_stories(default_trace_of(NAME, "zh"))
    for trace in (default_trace_of(NAME, "zh"), *others):
        for word in (*trace.metadata.step_labels[0], trace.metadata.target_labels[0][-1]):
            assert word in seen["texts"]
    assert "北京" in seen["facts"]["clues"]
    assert "电脑" in seen["facts"]["clues"]


def test_words_push_the_clue_away_and_strands_snap_where_a_network_guesses(seen, study):
    (run, *_) = study.of("rnn", 20)
    screen = seen["pushed_apart"]
    assert screen["words"] == list(run.trace.metadata.step_labels[0])
    assert len(screen["words"]) == 28
    assert screen["whole"]
    assert screen["ringed"] == "Beijing"
    assert "20 words added" in screen["texts"]
    accuracies = study.accuracies("rnn")
    guess = (accuracies < 1.5 / 6).sum(axis=1)
    whole = DARK.color("rnn").to_hex()
    assert [color != whole for color in screen["strands"]] == [False] * (5 - guess[-1]) + [
        True
    ] * int(guess[-1])
    told = f"{guess[1]} with 10 in between, {guess[2]} with 20 in between"
    assert screen["facts"]["guessing"] == told


def test_answers_stand_at_their_heights_by_gap(seen, study):
    found = seen["with_gates"]
    low, high = found["scale"]
    widths = {}
    for cell in ("rnn", "lstm", "gru"):
        accuracies = np.array([run.trace.metadata.accuracy for run in study.of(cell)])
        ys, line, fills = found["answers"][cell]
        line = np.array(line)
        np.testing.assert_allclose(ys, low + accuracies * (high - low), atol=1e-6)
        means = accuracies.reshape(3, 5).mean(axis=1)
        expected = low + means * (high - low)
        assert all(np.abs(line[:, 1] - y).min() < 1e-6 for y in expected)
        widths[cell] = found["widths"][cell]
        filled = [fill != DARK.ground.upper() for fill in fills]
        assert filled == [bool(accuracy >= 0.95) for accuracy in accuracies]
        assert all(np.abs(np.array(found["dots"]) - y).min() < 1e-5 for y in ys)
    assert widths["lstm"] > widths["gru"]  # the same means: both lines are seen
    assert widths["rnn"] == widths["gru"]
    y, name = found["chance"]
    assert y == pytest.approx(low + (high - low) / 6)
    assert name == "chance 17%"


def test_the_rows_of_starts_are_what_was_recorded(seen, default_trace_of):
    screen, starts = seen["another_start"], starts_of(default_trace_of(NAME))
    facts = screen["facts"]
    for bias, told in ((None, facts["faded"]), (4.0, facts["lasting"])):
        gates, left = [], []
        for run in starts.runs(bias):
            f = measure.gates(run.untrained)["f"][:, 0]
            gates.append(f.mean())
            left.append(np.prod(f[4:], axis=0))  # the clue is the fourth word
        assert number(float(np.mean(gates))) in screen["texts"]
        assert number(float(np.median(left))) == told
        assert told in screen["texts"]
        learnt = sum(run.trace.metadata.accuracy >= 0.95 for run in starts.runs(bias))
        assert f"{learnt} of 5" in screen["texts"]
    (run, *_) = starts.runs(None)
    assert run.trace.steps == 4 + 20 + 4  # up to the clue, added, after it
    assert "left after 24 words (median)" in screen["texts"]
    filled = [color != DARK.ground.upper() for color in screen["filled"]]
    assert filled == [False] * 5 + [True] * 5
    assert facts["gate"] == number(1 / (1 + np.exp(-4)))
    assert np.prod([0.5] * 24) == pytest.approx(np.median(starts.parts_left(None)), rel=0.2)
    assert {f"{each} of 5" for each in (0, 5)} <= set(screen["texts"])
    assert "5 of 5" not in seen["the_start"]["texts"]
    assert (facts["learnt_by_default"], facts["learnt"], facts["bias"]) == ("0", "5", "4")


def test_the_captions_numbers_are_those_of_the_study(facts, study):
    for cell in study.cells:
        assert facts[cell] == percent(float(study.accuracies(cell)[-1].mean()))
    assert (facts["gap"], facts["seeds"]) == ("20", "5")


def test_the_lesson_holds_on_the_default_study(facts, study):
    """Plain RNNs all learn without a gap, and at the greatest all but one of five only guess; all
    LSTMs and GRUs learn it. Only Beijing changes the answer, which the gradient misses.
    """
    plain = study.accuracies("rnn")
    assert (plain[0] == 1).all()
    assert (plain[-1] < study.near_chance).sum() == 4
    for cell in ("lstm", "gru"):
        assert study.learnt(cell).all()
    assert facts["flip"] == "the answer flips from Chinese to French."
    assert facts["matters"] == "Only “Beijing” changes the answer."
    told = "The gradient is largest at “I”: there tanh still has large slopes."
    assert facts["steepest"] == told


def test_a_sentence_with_very_many_words_shows_its_beginning_its_end_and_the_clue():
    words = [f"w{index}" for index in range(300)]
    lane = WordLane(words, "end", DARK, clue=3).with_answer()
    assert words_of(lane) == [*words[:20], "…", *words[-20:]]
    assert lane.width <= 13.4
    far = WordLane(words, "end", DARK, clue=150)
    assert words_of(far) == ["w150", "…", *words[-38:]]


def test_words_without_room_side_by_side_hang_in_their_order():
    fillers = "and every day we walk along the river with old friends reading many good books"
    words = ["I", "live", "in", "Beijing", *fillers.split(), *fillers.split()[:5], "so", "I"]
    lane = WordLane(words, "Chinese", DARK, clue=3)
    hanging = [word for word in lane.words if word is not lane.clue_word]
    assert lane.clue_word.slant == 0 < lane.slant
    assert {word.slant for word in hanging} == {lane.slant}
    assert words_of(lane) == words
    ends = [word.corners[1:3].mean(axis=0)[0] for word in hanging]
    np.testing.assert_allclose(ends, np.delete(lane.places, 3), atol=0.05)
    for one, two in itertools.combinations([*lane.words, lane.answer], 2):
        assert overlap_of_turned(one.corners[:, :2], two.corners[:, :2]) < 0.01, (
            one.text,
            two.text,
        )
    assert min(word.em for word in hanging) > 0.24
    level = WordLane(words[:6], "Chinese", DARK, clue=3)
    assert {word.slant for word in level.words} == {0.0}


def test_what_cannot_be_run_again_is_refused():
    trace = record_task("prices", epochs=1, seed=1)
    training = replace(trace, metadata=replace(trace.metadata, training=True))
    with pytest.raises(SceneError, match="in training mode"):
        check_needs(load_scene(NAME), training)
