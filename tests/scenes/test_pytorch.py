"""The scene 'pytorch': the code that is shown is the code that ran, and so are the shapes."""

from functools import cache

import numpy as np
import pytest
import torch
from often import often
from torch import nn

from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.pytorch_modules import ARGUMENTS, CLASS, argument_runs, class_run, lines_of
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.text import code, code_advance
from rnnviz.mobjects.theme import DARK

TENSORS = ("x", "r_out", "flat", "hidden", "output")


class RNN(nn.Module):
    """The class of the scene, typed in once more."""

    def __init__(self, input_size, output_size, hidden_dim, n_layers):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.rnn = nn.RNN(input_size, hidden_dim, n_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_size)

    def forward(self, x, hidden):
        r_out, hidden = self.rnn(x, hidden)
        r_out = r_out.view(-1, self.hidden_dim)
        output = self.fc(r_out)
        return output, hidden


@pytest.fixture(scope="module")
def prices():
    return record_task("prices", epochs=1, seed=1)


@pytest.fixture(scope="module")
def seen_of(perform):
    """What the scene shows of a trace, performed once for all tests."""
    return cache(lambda trace: perform("pytorch", look, trace))


@pytest.fixture(
    params=often(
        ["as recorded", "with another network", "prices"], ["with another network", "prices"]
    )
)
def trace(request, default_trace_of, changed_trace_of, prices):
    if request.param == "prices":
        return prices
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("pytorch")


def of_torch(trace):
    """The class with the trace's parameters, and its inputs, without a look at the companion."""
    module = RNN(trace.input_size, trace.output_size, trace.hidden_size, 1).double()
    module.load_state_dict({name: torch.tensor(value) for name, value in trace.parameters.items()})
    x = torch.tensor(trace.x[:, :1]).transpose(0, 1)
    return module, x, torch.zeros(1, 1, trace.hidden_size, dtype=torch.float64)


def test_the_class_is_the_one_of_the_textbook():
    names = {"nn": nn}
    exec(CLASS, names)
    written, own = names["RNN"](12, 6, 8, 1), RNN(12, 6, 8, 1)
    assert written.state_dict().keys() == own.state_dict().keys()
    assert written.rnn.batch_first
    first, *rest = CLASS.splitlines()
    assert lines_of("__init__") == (first, *rest[:5])
    assert lines_of("forward") == (first, *rest[5:])


def test_the_class_gives_what_was_recorded(trace):
    run = class_run(trace)
    module, x, start = of_torch(trace)
    output, hidden = module(x, start)
    states, _ = module.rnn(x, start)
    expected = {
        "x": x,
        "r_out": states,
        "flat": states.view(-1, trace.hidden_size),
        "hidden": hidden,
        "output": output,
    }
    assert set(run.tensors) == set(TENSORS)
    for name, tensor in expected.items():
        assert run.tensors[name].shape == tuple(tensor.shape)
        np.testing.assert_allclose(run.tensors[name], tensor.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(run.tensors["output"], trace.output[:, 0], atol=1e-12)
    np.testing.assert_allclose(run.tensors["r_out"][0], trace.h[0, 0, :, 0], atol=1e-12)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_argument_gives_the_shapes_of_torch(name, default_trace_of):
    trace = default_trace_of("pytorch")
    run = argument_runs(trace)[name]
    module = nn.RNN(trace.input_size, trace.hidden_size, **ARGUMENTS[name])
    sizes = (1, trace.steps) if ARGUMENTS[name].get("batch_first") else (trace.steps, 1)
    states, last = module(torch.zeros(*sizes, trace.input_size))
    assert run.tensors["x"].shape == (*sizes, trace.input_size)
    assert run.tensors["r_out"].shape == tuple(states.shape)
    assert run.tensors["hidden"].shape == tuple(last.shape)
    wanted = {key: tuple(value.shape) for key, value in module.named_parameters()}
    assert {key: value.shape for key, value in run.parameters.items()} == wanted


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def array_seen(part):
    return part.named.text, part.size_text.text, colors(part.grid.cells)


def grid_expected(values, limit):
    flat = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[:, None]
    return [DARK.shade("signed", float(value / limit)).to_hex() for value in flat[:16, :16].ravel()]


def look(scene):
    seen = {"facts": dict(scene.facts()), "notes": scene.notes()}
    seen["code"] = [line.text for line in scene.code.lines]
    parts = [*scene.parameters.rnn.parts, *scene.parameters.fc.parts]
    seen["parameters"] = scene.parameters.limit, [array_seen(part) for part in parts]
    if hasattr(scene, "flow"):
        tensors = {name: array_seen(part) for name, part in scene.flow.tensors.items()}
        seen["tensors"] = scene.flow.limit, tensors
        seen["brackets"] = {name: len(part.bracket) for name, part in scene.flow.tensors.items()}
    if hasattr(scene, "rows"):
        rows = scene.rows
        seen["rows"] = rows.values, [[text.text for text in row] for row in rows.numbers]
        seen["row notes"] = [note.text for note in rows.notes]
        seen["heads"] = [head.text for head in rows.heads]
    if hasattr(scene, "picture"):
        picture = scene.picture
        seen["shapes"] = {name: ink.text for name, ink in picture.shapes.items()}
        seen["count"] = picture.count.text
        seen["call"] = "".join(
            ink.text for name, ink in picture.parts.items() if name.split()[0] in CALL
        )
        seen["formulas"] = [
            ink.text for name, ink in picture.parts.items() if name.startswith("formula")
        ]
        seen["dropout"] = "dropout" in picture.parts
        seen["parts"] = {
            name: part.text for name, part in picture.parts.items() if hasattr(part, "text")
        }
    return seen


CALL = {"call", "argument", "end"}


def test_the_listing_is_the_code_that_ran(trace, seen_of):
    seen = seen_of(trace)
    assert seen["output_layer"]["code"] == [line.strip() for line in lines_of("__init__")]
    assert seen["each_state"]["code"] == [line.strip() for line in lines_of("forward")]


def test_the_parameters_and_tensors_are_the_recorded_ones(trace, seen_of):
    seen = seen_of(trace)
    module, x, start = of_torch(trace)
    limit, parts = seen["output_layer"]["parameters"]
    parameters = dict(module.named_parameters())
    assert limit == max(float(value.detach().abs().max()) for value in parameters.values())
    assert [name for name, *_ in parts] == [name.rpartition(".")[2] for name in parameters]
    for (_, shape, cells), value in zip(parts, parameters.values(), strict=True):
        assert shape == str(tuple(value.shape))
        assert cells == grid_expected(value.detach().numpy(), limit)
    limit, tensors = seen["each_state"]["tensors"]
    output, hidden = module(x, start)
    expected = {
        "x": x,
        "r_out": module.rnn(x, start)[0],
        "flat": module.rnn(x, start)[0].view(-1, trace.hidden_size),
        "hidden": hidden,
        "output": output,
    }
    for name, value in expected.items():
        assert tensors[name][1] == str(tuple(value.shape)), name
        assert tensors[name][2] == grid_expected(value.detach().numpy(), limit), name


def test_the_two_biases_add_to_b(trace, seen_of):
    seen = seen_of(trace)
    values, written = seen["two_biases"]["rows"]
    ih, hh = (trace.parameters[f"rnn.bias_{kind}_l0"] for kind in ("ih", "hh"))
    assert np.array_equal(values, np.array([ih, hh, ih + hh])[:, :8])
    assert written == [[number(float(value)) for value in row] for row in values]
    np.testing.assert_allclose(values[2], trace.b[:8])


def test_the_outputs_are_scores(trace, seen_of):
    seen = seen_of(trace)["scores_returned"]
    values, written = seen["rows"]
    outputs = trace.output[-1, 0]
    np.testing.assert_allclose(values[0], outputs[:8], atol=1e-12)
    assert written[0] == [number(float(value)) for value in values[0]]
    if trace.metadata.loss == "squared":
        assert np.array_equal(values[1], trace.targets[-1, 0, :8])
        assert seen["facts"]["scores"] == "For the squared loss the output is the answer itself."
        return
    np.testing.assert_allclose(values[1], trace.y[-1, 0, :8], atol=1e-12)
    assert written[1] == [percent(float(value)) for value in trace.y[-1, 0]]
    assert seen["row notes"] == [f"sum {number(float(outputs.sum()))}", "sum 100%"]
    assert seen["heads"] == list(trace.metadata.output_labels)
    assert f"scores add up to {number(float(outputs.sum()))}," in seen["facts"]["scores"]
    assert abs(float(outputs.sum()) - 1) > 0.01


def test_the_last_picture_of_each_beat_has_the_shapes_of_torch(trace, seen_of):
    seen = seen_of(trace)
    shown = {
        "layers": "two layers",
        "dropout": "dropout",
        "directions": "two directions",
        "nonlinearity": "relu",
        "bias": "no bias",
        "axes": "time first",
    }
    for beat, name in shown.items():
        arguments = ARGUMENTS[name]
        module = nn.RNN(trace.input_size, trace.hidden_size, **arguments)
        sizes = (1, trace.steps) if module.batch_first else (trace.steps, 1)
        x = torch.zeros(*sizes, trace.input_size)
        states, last = module(x)
        screen = seen[beat]
        assert screen["shapes"] == {
            key: str(tuple(value.shape))
            for key, value in {"x": x, "r_out": states, "hidden": last}.items()
        }
        parameters = list(module.parameters())
        count = sum(value.numel() for value in parameters)
        assert screen["count"] == f"{len(parameters)} parameter arrays, {count} numbers"
        given = "".join(f", {key}={value!r}" for key, value in arguments.items())
        assert screen["call"] == f"nn.RNN({trace.input_size}, {trace.hidden_size}{given})"
        assert len(screen["formulas"]) == module.num_layers * (2 if module.bidirectional else 1)
        assert screen["dropout"] == (module.dropout > 0)


def test_hidden_is_the_last_state_only(default_trace_of):
    run = class_run(default_trace_of("pytorch"))
    assert np.array_equal(run.tensors["hidden"][0, 0], run.tensors["r_out"][0, -1])


def test_view_lays_the_states_of_all_sequences_in_one_list():
    states = torch.arange(24.0).reshape(2, 3, 4)
    flat = states.view(-1, 4)
    assert flat.shape == (6, 4)
    assert torch.equal(flat[3], states[1, 0])


def test_dropout_acts_between_the_layers_and_not_after_the_last():
    torch.manual_seed(0)
    module = nn.RNN(3, 64, num_layers=2, dropout=1.0)
    x = torch.randn(5, 1, 3)
    states, _ = module(x)
    assert (states != 0).all()
    assert torch.allclose(states, module(torch.randn(5, 1, 3))[0])
    single = module.eval()(x)[0]
    assert not torch.allclose(states, single)


def test_the_caption_of_dropout_says_its_probability(facts_of):
    assert float(facts_of("pytorch")["dropout"]) == ARGUMENTS["dropout"]["dropout"]


def test_the_second_direction_reads_from_the_end_and_stands_beside_the_first():
    torch.manual_seed(0)
    module = nn.RNN(3, 4, bidirectional=True)
    back = nn.RNN(3, 4)
    back.load_state_dict(
        {
            name.removesuffix("_reverse"): value
            for name, value in module.state_dict().items()
            if name.endswith("_reverse")
        }
    )
    x = torch.randn(5, 1, 3)
    states, _ = module(x)
    assert torch.allclose(states[..., 4:], back(x.flip(0))[0].flip(0))


def test_batch_first_is_an_order_of_axes():
    torch.manual_seed(0)
    plain, swapped = nn.RNN(3, 4), nn.RNN(3, 4, batch_first=True)
    swapped.load_state_dict(plain.state_dict())
    x = torch.randn(5, 2, 3)
    assert torch.equal(plain(x)[0].transpose(0, 1), swapped(x.transpose(0, 1))[0])


def test_only_tensors_with_an_axis_of_sequences_have_brackets(default_trace_of, seen_of):
    trace = default_trace_of("pytorch")
    run = class_run(trace)
    wanted = {name: 2 if run.tensors[name].ndim == 3 else 0 for name in TENSORS}
    assert seen_of(trace)["each_state"]["brackets"] == wanted


def test_code_is_written_in_columns():
    narrow, wide = (code(f"{mark}|", color=DARK.color("text"), size=0.3) for mark in "iW")
    places = [float(ink[-1].get_x() - ink[0].get_x()) for ink in (narrow, wide)]
    assert places[0] == pytest.approx(code_advance(0.3), abs=0.03)
    assert places[1] == pytest.approx(code_advance(0.3), abs=0.03)


def test_arguments_change_only_what_they_change(default_trace_of, seen_of):
    seen = seen_of(default_trace_of("pytorch"))
    bias, axes = seen["bias"]["parts"], seen["axes"]["parts"]
    assert {name for name in axes if bias.get(name) != axes[name]} == {
        *("shape of x", "shape of r_out", "axes of x", "axes of r_out", "count", "formula 0"),
    }
