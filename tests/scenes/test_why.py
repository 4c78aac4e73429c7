"""The scene 'why': what windows and a memory see and answer is what was trained and recorded."""

import numpy as np
import pytest
from manim import ArcBetweenPoints

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.windows import windows_by_gap
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import Ink
from rnnviz.mobjects.theme import DARK
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "why"
GAPS = (0, 10, 20)


def look(scene):
    parts = [part for mobject in scene.mobjects for part in mobject.get_family()]
    glyphs = [word[0] for word in scene.lane.words]
    lane, bright = scene.lane, DARK.color("input").to_hex()
    seen = {
        "texts": [part.text for part in parts if isinstance(part, Ink)],
        "shares": [
            (-round(part.get_y(), 1), part.get_x(), part.text)
            for part in parts
            if isinstance(part, Ink) and part.text.endswith("%")
        ],
        "words": [word.text for word in lane.words],
        "bright": [word.get_fill_color().to_hex() == bright for word in glyphs],
        "ringed": lane.ring.get_stroke_color().to_hex() == bright,
        "facts": dict(scene.facts()),
        "experiments": scene.context.experiments,
        "source": scene.source.text,
        "scale": [
            text.text for part in parts if isinstance(part, ColorScale) for text in part.ends
        ],
        "arcs": sum(isinstance(part, ArcBetweenPoints) for part in parts),
        "arrows": [part for part in parts if isinstance(part, FlowArrow)],
        "strips": [part for part in parts if isinstance(part, Strip)],
    }
    if hasattr(scene, "state_shown"):
        seen["state"] = [cell.get_fill_color().to_hex() for cell in scene.state_shown.strip]
        seen["at"] = scene.state_shown.strip.get_x(), lane.places[-1]
    if hasattr(scene, "sight"):
        bracket = scene.sight.bracket
        seen["window"] = round(bracket.width / lane.slot), bracket.get_right()[0]
        seen["end"] = lane.places[-1] + lane.slot / 2
    return seen


@pytest.fixture(scope="module")
def seen(perform):
    return perform(NAME, look)


@pytest.fixture(scope="module")
def found(default_trace_of):
    return windows_by_gap(default_trace_of(NAME))


@pytest.mark.parametrize(
    ("beat", "gap", "window"), [("window", 0, 5), ("outgrown", 10, 5), ("wider", 20, 15)]
)
def test_a_window_lights_the_last_words_and_tells_what_was_learnt(beat, gap, window, seen, found):
    screen, words = seen[beat], 8 + gap
    assert len(screen["words"]) == words
    assert screen["bright"] == [False] * (words - window) + [True] * window
    assert screen["ringed"] == (words - window <= 3)
    assert screen["window"] == (window, pytest.approx(screen["end"], abs=0.05))
    share = percent(float(found.windows[window][GAPS.index(gap)]))
    assert f"{share} right" in screen["texts"]
    assert f"window: {window} words" in screen["texts"]
    among_choices = int(beat != "window")
    answered = screen["texts"].count("Chinese") - among_choices
    assert answered == int(found.sees[window][GAPS.index(gap)])
    assert ("?" in screen["texts"]) != bool(answered)


def test_the_memory_ends_over_the_last_word_with_the_recorded_state(seen):
    screen = seen["memory"]
    network = screen["experiments"]["memory"][-1]
    assert screen["words"] == list(network.metadata.step_labels[0])
    assert all(screen["bright"])
    assert "Chinese" in screen["texts"]
    assert "?" not in screen["texts"]
    assert screen["ringed"]
    states = network.h[0, 0, :, 0]
    assert np.abs(states).max() <= 1.0
    assert screen["state"] == [DARK.shade("signed", v).to_hex() for v in states[-1]]
    assert screen["scale"] == ["−1", "+1"]
    at, last = screen["at"]
    assert at == pytest.approx(last)
    assert f"{percent(network.metadata.accuracy)} right" in screen["texts"]
    assert screen["facts"]["units"] == str(network.hidden_size)


def test_the_table_is_what_was_trained(seen, found):
    rows = [found.windows[5], found.windows[15], found.memory]
    wanted = [percent(float(value)) for row in rows for value in row]
    assert [text for *_, text in sorted(seen["compared"]["shares"])] == wanted


def test_pairs_and_steps_are_drawn_as_they_are_counted(seen):
    screen = seen["today"]
    assert screen["arcs"] == 8 * 7 // 2
    upright = [bool(np.ptp(arrow.path[:, 0]) < 1e-6) for arrow in screen["arrows"]]
    assert (upright.count(True), upright.count(False)) == (8, 7)
    for told in ("8 words: 28 pairs", "8 words: 8 steps"):
        assert told in screen["texts"]
    for told in (f"16 words: {16 * 15 // 2} pairs", "16 words: 16 steps"):
        assert told in screen["texts"]
    network = screen["experiments"]["memory"][0]
    assert screen["texts"].count("Beijing") == 2
    assert f"everything must fit into {network.hidden_size} numbers" in screen["texts"]
    assert screen["source"].startswith("drawn: GRU with 16 units, for the task of this trace")
    assert screen["scale"] == ["−1", "+1"]
    shown = [[cell.get_fill_color().to_hex() for cell in strip] for strip in screen["strips"]]
    wanted = [[DARK.shade("signed", v).to_hex() for v in h] for h in network.h[0, 0, :, 0]]
    assert shown == wanted


def test_a_guess_is_shown_with_all_answers_that_it_chooses_from(seen, found, default_trace_of):
    answers = default_trace_of(NAME).metadata.output_labels
    for beat in ("outgrown", "wider"):
        texts = seen[beat]["texts"]
        assert f"a guess: 1 of {len(answers)} answers = {percent(1 / len(answers))}" in texts
        assert set(answers) <= set(texts)
    share = float(found.windows[5][1])
    assert share <= found.chance == 1 / len(answers)
    assert seen["outgrown"]["facts"]["verdict"] == "no better than a guess: 17%"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lesson_holds_on_the_default_networks(language, default_trace_of):
    """A window answers if and only if it sees the word that decides; memory always does."""
    found = windows_by_gap(default_trace_of(NAME, language))
    for window, accuracies in found.windows.items():
        for sees, accuracy in zip(found.sees[window], accuracies, strict=True):
            assert accuracy == 1.0 if sees else accuracy < 1.5 * found.chance
    assert found.sees[5].tolist() == [True, False, False]
    assert found.sees[15].tolist() == [True, True, False]
    assert (found.memory == 1.0).all()


def test_the_captions_numbers_are_those_of_the_networks(seen, found):
    facts = seen["window"]["facts"]
    assert (facts["near"], facts["mid"]) == ("is inside", "is outside")
    assert (facts["wider"], facts["beyond"]) == ("is inside", "is outside")
    assert facts["clue"] == "Beijing"
    shares = [facts[f"{name}_right"] for name in ("near", "mid", "wider", "beyond", "memory")]
    values = [*found.windows[5][:2], *found.windows[15][1:], found.memory[-1]]
    assert shares == [percent(float(value)) for value in values]


def test_other_tasks_are_refused():
    with pytest.raises(SceneError, match="about sentences"):
        check_needs(load_scene(NAME), record_task("prices", epochs=1, seed=1))
