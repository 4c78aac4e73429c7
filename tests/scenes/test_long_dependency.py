"""What the scene of long dependencies shows and says is what was recorded and measured."""

import numpy as np
import pytest
from manim import Dot
from rnnviz.scenes.long_dependency.sentence_heat import SentenceHeat

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.studies import carried_shares, other_stories, study_of
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "long-dependency"


@pytest.fixture(params=["as recorded", "with another network"])
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


def expected_heat(trace):
    values = saliency(trace)
    return [DARK.magnitude(float(value)).to_hex() for value in values / values.max()]


def words_of(sentence):
    return [tile.ink.text for tile in sentence.tiles]


def look(scene):
    sentences = [
        {
            "words": words_of(each),
            "answer": each.answer.text,
            "heat": colors([tile.tile for tile in each.tiles]),
            "marked": [tile.tile.get_stroke_width() for tile in each.tiles],
        }
        for each in (*scene.sentences, *([scene.grown] if hasattr(scene, "grown") else []))
    ]
    parts = {id(part) for mobject in scene.mobjects for part in mobject.get_family()}
    dots = [dot for dot in every(scene) if isinstance(dot, Dot)]
    seen = {
        "sentences": sentences,
        "facts": dict(scene.facts()),
        "whole": all(id(tile.ink) in parts for each in scene.sentences for tile in each.tiles),
        "longer": hasattr(scene, "grown")
        and all(id(tile.ink) in parts for tile in scene.grown.tiles),
        "dots": sorted(float(dot.get_y()) for dot in dots),
    }
    if hasattr(scene, "axes") and hasattr(scene.axes, "chance"):
        axes = scene.axes
        seen["scale"] = axes.height_at(0.0), axes.height_at(1.0)
        seen["chance"] = float(axes.chance.line.get_y()), axes.chance.title.text
        seen["answers"] = {
            cell: (heights(one.dots), one.line.get_anchors(), colors(one.dots))
            for cell, one in axes.results.items()
        }
    elif hasattr(scene, "axes"):
        seen["axis"] = scene.axes.axis
    return seen


def every(scene):
    return [part for mobject in scene.mobjects for part in mobject.get_family()]


def heights(dots):
    return np.array([dot.get_y() for dot in dots])


@pytest.fixture(scope="module")
def seen(perform):
    return perform(NAME, look)


@pytest.fixture(scope="module")
def facts(seen):
    return seen["heat"]["facts"]


def test_heat_is_what_the_loss_feels_of_each_word(trace_of, perform):
    trace = trace_of(NAME)
    seen = perform(NAME, look, trace)
    first, heat = (seen[beat]["sentences"][0] for beat in ("one_word_decides", "heat"))
    told_of = seen["heat"]["facts"]
    assert first["words"] == list(trace.metadata.step_labels[0])
    assert first["answer"] == "Chinese"
    marked = np.array(first["marked"])
    assert first["words"][marked.argmax()] == told_of["clues"] == "Beijing"
    assert (marked == marked.max()).sum() == 1
    assert heat["heat"] == expected_heat(trace)
    assert len(set(first["heat"])) == 1
    values = saliency(trace)
    most = first["words"][values.argmax()]
    share = percent(float(values[3] / values.max()))
    told = f"It feels “{most}” most" + (
        "." if most == "Beijing" else f", “Beijing” {share} as much."
    )
    assert told_of["felt"] == told


def test_both_stories_are_shown_if_there_are_two(perform, default_trace_of):
    seen = perform(NAME, look, language="zh")["heat"]
    rows, facts = seen["sentences"], seen["facts"]
    others = other_stories(default_trace_of(NAME, "zh"))
    traces = [default_trace_of(NAME, "zh"), *others]
    assert [row["answer"] for row in rows] == ["汉语", "200 大洋"]
    for trace, row in zip(traces, rows, strict=True):
        assert row["words"] == list(trace.metadata.step_labels[0])
        assert row["heat"] == expected_heat(trace)
    assert "北京" in facts["clues"]
    assert "电脑" in facts["clues"]


def test_the_sentence_grows_to_the_greatest_gap_and_takes_its_networks_heat(seen, study):
    (run, *_) = study.of("rnn", 20)
    grown, heated = (seen[beat]["sentences"][-1] for beat in ("gap_grows", "what_is_felt"))
    facts, words = seen["what_is_felt"]["facts"], heated["words"]
    assert words == grown["words"] == list(run.trace.metadata.step_labels[0])
    assert len(words) == 28
    assert seen["gap_grows"]["longer"]
    assert not seen["gap_grows"]["whole"]
    assert heated["heat"] == expected_heat(run.trace)
    assert words[-int(facts["back"])] == "Beijing"
    values = saliency(run.trace)
    assert facts["ratio"] == number(float(values[3] / values[-1]))
    guesses = run.trace.metadata.accuracy < 0.25
    assert (facts["verdict"] == "It does no better than a guess.") == guesses


def test_answers_stand_at_their_heights_by_gap(seen, study):
    found = seen["with_gates"]
    low, high = found["scale"]
    for cell in ("rnn", "lstm", "gru"):
        accuracies = np.array([run.trace.metadata.accuracy for run in study.of(cell)])
        ys, line, fills = found["answers"][cell]
        line = np.array(line)
        np.testing.assert_allclose(ys, low + accuracies * (high - low), atol=1e-6)
        means = accuracies.reshape(4, 3).mean(axis=1)
        expected = low + means * (high - low)
        assert all(np.abs(line[:, 1] - y).min() < 1e-6 for y in expected)
        filled = [fill != DARK.ground.upper() for fill in fills]
        assert filled == [bool(accuracy >= 0.95) for accuracy in accuracies]
        assert all(np.abs(np.array(found["dots"]) - y).min() < 1e-5 for y in ys)
    y, name = found["chance"]
    assert y == pytest.approx(low + (high - low) / 6)
    assert name == "chance 17%"


@pytest.mark.parametrize(
    ("beat", "trained"), [("before_training", False), ("after_training", True)]
)
def test_gradients_at_the_first_state_stand_at_their_heights(beat, trained, seen, study):
    axis, dots = seen[beat]["axis"], np.array(seen[beat]["dots"])
    assert len(dots) == len(study.runs) + 2  # and those of the legend
    for run in study.runs:
        trace = run.trace if trained else run.untrained
        if run.cell == "lstm":
            share = carried_shares(trace)[0]  # tests/test_studies.py holds it against autograd
        else:
            norms = np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
            share = norms[0] / norms[-1]
        up = (np.log10(share) - axis.low) / (axis.high - axis.low)
        assert np.abs(dots - (axis.base + axis.height_of_all * up)).min() < 1e-5


def test_the_captions_numbers_are_those_of_the_study(facts, study):
    table = {cell: study.accuracies(cell) for cell in study.cells}
    assert (facts["near"], facts["far"]) == (
        percent(float(table["rnn"][0].mean())),
        percent(float(table["rnn"][-1].mean())),
    )
    assert facts["lstm"] == percent(float(table["lstm"][-1].mean()))
    assert facts["gru"] == percent(float(table["gru"][-1].mean()))
    assert (facts["gap"], facts["first"], facts["seeds"]) == ("20", "0", "3")
    traces = [run.untrained for run in study.of("rnn", 20)]
    ratios = [
        np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, 0, 0])
        / np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, -1, 0])
        for trace in traces
    ]
    assert facts["signal"] == number(float(np.exp(np.log(ratios).mean())))


def test_the_lesson_holds_on_the_default_study(facts, study):
    """Plain RNNs all learn without a gap and fail at the greatest; GRUs do better there."""
    plain, gru = study.accuracies("rnn"), study.accuracies("gru")
    assert (plain[0] == 1).all()
    assert plain[-1].mean() < 0.5 < gru[-1].mean()
    assert facts["enough"] == "Training can hardly feel it."
    before = study.signal_before("rnn").mean(axis=1)
    assert (np.diff(before) < 0).all()
    assert before[-1] < 1e-5


def test_a_sentence_with_very_many_words_shows_its_beginning_and_its_end(default_trace_of):
    words = [f"w{index}" for index in range(300)]
    sentence = SentenceHeat(words, "end", DARK, clue=150)
    shown = words_of(sentence)
    assert shown == [*words[:20], "…", *words[-20:]]
    assert sentence.shown == (*range(20), None, *range(280, 300))
    assert sentence.width <= 12.8
    assert sentence.height <= 4


def test_other_tasks_are_refused():
    with pytest.raises(SceneError, match="about sentences"):
        check_needs(load_scene(NAME), record_task("prices", epochs=1, seed=1))


def test_a_trace_without_gradients_is_refused():
    trace = record_task("sentence", epochs=1, seed=1, gradients=False)
    with pytest.raises(SceneError, match="no gradients"):
        check_needs(load_scene(NAME), trace)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_other_cells_show_their_own_heat(cell, perform):
    trace = record_task("sentence", cell=cell, gap=1, hidden=5, layers=2, epochs=1, seed=1)

    heat = perform(NAME, look, trace)["heat"]["sentences"][0]["heat"]
    assert heat == expected_heat(trace)
