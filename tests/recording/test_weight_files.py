"""Files of weights and inputs: what is taken as it is, and what is refused."""

import json
import os
from argparse import Namespace
from collections import OrderedDict
from pickle import dumps

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file as save_tensors
from torch import nn

from rnnviz.errors import RecordingError
from rnnviz.recording.data_files import load_inputs
from rnnviz.recording.weight_files import load_weights


def network(seed=0, hidden=4):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, hidden), nn.BatchNorm1d(hidden))


def tied(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    return model


def write_weights(held, path):
    if path.suffix == ".safetensors":
        save_tensors(held, path)
    else:
        torch.save(held, path)
    return path


def refused(call):
    """The one line that a call is refused with."""
    with pytest.raises(RecordingError) as error:
        call()
    message = str(error.value)
    assert "\n" not in message
    assert "weights_only" not in message
    return message


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth"])
def test_weights_come_back_as_they_were(ending, tmp_path):
    held = network(1).state_dict()
    model = network(2)
    load_weights(model, write_weights(held, tmp_path / f"weights.{ending}"))
    for name, value in model.state_dict().items():
        assert torch.equal(value, held[name]), name


def test_no_weight_is_rounded(tmp_path):
    wide, model = network(1).double(), network(2)
    third = torch.full((4,), 1 / 3, dtype=torch.float64)
    wide[0].bias.data = third
    load_weights(model, write_weights(wide.state_dict(), tmp_path / "weights.pt"))
    assert torch.equal(model[0].bias.data, third)
    load_weights(wide, write_weights(network(3).state_dict(), tmp_path / "narrow.pt"))
    assert wide[0].weight.dtype == torch.float64


def test_weights_that_are_shared_may_be_saved_once(tmp_path):
    held = {name: value for name, value in tied(1).state_dict().items() if name != "1.weight"}
    model = tied(2)
    load_weights(model, write_weights(held, tmp_path / "weights.safetensors"))
    assert torch.equal(model[1].weight, held["0.weight"])
    assert model[0].weight is model[1].weight


class Harmful:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("zipped", [True, False])
def test_no_code_in_a_file_is_run(zipped, tmp_path):
    path, made = tmp_path / "weights.pt", tmp_path / "made"
    held = {**network().state_dict(), "0.bias": Harmful(made)}
    torch.save(held, path, _use_new_zipfile_serialization=zipped)
    message = refused(lambda: load_weights(network(), path))
    assert "holds more than plain weights, which is never loaded" in message
    path.with_suffix(".pth").write_bytes(dumps(Harmful(made)))
    refused(lambda: load_weights(network(), path.with_suffix(".pth")))
    assert not made.exists()
    torch.load(path, weights_only=False)
    assert made.exists()


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"epoch": 3, **network().state_dict()}, "holds 'epoch' of type int, not weights alone"),
        ({"model": {"epoch": 3}}, "holds 'model' of type dict, not weights alone"),
        ({}, "holds nothing; save model.state_dict()"),
        ([1, 2], "holds type list, not weights by name"),
        (torch.zeros(3), "holds type Tensor, not weights by name"),
    ],
)
def test_files_that_hold_something_else(held, expected, tmp_path):
    path = write_weights(held, tmp_path / "weights.pt")
    assert expected in refused(lambda: load_weights(network(), path))


WRAPPED = {
    "DataParallel": lambda name: f"module.{name}",
    "torch.compile": lambda name: f"_orig_mod.{name}",
    "both": lambda name: f"module._orig_mod.{name}",
    "a compiled part": lambda name: name.replace("0.", "0._orig_mod."),
    "Lightning": lambda name: f"model.{name}",
    "Lightning, compiled": lambda name: f"model._orig_mod.{name}",
    "deeper": lambda name: f"net.body.{name}",
}


def checkpoint(state):
    """What training scripts save: an optimizer's state, settings, and the weights among them."""
    moments = {0: {"exp_avg": torch.zeros(4, 3), "step": torch.tensor(3.0)}}
    return {
        "epoch": 3,
        "args": {"lr": 0.1, "name": "a", "sizes": [3, 4], "nothing": None},
        "optimizer_states": [{"state": moments, "param_groups": [{"lr": 0.1, "params": [0]}]}],
        "optimizer": {"state": moments, "param_groups": []},
        **state,
    }


def loaded(path, key=None):
    model = network(2)
    load_weights(model, path, key)
    return model.state_dict()


def same_states(got, expected):
    assert got.keys() == expected.keys()
    for name, value in got.items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
@pytest.mark.parametrize("wrapper", WRAPPED)
def test_what_wrappers_put_into_names_is_left_out(wrapper, ending, tmp_path):
    state = network(1).state_dict()
    held = {WRAPPED[wrapper](name): value for name, value in state.items()}
    same_states(loaded(write_weights(held, tmp_path / f"weights.{ending}")), state)
    plain, model = write_weights(dict(state), tmp_path / f"plain.{ending}"), network(2)
    wrapped = nn.DataParallel(model)
    load_weights(wrapped, plain)
    same_states(model.state_dict(), state)


@pytest.mark.parametrize("ending", ["pt", "pth", "ckpt", "tar"])
@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net", "anything"])
@pytest.mark.parametrize("wrapper", ["torch.compile", "Lightning"])
def test_weights_are_found_in_a_checkpoint(wrapper, key, ending, tmp_path):
    state = network(1).state_dict()
    held = {WRAPPED[wrapper](name): value for name, value in state.items()}
    path = write_weights(checkpoint({key: held}), tmp_path / f"run.{ending}")
    same_states(loaded(path), state)
    same_states(loaded(path, key), state)


def test_of_several_weights_one_is_to_be_named(tmp_path):
    first, second = network(1).state_dict(), network(3).state_dict()
    path = write_weights(checkpoint({"model": first, "ema": {"model": second}}), tmp_path / "a.pt")
    message = refused(lambda: loaded(path))
    assert "holds weights of this model as 'model', 'ema/model'; name one with key=" in message
    same_states(loaded(path, "model"), first)
    same_states(loaded(path, "ema/model"), second)
    assert "has no weights as 'none'; it has 'optimizer/state/0'" in refused(
        lambda: loaded(path, "none")
    )


def test_of_weights_of_more_than_the_model_a_part_is_to_be_named(tmp_path):
    state = network(1).state_dict()
    held = {f"model.{name}": value for name, value in state.items()}
    held["criterion.weight"] = torch.ones(4)
    path = write_weights(checkpoint({"state_dict": held}), tmp_path / "run.ckpt")
    message = refused(lambda: loaded(path))
    assert "those whose names begin with 'model.' are: name them with key='state_dict/model'" in (
        message
    )
    same_states(loaded(path, "state_dict/model"), state)


def test_weights_of_another_model_in_a_checkpoint_are_told_with_their_key(tmp_path):
    held = {"rnn.weight": torch.ones(2), "0.weight": torch.ones(4, 3)}
    path = write_weights(checkpoint({"state_dict": held}), tmp_path / "run.ckpt")
    message = refused(lambda: loaded(path))
    assert "does not hold the model's weights as 'state_dict': it lacks '0.bias'" in message


def test_a_checkpoint_may_hold_numpys_numbers_and_arrays(tmp_path):
    numbers = {"best": np.float64(0.3), "epoch": np.int64(7), "losses": np.ones((2, 3), np.float32)}
    held = checkpoint({"state_dict": network(1).state_dict(), **numbers})
    model = loaded(write_weights(held, tmp_path / "run.ckpt"))
    assert torch.equal(model["0.bias"], network(1).state_dict()["0.bias"])


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_the_key_of_the_weights_beside_what_is_never_loaded_is_named(kind, tmp_path):
    weights = kind(network(1).state_dict())
    own = {"epoch": 3, "arguments": Namespace(lr=0.1), "model_state_dict": weights}
    path = write_weights({**own, "optimizer": {"lr": 0.1}}, tmp_path / "run.pth")
    message = refused(lambda: loaded(path))
    assert (
        "never loaded (argparse.Namespace); its weights stand under 'model_state_dict': " in message
    )
    alone = tmp_path / "alone.pt"
    torch.save(torch.load(path, weights_only=False)["model_state_dict"], alone)  # as it says
    same_states(loaded(alone), network(1).state_dict())


def test_a_checkpoint_that_holds_code_is_not_run(tmp_path):
    made = tmp_path / "made"
    held = checkpoint({"state_dict": network(1).state_dict(), "callback": Harmful(made)})
    path = write_weights(held, tmp_path / "run.ckpt")
    assert "more than plain weights, which is never loaded (posix.mkdir)" in refused(
        lambda: loaded(path)
    )
    assert not made.exists()


def test_complex_weights_do_not_lose_their_imaginary_part(tmp_path):
    held = network(1).state_dict()
    held["0.bias"] = torch.full((4,), 1 + 2j)
    path = write_weights(held, tmp_path / "weights.pt")
    assert "'0.bias' is torch.complex64 in" in refused(lambda: loaded(path))


def test_a_model_in_half_precision_becomes_as_wide_as_its_weights(tmp_path):
    state, model = network(1).state_dict(), network(2).half()
    load_weights(model, write_weights(state, tmp_path / "weights.pt"))
    same_states(model.state_dict(), state)


def test_names_that_do_not_fit_are_named(tmp_path):
    held = network().state_dict()
    held["rnn.weight"] = held.pop("0.weight")
    del held["0.bias"]
    path = write_weights(held, tmp_path / "weights.safetensors")
    message = refused(lambda: load_weights(network(), path))
    assert "lacks '0.weight', '0.bias' and has besides 'rnn.weight'" in message


def test_a_shape_that_does_not_fit_is_named(tmp_path):
    path = write_weights(network(hidden=5).state_dict(), tmp_path / "weights.pt")
    model = network(2)
    message = refused(lambda: load_weights(model, path))
    assert "'0.weight' has shape (5, 3) in" in message
    assert "(4, 3) in the model" in message
    assert torch.equal(model[0].weight, network(2)[0].weight)


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_damaged_weights(ending, tmp_path):
    path = write_weights(network().state_dict(), tmp_path / f"weights.{ending}")
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[:60], whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert "is damaged" in refused(lambda: load_weights(network(), path))


def test_files_that_are_not_there_or_have_another_ending(tmp_path):
    missing, folder, other = tmp_path / "no.pt", tmp_path / "folder.npz", tmp_path / "some.bin"
    folder.mkdir()
    assert "no file" in refused(lambda: load_weights(network(), missing))
    assert "no file" in refused(lambda: load_inputs(folder))
    assert "must end in .safetensors, .pt, .pth" in refused(lambda: load_weights(network(), other))
    assert "must end in .safetensors, .npz" in refused(lambda: load_inputs(missing))


def write_arrays(path, **arrays):
    if path.suffix == ".safetensors":
        save_arrays(arrays, path)
    else:
        np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_inputs_come_back_as_they_were(ending, tmp_path):
    given = {
        "inputs": np.arange(12.0).reshape(3, 2, 2) / 7,
        "targets": np.array([[1, 2], [0, 1], [2, 2]], np.uint8),
        "lengths": np.array([3, 2], np.int32),
        "state": np.ones((1, 2, 4), np.float32),
        "cell_state": np.zeros((1, 2, 4), np.float32),
    }
    found = load_inputs(write_arrays(tmp_path / f"in.{ending}", **given))
    assert found.keys() == given.keys()
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == (array.dtype if array.dtype.kind == "f" else np.int64)


def test_numbers_that_torch_does_not_know_become_some_that_it_knows(tmp_path):
    values = np.array([[0.5, -2.0]])
    given = {"inputs": values.astype(">f8"), "targets": values.astype(np.longdouble)}
    found = load_inputs(write_arrays(tmp_path / "in.npz", **given))
    for array in found.values():
        assert torch.equal(torch.from_numpy(array), torch.tensor(values))


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"inputs": np.zeros(2)}, "has no 'targets'; it has inputs"),
        ({"x": np.zeros(2), "targets": np.zeros(2)}, "has no 'inputs'; it has x, targets"),
        (
            {"inputs": np.zeros(2), "targets": np.zeros(2), "length": np.ones(1)},
            "unknown 'length'",
        ),
        (
            {"inputs": np.zeros(2), "targets": np.zeros(2), "cell_state": np.ones(1)},
            "has 'cell_state' but no 'state'",
        ),
        ({"inputs": np.array(["a"]), "targets": np.zeros(2)}, "'inputs' in"),
        (
            {"inputs": np.zeros(2), "targets": np.array([1j])},
            "has dtype complex128, not numbers",
        ),
        ({"inputs": np.array([{}]), "targets": np.zeros(2)}, "which is never loaded"),
    ],
)
def test_inputs_that_do_not_fit(arrays, expected, tmp_path):
    path = write_arrays(tmp_path / "in.npz", **arrays)
    assert expected in refused(lambda: load_inputs(path))


LABELS = {
    "step_labels": (("春", "眠", "不"), ("a", "b", "")),
    "target_labels": (("1", "2", "3"), ("4", "5", "6")),
    "input_labels": ("left", "right"),
    "output_labels": ("yes", "no", "maybe"),
}


def write_labels(path, labels):
    """A file of inputs with labels, as its format holds them."""
    arrays = {"inputs": np.zeros((2, 3, 2)), "targets": np.zeros((2, 3), np.int64)}
    if path.suffix == ".npz":
        np.savez(path, **arrays, **{name: np.array(rows) for name, rows in labels.items()})
    else:
        save_arrays(arrays, path, {name: json.dumps(rows) for name, rows in labels.items()})
    return path


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_labels_come_with_the_inputs(ending, tmp_path):
    found = load_inputs(write_labels(tmp_path / f"in.{ending}", LABELS))
    assert {name: found[name] for name in LABELS} == LABELS


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("step_labels", [[["a"]]], "step_labels must have the shape (batch, time)"),
        ("input_labels", [["a"]], "input_labels must have the shape (input,)"),
        ("output_labels", "yes", "output_labels must be a list"),
        ("output_labels", [True, False], "output_labels must hold strings or numbers"),
    ],
)
def test_labels_of_another_shape(ending, name, rows, expected, tmp_path):
    path = write_labels(tmp_path / f"in.{ending}", {name: rows})
    assert expected in refused(lambda: load_inputs(path))


def test_labels_that_are_no_text(tmp_path):
    path = write_labels(tmp_path / "in.npz", {"step_labels": np.array([["a", None]], object)})
    assert "labels as arrays of strings (dtype=str)" in refused(lambda: load_inputs(path))
    arrays = {"inputs": np.zeros(2), "targets": np.zeros(2)}
    save_arrays(arrays, tmp_path / "in.safetensors", {"step_labels": "a, b"})
    message = refused(lambda: load_inputs(tmp_path / "in.safetensors"))
    assert "is not JSON; write it with json.dumps(labels)" in message


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_damaged_inputs(ending, tmp_path):
    arrays = {"inputs": np.zeros((4, 3)), "targets": np.zeros((4, 1))}
    path = write_arrays(tmp_path / f"in.{ending}", **arrays)
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[:60], whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert "is damaged" in refused(lambda: load_inputs(path))


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, "holds nothing"),
        ({0: torch.ones(1)}, "holds 0 of type Tensor"),
        ({"weight": torch.ones(2, 3).to_sparse(), "bias": torch.ones(2)}, "is a sparse tensor"),
        (
            {"weight": torch.empty(2, 3, device="meta"), "bias": torch.ones(2)},
            "is a meta tensor",
        ),
        (
            {
                f"{prefix}.{name}": value
                for prefix in ("model", "ema")
                for name, value in torch.nn.Linear(3, 2).state_dict().items()
            },
            "key='ema' or key='model'",
        ),
    ],
)
def test_weights_that_cannot_be_taken_are_told_with_a_remedy(held, expected, tmp_path):
    torch.save(held, tmp_path / "held.pt")
    with pytest.raises(RecordingError, match=expected):
        load_weights(torch.nn.Linear(3, 2), tmp_path / "held.pt")


def test_a_mapping_within_itself_comes_to_an_end(tmp_path):
    held = {}
    held["self"] = held
    torch.save(held, tmp_path / "held.pt")
    with pytest.raises(RecordingError, match="holds 'self' of type dict"):
        load_weights(torch.nn.Linear(3, 2), tmp_path / "held.pt")


def test_a_whole_model_names_no_key_that_cannot_be_saved_alone(tmp_path):
    torch.save(torch.nn.Sequential(torch.nn.Linear(3, 2)), tmp_path / "held.pt")
    with pytest.raises(RecordingError, match=r"\); save model.state_dict\(\) alone$"):
        load_weights(torch.nn.Linear(3, 2), tmp_path / "held.pt")
