"""A scene plays from any trace, laid out as it should be, or it refuses it and says what to do."""

from functools import cache

import numpy as np
import pytest
import torch
from layouts import FOR_OTHER_RECORDINGS, check_layout
from models import Around, Loop
from rnnviz.scenes.vanishing_gradient.last_gradient import rate_per_step_back, whole_percents
from torch import nn

from rnnviz.errors import RnnvizError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.recording import record
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs
from rnnviz.trace import NO_TARGET

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenpol"
LONG_CHINESE = "南京市长江大桥旁边的那条老街上卖热干面的小店" * 3
ANY_NETWORK = {
    *("plain-rnn", "one-layer", "outputs", "gradients", "gradient-path", "run-again"),
    *("linear-output", "target", "weights", "summed-gradients", "later-loss"),
    *("one-loss", "tanh-rnn", "one-sequence", "common-loss"),
}


def recorded(
    model=None,
    *,
    steps=6,
    batch=1,
    inputs=3,
    hidden=5,
    outputs=4,
    values=False,
    wanted=None,
    words=None,
    seed=0,
    dtype="float64",
    **options,
):
    """A trace of a network that nobody trained; ``wanted`` are the steps that have a target."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = model or Around(nn.RNN(inputs, hidden), outputs)
    x = torch.tensor(rng.normal(size=(steps, batch, inputs)), dtype=torch.float32)
    if values:
        targets = torch.tensor(rng.normal(size=(steps, batch, outputs)), dtype=torch.float32)
    else:
        targets = torch.tensor(rng.integers(0, outputs, size=(steps, batch)))
    if wanted is not None:
        for step in set(range(steps)) - set(wanted):
            targets[step] = torch.nan if values else NO_TARGET
    about = {}
    if words is not None:
        about = {
            "step_labels": tuple(tuple(words for _ in range(steps)) for _ in range(batch)),
            "input_labels": tuple(f"{words}{index}" for index in range(inputs)),
            "output_labels": tuple(f"{words}{index}" for index in range(outputs)),
        }
    loss = "squared" if values else "cross-entropy"
    return record(model, x, targets, loss=loss, about=about, dtype=dtype, **options)


def around(layer, **options):
    return lambda: recorded(Around(layer), **options)


class DeepHead(nn.Module):
    """What follows the recurrent layer is more than one Linear."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 5)
        self.head = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4))

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class OwnStep(nn.Module):
    """A step that someone wrote: of two states, one is a memory that leaks."""

    def __init__(self, states):
        super().__init__()
        self.linear = nn.Linear(3 + 5, 5 * states)

    def forward(self, x, state):
        if not isinstance(state, tuple):
            return torch.tanh(self.linear(torch.cat([x, state], dim=1)))
        h, memory = state
        new, opened = self.linear(torch.cat([x, h], dim=1)).chunk(2, dim=1)
        memory = 0.9 * memory + 0.3 * torch.tanh(new)
        return torch.sigmoid(opened) * memory, memory


class OwnCode(nn.Module):
    """A loop around such a step, and a Linear on its first state."""

    def __init__(self, states):
        super().__init__()
        self.states, self.cell, self.head = states, OwnStep(states), nn.Linear(5, 4)

    def forward(self, x):
        state = x.new_zeros(x.shape[1], 5)
        state = (state, state) if self.states == 2 else state
        outputs = []
        for step in x:
            state = self.cell(step, state)
            outputs.append(self.head(state[0] if self.states == 2 else state))
        return torch.stack(outputs)


class NoOutput(nn.Module):
    """A layer whose states go into a loss, and into no output."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 5)

    def forward(self, x):
        return self.rnn(x)[0].square().sum(dim=(0, 2))


def saturated():
    """Weights so large that every unit is at its end and gradients underflow."""
    model = Around(nn.RNN(3, 5))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(200.0)
    return recorded(model, steps=40)


def exploding():
    """Gradients that grow by many orders of magnitude on their way back."""
    model = Around(nn.RNN(3, 5))
    with torch.no_grad():
        model.rnn.weight_hh_l0.copy_(3 * torch.eye(5))
        model.rnn.weight_ih_l0.mul_(1e-20)
        model.rnn.bias_ih_l0.zero_()
        model.rnn.bias_hh_l0.zero_()
    return recorded(model, steps=40)


def silent():
    """A network all of whose parameters are zero: nothing passes, and nothing comes back."""
    model = Around(nn.RNN(3, 5))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return recorded(model)


# A plain network of any size is shown, by every scene that is not about one task.
PLAIN = {
    "smallest": lambda: recorded(steps=2, inputs=1, hidden=1, outputs=2),
    "1 step": lambda: recorded(steps=1),
    "2 steps": lambda: recorded(steps=2),
    "500 steps": lambda: recorded(steps=500),
    "1 unit": lambda: recorded(hidden=1),
    "512 units": lambda: recorded(steps=3, hidden=512),
    "300 inputs and classes": lambda: recorded(inputs=300, outputs=300),
    "3 sequences": lambda: recorded(batch=3),
    "values": lambda: recorded(values=True, outputs=1),
    "value at the last step only": lambda: recorded(values=True, outputs=1, wanted=[5]),
    "4 values": lambda: recorded(values=True),
    "value at the middle step only": lambda: recorded(values=True, outputs=1, wanted=[2]),
    "long words": lambda: recorded(steps=12, words=LONG),
    "long Chinese words": lambda: recorded(steps=12, words=LONG_CHINESE),
    "marks of formulas": lambda: recorded(words='$x$ {y} #z "q" \\'),
    "large and long": lambda: recorded(
        steps=200, inputs=40, hidden=40, outputs=30, words=LONG, values=True, wanted=range(190)
    ),
    "no bias": lambda: recorded(Around(nn.RNN(3, 5, bias=False))),
    "a loop by hand": lambda: recorded(Loop(nn.RNNCell(3, 5))),
    "float32": lambda: recorded(dtype="float32"),
    "saturated": saturated,
    "exploding": exploding,
}
OTHER = {
    "1 class of 2 inputs": lambda: recorded(inputs=2, outputs=1),
    "class at the first step only": lambda: recorded(wanted=[0]),
    "no target": lambda: recorded(wanted=[]),
    "silent": silent,
    "LSTM": around(nn.LSTM(3, 5)),
    "GRU": around(nn.GRU(3, 5)),
    "relu": around(nn.RNN(3, 5, nonlinearity="relu")),
    "2 layers": around(nn.RNN(3, 5, num_layers=2)),
    "bidirectional LSTM": around(nn.LSTM(3, 5, bidirectional=True)),
    "projected LSTM": around(nn.LSTM(3, 5, proj_size=2)),
    "dropout": around(nn.GRU(3, 5, num_layers=2, dropout=0.5)),
    "different lengths": around(nn.RNN(3, 5), batch=2, lengths=[6, 3]),
    "LSTM, different lengths": around(nn.LSTM(3, 5), batch=2, lengths=[6, 3]),
    "no gradients": around(nn.RNN(3, 5), gradients=False),
    "the last loss's gradients": around(nn.RNN(3, 5), losses="last"),
    "LSTM, 2 layers": around(nn.LSTM(3, 5, num_layers=2)),
    "LSTM of 512 units": lambda: recorded(Around(nn.LSTM(3, 512)), steps=3),
    "LSTM, values": lambda: recorded(Around(nn.LSTM(3, 5), 1), values=True, outputs=1),
    "own code, one state": lambda: recorded(OwnCode(1), states="cell"),
    "own code, two states": lambda: recorded(OwnCode(2), states={"cell": ("h", "memory")}),
    "no output": lambda: record(
        NoOutput(), torch.ones(6, 2, 3), torch.zeros(2), loss=lambda output, _: output
    ),
    "a deep head": lambda: recorded(DeepHead()),
    "one output for the whole sequence": lambda: record(
        Around(nn.RNN(3, 5), whole=True), torch.ones(6, 1, 3), torch.zeros(1, dtype=torch.long)
    ),
    "another network of a sentence": lambda: record_task(
        "sentence", epochs=1, seed=1, cell="gru", hidden=3, gap=2
    ),
    "a text": lambda: record_task(
        "text", epochs=1, seed=1, text="to be or not to be", unit="char", steps=9
    ),
    "adding": lambda: record_task("adding", epochs=1, seed=1, cell="lstm"),
    "copying": lambda: record_task("copying", epochs=1, seed=1, nonlinearity="relu"),
}
OWN_CODE = ("own code, one state", "own code, two states")
# The scenes that play every network, and the recordings that they do not play: for each the reason.
PLAYED = {
    "unrolling": {},
    "inputs": {},
    "hidden-state": dict.fromkeys(OWN_CODE, "the equations of a step of own code are not known"),
}
QUICK = {
    "long words": ("feedforward", "hidden-state", "vanishing-gradient", "tanh", "weight-sharing"),
    "LSTM, different lengths": (
        *("unrolling", "output", "backpropagation", "exploding-gradient", "long-dependency"),
        *("gates", "why", "training", "tanh"),
    ),
    "own code, two states": ("inputs", "space", "compare", "trajectory", "hidden-state", "gates"),
}
"""The scenes that the quick tests play from these recordings, or see refuse them."""
OFTEN = (*QUICK, "smallest", "value at the middle step only")


@cache
def made(case):
    return {**PLAIN, **OTHER}[case]()


def how_often(name, case):
    if name in QUICK.get(case, ()):
        return ()
    return pytest.mark.slow if case in OFTEN else pytest.mark.deep


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, marks=how_often(name, case))
        for name in SCENES
        for case in (*PLAIN, *OTHER)
    ],
)
def test_a_scene_plays_or_is_refused_with_a_reason(name, case, perform, layout_of):
    trace = made(case)
    loaded = load_scene(name).of(trace)
    try:
        traces = (trace,) * loaded.scene.traces
        check_needs(loaded, *traces)
        experiments_of(loaded.of(*traces).scene, trace)
    except RnnvizError as error:
        refusal = str(error)
    else:
        language = "zh" if case == "long Chinese words" else "en"
        seen = perform(name, layout_of, trace, language=language)
        check_layout(seen, allowed=FOR_OTHER_RECORDINGS)
        return
    reason, _, remedy = refusal.partition("; ")
    assert reason
    assert remedy
    too_short = trace.steps < loaded.scene.least_steps
    if name in PLAYED:
        assert too_short or case in PLAYED[name], refusal
    assert too_short or case in OTHER or not set(loaded.needs) <= ANY_NETWORK, refusal


def test_the_traces_that_are_often_played_are_among_the_cases():
    assert set(OFTEN) <= {*PLAIN, *OTHER}
    assert {name for names in QUICK.values() for name in names} <= set(SCENES)
    assert not set(PLAIN) & set(OTHER)


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("value at the middle step only", ["predicted"]),
        ("value at the last step only", ["predicted", "true"]),
        ("4 values", ["1", "2", "3", "4"]),
    ],
)
def test_what_unrolling_shows_of_values(case, names, perform):
    trace = made(case)
    bars = perform("unrolling", lambda scene: getattr(scene, "output", None), trace)[
        "prediction"
    ].bars
    assert [name.text for name in bars.names] == names
    truth = trace.targets[-1, 0] if "true" in names else []
    assert list(bars.values) == [*trace.y[-1, 0], *truth]


def test_a_gradient_of_which_nothing_is_left_has_rate_zero():
    assert rate_per_step_back(np.array([0.0, 0.0, 3.0])) == 0
    assert rate_per_step_back(np.array([0.25, 0.5, 1.0])) == pytest.approx(0.5)


def test_percents_add_up_to_a_hundred():
    assert whole_percents(np.array([0.4414, 0.2745, 0.1678, 0.0769, 0.0217, 0.0177])) == [
        44, 27, 17, 8, 2, 2,
    ]  # fmt: skip
    assert whole_percents(np.full(3, 1 / 3)) == [34, 33, 33]
    assert whole_percents(np.array([1.0, 0.0])) == [100, 0]


def shown_states(scene):
    """The chain that unrolling draws: what is in its cells, and what is before the first."""
    chain = getattr(scene, "chain", None)
    if chain is None:
        return None
    strips = [chain.start.strip, *chain.strips]
    return [[strip.values.ravel() for strip in getattr(each, "strips", [each])] for each in strips]


@pytest.mark.parametrize("case", ["LSTM, different lengths", "own code, two states"])
def test_unrolling_shows_every_state_that_is_passed_on(case, perform):
    trace = made(case)
    drawn = perform("unrolling", shown_states, trace)["whole_sequence"]
    names = ("h", "c") if trace.c is not None else ("h", "memory")
    expected = [[trace.state(name)[step, 0] for name in names] for step in range(6)]
    np.testing.assert_array_equal(drawn[1:], expected)
    np.testing.assert_array_equal(drawn[0], np.zeros((2, 5)))


def test_of_a_large_layer_the_units_that_move_most_are_drawn(perform):
    trace = made("LSTM of 512 units")
    drawn = perform("unrolling", shown_states, trace)["whole_sequence"]
    moved = np.abs(np.diff(trace.h[0, 0, :, 0], axis=0)).sum(axis=0)
    most = np.sort(np.argsort(moved)[-16:])
    for step in range(3):
        np.testing.assert_array_equal(drawn[1 + step][0], trace.h[0, 0, step, 0, most])
