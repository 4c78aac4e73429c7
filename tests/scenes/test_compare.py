"""The scene that shows two recordings of one sequence, read back from what it draws."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from layouts import FOR_OTHER_RECORDINGS, check_layout
from manim import Dot, Square
from models import Around
from torch import nn

import rnnviz
from rnnviz import measure
from rnnviz.errors import SceneError
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import make_plan
from rnnviz.rendering.request import request_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "compare"
WORDS = ("one", "two", "three", "four", "five", "six")


def trace_of(layer, *, values=False, steps=6, words=WORDS, seed=0, head=None, **options):
    """A network that nobody trained, on a sequence that depends on its seed alone."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(0)
    x = torch.tensor(rng.normal(size=(steps, 1, 3)), dtype=torch.float32)
    if values:
        targets = torch.tensor(rng.normal(size=(steps, 1, 1)), dtype=torch.float32)
    else:
        targets = torch.tensor(rng.integers(0, 4, size=(steps, 1)))
    return rnnviz.record(
        head or Around(layer, 1 if values else 4),
        x,
        targets,
        loss="squared" if values else "cross-entropy",
        about={"step_labels": (words[:steps],)} if words else {},
        **options,
    )


@pytest.fixture
def seen(media):
    """(look, traces…) → what ``look`` returns at the end of each beat."""

    def play(look, *traces, language="en"):
        found = {}
        with manim_settings(media, "l", frame_rate=1, pixel_width=427, pixel_height=240):
            context = SceneContext(
                traces[0],
                others=traces[1:],
                language=language,
                beats=frozenset(),
                renderer=Renderer(),
                on_beat_end=lambda scene, beat: found.__setitem__(beat.name, look(scene)),
            )
            load_scene(NAME).of(*traces).scene(context).render()
        return found

    return play


def gradients_and_traces(scene):
    traces = (scene.trace, *scene.other_traces)
    if not hasattr(scene, "chart"):
        return None, traces
    axis = scene.chart.axis
    heights = [
        [mark.get_y() - axis.base for mark in line.marks][::-1] for line in scene.chart.lines
    ]
    spans = axis.low + np.array(heights) / axis.height_of_all * (axis.high - axis.low)
    return 10**spans, traces


def test_lines_have_the_recorded_gradients(perform):
    drawn, (rnn, lstm) = perform(NAME, gradients_and_traces)["what_it_means"]
    norms = np.linalg.norm(rnn.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
    np.testing.assert_allclose(drawn[0], norms / norms[-1], rtol=1e-6)
    # c reaches the loss by the output gate of its step, and by the forget gate of the next
    _, f, _, o = np.moveaxis(lstm.gates[0, 0, :, 0], 1, 0)
    at_h = lstm.grad_h_by_loss[-1, 0, 0, :, 0]
    at_c, after = np.zeros_like(at_h), np.zeros(at_h.shape[-1])
    for step in range(lstm.steps - 1, -1, -1):
        squashed = np.tanh(lstm.c[0, 0, step, 0])
        at_c[step] = at_h[step] * o[step] * (1 - squashed**2) + after
        after = f[step] * at_c[step]
    lengths = np.linalg.norm(at_c, axis=-1)
    np.testing.assert_allclose(drawn[1], lengths / lengths[-1], rtol=1e-6)


def test_the_default_networks_are_those_of_the_study(perform):
    _, traces = perform(NAME, gradients_and_traces)["one_sequence"]
    assert [each.metadata.cell for each in traces] == ["rnn", "lstm"]
    assert traces[0].metadata.step_labels == traces[1].metadata.step_labels
    assert {each.metadata.task_options["gap"] for each in traces} == {20}


def test_networks_of_one_cell_are_told_apart(seen):
    pair = trace_of(nn.RNN(3, 5)), trace_of(nn.RNN(3, 8))

    def look(scene):
        if not hasattr(scene, "chart"):
            return None
        return [
            (side.name, type(line.marks[0]), len(line.line.submobjects) > 1)
            for side, line in zip(scene.sides, scene.chart.lines, strict=True)
        ]

    assert seen(look, *pair)["what_it_means"] == [("RNN A", Dot, False), ("RNN B", Square, True)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: trace_of(nn.RNN(3, 2)), lambda: trace_of(nn.LSTM(3, 40, num_layers=2))),
        (
            lambda: trace_of(nn.GRU(3, 5, bidirectional=True), words=None),
            lambda: trace_of(nn.LSTM(3, 5), words=None, losses="last"),
        ),
        (lambda: trace_of(nn.RNN(3, 5), values=True), lambda: trace_of(nn.GRU(3, 5), values=True)),
    ],
    ids=["sizes and layers", "directions and losses", "values"],
)
def test_any_two_recordings_are_laid_out(one, other, seen, layout_of):
    check_layout(seen(layout_of, one(), other()), allowed=FOR_OTHER_RECORDINGS)


def test_a_recording_without_outputs_plays_without_the_beat_of_answers(seen):
    plain = trace_of(nn.RNN(3, 5))
    about = replace(plain.metadata, loss="a loss of its own")
    silent = replace(plain, output=None, y=None, metadata=about)
    beats = list(seen(lambda scene: None, plain, silent))
    assert "answers" not in beats
    assert "answers" in list(seen(lambda scene: None, plain, plain))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda: trace_of(nn.LSTM(3, 5), steps=4), "6 and 4 steps"),
        (lambda: trace_of(nn.LSTM(3, 5), words=WORDS[::-1]), "different sequences"),
        (lambda: trace_of(nn.LSTM(3, 5), gradients=False), "--no-grad"),
    ],
    ids=["steps", "words", "no gradients"],
)
def test_what_cannot_be_compared_is_refused(other, reason):
    with pytest.raises(SceneError, match=reason) as error:
        check_needs(load_scene(NAME), trace_of(nn.RNN(3, 5)), other())
    assert "; " in str(error.value)


def test_a_scene_says_how_many_traces_it_shows(tmp_path):
    one, other = trace_of(nn.RNN(3, 5)), trace_of(nn.LSTM(3, 5))
    planned = make_plan(_request(NAME, tmp_path), (one, other), lambda *_: None)
    assert (planned.context.trace, planned.context.others) == (one, (other,))
    with pytest.raises(SceneError, match="shows 2 traces, but got 1; give --trace 2 times"):
        make_plan(_request(NAME, tmp_path), (one,), lambda *_: None)
    with pytest.raises(SceneError, match="shows 1 trace, but got 2; give one"):
        make_plan(_request("unrolling", tmp_path), (one, other), lambda *_: None)


def _request(scene, folder):
    return request_of(scene, quality="l", output=folder / "a.mp4")


def test_losses_that_both_have():
    every = trace_of(nn.RNN(3, 5))
    last = trace_of(nn.LSTM(3, 5), losses="last")
    assert measure.common_losses([every, every]) == tuple(range(6))
    assert measure.common_losses([every, last]) == (5,)
    shares = measure.carried_shares(every, 3)
    assert shares.shape == (4,)
    assert shares[-1] == 1
