"""Every scene plays every kind of network that its table says, laid out as it should be."""

from functools import cache

import pytest
from layouts import FOR_OTHER_RECORDINGS, check_layout
from often import every, often
from tools_of import tool

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.scene.beats import beats_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.kinds import KINDS
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

SELDOM = (
    *("relu-rnn", "bidirectional", "projected-lstm", "custom-gates", "own-output", "last-step"),
    *("losses-last", "batch"),
)
"""Kinds that no other quick test plays."""


@cache
def recording_of(kind):
    return tool("kinds_of_networks").recording_of(kind)


def quick(place, cases):
    """The case of a kind that is quick, if no other quick test plays it: each in another scene."""
    return [cases[5 * place % len(cases)]] if cases[0][1] in SELDOM else []


def played():
    """Each kind with the scenes that play it."""
    for kind in KINDS:
        yield [(name, kind) for name, entry in SCENES.items() if kind not in entry.refuses]


@pytest.mark.parametrize(
    ("name", "kind"),
    [case for place, cases in enumerate(played()) for case in often(cases, quick(place, cases))],
)
def test_a_scene_plays_the_kinds_in_its_table(name, kind, perform, layout_of):
    check_layout(perform(name, layout_of, recording_of(kind)), allowed=FOR_OTHER_RECORDINGS)


@pytest.mark.parametrize("name", list(SCENES))
def test_several_layers_and_two_directions_have_the_beats_of_one(name):
    scene, refused = load_scene(name), SCENES[name].refuses
    if "tanh-rnn" in refused:
        pytest.skip("the scene plays no network of this kind")

    def beats_for(kind):
        traces = [recording_of(kind)] * scene.scene.traces
        return beats_of(scene.of(*traces).scene)

    for kind in ("stacked", "bidirectional"):
        if kind not in refused:
            assert beats_for(kind) == beats_for("tanh-rnn"), kind


@pytest.mark.parametrize(
    "options",
    every(
        5,
        [
            pytest.param({"cell": "lstm", "hidden": 3}, id="lstm"),
            {"cell": "gru", "layers": 2, "hidden": 20},
            {"nonlinearity": "relu", "bidirectional": True},
            {"cell": "lstm", "task": "prices", "layers": 2},
            {"task": "adding", "hidden": 1},
        ],
    ),
)
def test_training_plays_any_network_that_was_trained_here(options, perform, layout_of):
    trace = record_task(**{"task": "sentence", "epochs": 2, "seed": 1, **options})
    check_layout(perform("training", layout_of, trace), allowed=FOR_OTHER_RECORDINGS)


def test_training_of_another_network_is_refused_with_a_remedy():
    with pytest.raises(SceneError, match=r"how its network was trained.*; record one"):
        check_needs(load_scene("training"), recording_of("lstm"))
