import contextlib
import dataclasses
import errno
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import Around
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz.errors import RnnvizError, TraceError
from rnnviz.recording import record
from rnnviz.trace import Trace, load, load_arrays, storage
from rnnviz.trace.metadata import SCHEMA, to_json
from rnnviz.verification import verify

OF_CUSTOM_CELLS = ("step_jacobian", "within_step")
ARRAYS = [
    item.name
    for item in dataclasses.fields(Trace)
    if "dims" in item.metadata and item.name not in OF_CUSTOM_CELLS
]
DIMS = {
    item.name: item.metadata["dims"]
    for item in dataclasses.fields(Trace)
    if "dims" in item.metadata
}
GRADIENTS = [
    "loss_times",
    "grad_direct",
    "grad_h",
    "grad_h_by_loss",
    "grad_x_by_loss",
    "gradients",
]


class Mixing(Around):
    """A head that reads the states of all steps, and the last cell state."""

    def forward(self, packed):
        states, (_, c) = self.rnn(packed)
        padded, _ = nn.utils.rnn.pad_packed_sequence(states)
        mask = (padded != 0).any(-1, keepdim=True)
        return self.fc(padded.cumsum(0) * mask) + c[0, :, :1]


@pytest.fixture(scope="module")
def rich():
    """A trace in which every field is there."""
    torch.manual_seed(0)
    layer = nn.LSTM(3, 5, num_layers=2, bidirectional=True, dropout=0.5, proj_size=4)
    x = pack_padded_sequence(torch.randn(6, 2, 3), torch.tensor([6, 4]))
    trace = record(Mixing(layer), x, torch.randint(4, (6, 2)), training=True, losses=2)
    assert all(getattr(trace, name) is not None for name in ARRAYS)
    return trace


def one_line(error: pytest.ExceptionInfo[TraceError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def raw_header(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])["__metadata__"]


@pytest.fixture
def saved(trace, tmp_path):
    return trace.save(tmp_path / "run.safetensors")


@pytest.fixture
def rewritten(saved):
    """Write the saved trace anew with changed tensors and a changed header, and right checksums."""

    def rewrite(tensors=None, header=None, drop=()):
        held = {key: value for key, value in load_file(saved).items() if key not in drop}
        known = json.loads(raw_header(saved)["rnnviz"])
        storage.write(saved, {**held, **(tensors or {})}, json.dumps({**known, **(header or {})}))
        return saved

    return rewrite


def test_sizes_are_those_of_the_network(trace):
    assert (trace.steps, trace.batch, trace.layers, trace.directions) == (6, 2, 1, 1)
    assert (trace.input_size, trace.hidden_size, trace.output_size) == (3, 5, 4)
    assert trace.has_gradients
    assert trace.loss_steps == (0, 1, 2, 3, 4, 5)


def test_loss_steps_are_those_with_a_target(make_trace):
    assert make_trace(last_only=True).loss_steps == (5,)
    assert make_trace("squared").loss_steps == tuple(range(6))


def test_effective_matrices_are_pytorchs_with_both_biases_added(trace):
    held = trace.parameters
    assert trace.U is held["rnn.weight_ih_l0"]
    assert trace.W is held["rnn.weight_hh_l0"]
    assert trace.V is held["fc.weight"]
    np.testing.assert_array_equal(trace.b, held["rnn.bias_ih_l0"] + held["rnn.bias_hh_l0"])
    np.testing.assert_array_equal(trace.output_bias, held["fc.bias"])


def test_effective_biases_of_a_network_without_are_zero(make_trace):
    trace = make_trace(bias=False)
    np.testing.assert_array_equal(trace.b, np.zeros(5))
    np.testing.assert_array_equal(trace.output_bias, np.zeros(4))


def test_output_weights_need_an_output_layer(trace):
    metadata = dataclasses.replace(trace.metadata, output_layer=None)
    with pytest.raises(TraceError, match=r"no output layer.*; record a network that ends in one"):
        _ = dataclasses.replace(trace, metadata=metadata).V


def test_arrays_are_read_only_copies(trace):
    mine = np.array(trace.x)
    other = dataclasses.replace(trace, x=mine)
    mine[:] = 0
    np.testing.assert_array_equal(other.x, trace.x)
    for array in (trace.h, trace.parameters["fc.weight"], trace.gradients["fc.weight"]):
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(TypeError):
        trace.parameters["fc.weight"] = mine


def test_identity_stands_for_every_array_and_the_metadata(rich):
    seen = {rich.identity}
    for name in ARRAYS:
        changed = getattr(rich, name).copy()
        changed.flat[-1] = {"lengths": 3, "loss_times": 4}.get(name, changed.flat[-1] + 1)
        if name == "targets":
            changed.flat[-1] = 2
        seen.add(dataclasses.replace(rich, **{name: changed}).identity)
    for name in ("parameters", "gradients"):
        held = {key: value.copy() for key, value in getattr(rich, name).items()}
        held["fc.bias"][0] += 1
        seen.add(dataclasses.replace(rich, **{name: held}).identity)
    seen.add(
        dataclasses.replace(rich, metadata=dataclasses.replace(rich.metadata, seed=7)).identity
    )
    assert len(seen) == 1 + len(ARRAYS) + 2 + 1
    assert all(len(identity) == 6 for identity in seen)


def test_arrays_that_nobody_can_write_to_are_taken_without_a_copy(trace):
    mine = np.array(trace.h)
    mine.flags.writeable = False
    assert dataclasses.replace(trace, h=mine).h is mine
    base = np.array(trace.h)
    view = base[:]
    view.flags.writeable = False
    other = dataclasses.replace(trace, h=view)
    base[:] = 0
    np.testing.assert_array_equal(other.h, trace.h)


def test_sizes_and_names_of_a_network_of_layers_and_directions(rich):
    assert (rich.layers, rich.directions, rich.hidden_size, rich.cell_size) == (2, 2, 4, 5)
    assert rich.weight("weight_hr", 1, 1) is rich.parameters["rnn.weight_hr_l1_reverse"]
    assert rich.weight("weight_xy") is None
    assert rich.mask.sum(axis=0).tolist() == [6, 4]
    assert rich.loss_steps == (0, 1, 2, 3, 4, 5)


def test_where_a_loss_is(rich, trace, make_trace):
    np.testing.assert_array_equal(rich.has_loss, rich.mask)
    targets = np.where(rich.mask, rich.targets, 1)
    np.testing.assert_array_equal(dataclasses.replace(rich, targets=targets).has_loss, rich.mask)
    shorter = dataclasses.replace(trace, lengths=np.array([3, 4]))
    np.testing.assert_array_equal(shorter.has_loss.sum(axis=0), [3, 4])
    assert shorter.loss_steps == (0, 1, 2, 3)
    assert make_trace(last_only=True).has_loss.sum(axis=0).tolist() == [1, 1]


def test_states_before_follow_the_direction_and_the_lengths(rich):
    for layer in range(2):
        forward, backward = (rich.states_before(layer, way) for way in range(2))
        h, h0 = rich.h[layer], rich.h0[layer]
        np.testing.assert_array_equal(forward[0], h0[0])
        np.testing.assert_array_equal(forward[1:, 0], h[0, :-1, 0])
        np.testing.assert_array_equal(backward[:-1, 0], h[1, 1:, 0])
        np.testing.assert_array_equal(backward[3, 1], h0[1, 1])
        np.testing.assert_array_equal(backward[:3, 1], h[1, 1:4, 1])
        assert not forward[4:, 1].any()
        assert not backward[4:, 1].any()
    np.testing.assert_array_equal(rich.cells_before(1, 0)[1:, 0], rich.c[1, 0, :-1, 0])


def test_what_enters_a_layer_is_what_the_one_below_gives_with_dropout(rich):
    np.testing.assert_array_equal(rich.layer_input(0), rich.x)
    below = np.concatenate([rich.h[0, 0], rich.h[0, 1]], axis=-1)
    np.testing.assert_array_equal(rich.layer_input(1), below * rich.dropout[0])
    assert (rich.dropout == 0).any()


def test_a_cell_state_is_an_lstms(trace):
    with pytest.raises(TraceError, match="an RNN has no cell state; record an LSTM"):
        trace.cells_before()


# --- the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared", "squared-on-softmax"])
@pytest.mark.parametrize("gradients", [True, False])
def test_a_saved_trace_comes_back_as_it_was(make_trace, tmp_path, loss, dtype, gradients):
    trace = make_trace(loss, dtype, gradients=gradients)
    again = load(trace.save(tmp_path / "run.safetensors"))
    for name in ARRAYS:
        ours, theirs = getattr(trace, name), getattr(again, name)
        if ours is None:
            assert theirs is None
        else:
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype
    assert dict(again.parameters).keys() == dict(trace.parameters).keys()
    assert again.has_gradients is gradients
    assert again.metadata == trace.metadata
    assert again.identity == trace.identity


def test_labels_in_any_script_come_back(trace, tmp_path):
    metadata = dataclasses.replace(
        trace.metadata,
        step_labels=(("我", "住", "在", "北京", '"#$\\', "@"),) * 2,
        output_labels=("中文", "English", "", " "),
        task_options={"gap": 3, "names": ["a", "b"]},
    )
    made = dataclasses.replace(trace, metadata=metadata)
    assert load(made.save(tmp_path / "标签.safetensors")).metadata == metadata


def test_saving_makes_missing_folders_and_leaves_only_the_file(trace, tmp_path):
    path = trace.save(tmp_path / "a" / "b" / "run.safetensors")
    assert [item.name for item in path.parent.iterdir()] == ["run.safetensors"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("stage", "failure", "raised"),
    [
        ("save_file", OSError(errno.ENOSPC, "No space left on device"), TraceError),
        ("save_file", KeyboardInterrupt(), KeyboardInterrupt),
        ("replace", PermissionError(errno.EACCES, "Permission denied"), TraceError),
    ],
)
def test_a_failed_save_keeps_the_old_file_and_no_other(
    saved, trace, monkeypatch, stage, failure, raised
):
    before = saved.read_bytes()

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(storage if stage == "save_file" else os, stage, fail)
    with pytest.raises(raised):
        trace.save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_saving_into_a_file_or_over_a_folder_says_why(trace, saved, tmp_path):
    for place in (saved / "run.safetensors", tmp_path):
        with pytest.raises(TraceError, match=r"(cannot write|is a folder).*; (choose|name)") as e:
            trace.save(place)
        one_line(e)
    assert list(tmp_path.iterdir()) == [saved]


# --- files that are no trace ------------------------------------------------------------------


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(TraceError, match=r"there is no trace .*; record one with") as error:
        load(tmp_path / "none.safetensors")
    one_line(error)


def test_a_file_that_cannot_be_read_is_not_called_damaged(saved, closed):
    closed(saved)
    with pytest.raises(TraceError, match=r"cannot read trace .* \(Permission denied\)") as error:
        load(saved)
    one_line(error)


def test_a_file_in_a_closed_folder_is_not_called_damaged(trace, tmp_path, closed):
    saved = trace.save(tmp_path / "closed" / "run.safetensors")
    closed(saved.parent)
    with pytest.raises(TraceError, match=r"cannot read trace|there is no trace") as error:
        load(saved)
    one_line(error)


@pytest.mark.parametrize("kept", [0, 1, 8, 9, 200, 0.5, 0.99, -1])
def test_a_truncated_file_is_damaged(saved, kept):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(TraceError, match=r"damaged or not a trace.*; record it again") as error:
        load(saved)
    assert str(saved) in one_line(error)


@pytest.mark.parametrize("content", [b"garbage", b"PK\x03\x04" + b"\0" * 400, b"\xff" * 4096])
def test_garbage_is_no_trace(saved, content):
    saved.write_bytes(content)
    with pytest.raises(TraceError, match="damaged or not a trace") as error:
        load(saved)
    one_line(error)


@pytest.mark.parametrize("header", [None, {"format": "pt"}])
def test_weights_of_something_else_are_no_trace(tmp_path, header):
    path = tmp_path / "model.safetensors"
    save_file({"weight": np.zeros(3)}, path, header)
    with pytest.raises(TraceError, match="is a safetensors file but not a trace"):
        load(path)


@pytest.mark.parametrize("header", ["", "{", "[]", "3", "null", "{}", '{"schema": "new"}'])
def test_a_broken_header_is_an_error_of_ours(tmp_path, header):
    path = tmp_path / "run.safetensors"
    save_file({"x": np.zeros(3)}, path, {"rnnviz": header})
    with pytest.raises(TraceError) as error:
        load(path)
    one_line(error)


def test_a_newer_schema_asks_for_an_upgrade(rewritten):
    path = rewritten(header={"schema": SCHEMA + 1})
    with pytest.raises(TraceError, match=rf"schema {SCHEMA + 1}.* reads {SCHEMA}; upgrade rnnviz"):
        load(path)


def test_metadata_that_a_later_version_added_is_passed_over(rewritten, trace):
    assert load(rewritten(header={"mood": "fine"})).metadata == trace.metadata


@pytest.mark.parametrize("name", ["x", "h", "preact", "loss", "gates"])
def test_a_missing_field_is_named(rewritten, name):
    path = rewritten(drop=[name])
    with pytest.raises(TraceError, match=rf"not a complete trace.*'{name}'.*record"):
        load(path)


def test_a_missing_field_of_the_gradients_is_named(rewritten):
    path = rewritten(drop=["grad_h"])
    with pytest.raises(TraceError, match="field 'grad_h' is missing, but other gradients"):
        load(path)


def test_an_unknown_field_or_group_is_refused(rewritten):
    with pytest.raises(TraceError, match="hidden_state"):
        load(rewritten(tensors={"hidden_state": np.zeros(2)}))
    with pytest.raises(TraceError, match="others"):
        load(rewritten(tensors={"others/a": np.zeros(2)}, drop=["hidden_state"]))


def test_wrong_dims_in_a_file_name_the_file_and_the_field(rewritten, trace):
    path = rewritten(tensors={"h": trace.h[..., :-1].copy()})
    with pytest.raises(TraceError) as error:
        load(path)
    message = one_line(error)
    assert str(path) in message
    assert "field 'h' has shape (1, 1, 6, 2, 4)" in message


@given(data=st.data())
def test_a_changed_byte_is_always_noticed(data, rich, tmp_path_factory):
    """Or it changes nothing: white space of the file's own header."""
    path = rich.save(tmp_path_factory.mktemp("flipped") / "run.safetensors")
    content = bytearray(path.read_bytes())
    at = data.draw(st.one_of(st.integers(0, 12_000), st.integers(0, len(content) - 1)))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        read = load(path)
    except TraceError:
        return
    assert chr(content[at]) in " \t\n\r", at
    assert read.identity == rich.identity


@given(data=st.data())
def test_a_cut_or_padded_file_is_always_noticed(data, rich, tmp_path_factory):
    path = rich.save(tmp_path_factory.mktemp("cut") / "run.safetensors")
    content = path.read_bytes()
    kept = data.draw(st.integers(0, len(content) - 1))
    more = data.draw(st.binary(max_size=40))
    path.write_bytes(content[:kept] + more if kept % 2 else content + (more or b"0"))
    with pytest.raises(TraceError) as error:
        load(path)
    one_line(error)


_ANY_TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(["\ud800", "a\0b", "\x1b[2J"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
DEEP = "[" * 100_000 + "]" * 100_000


def error_of_ours_or_a_trace(path):
    """A file is refused by an error of ours, or holds a trace that can be verified."""
    try:
        read = load(path)
    except RnnvizError as error:
        str(error).encode()
        return
    assert all(text.isprintable() for row in read.summary.rows() for text in row)
    read.summary.html().encode()
    json.dumps(dataclasses.asdict(read.metadata), allow_nan=False, ensure_ascii=False).encode()
    with contextlib.suppress(RnnvizError):
        verify(read)


@given(data=st.data())
def test_a_header_of_anything_is_an_error_of_ours_or_a_trace(data, rich, tmp_path_factory):
    path = tmp_path_factory.mktemp("header") / "run.safetensors"
    known = dataclasses.asdict(rich.metadata)
    names = st.sampled_from([item.name for item in dataclasses.fields(rich.metadata)])
    known |= data.draw(st.dictionaries(names, _JSON, min_size=1, max_size=3))
    storage.write(path, rich.arrays(), json.dumps(known))
    error_of_ours_or_a_trace(path)


_CHANGE = st.tuples(
    st.integers(0, 99),
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from(["", "int64", "float32", "bool"]),
    st.sampled_from([0, 1, -1, 99]),
)


@given(changes=st.lists(_CHANGE, min_size=1, max_size=2))
def test_arrays_of_any_shape_are_an_error_of_ours_or_a_trace(changes, rich, tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "run.safetensors"
    held = rich.arrays()
    names = sorted(held)
    for place, shape, kind, value in changes:
        name = names[place % len(names)]
        made = np.full(shape or held[name].shape, value)
        held[name] = made.astype(kind or held[name].dtype)
    storage.write(path, held, to_json(rich.metadata))
    error_of_ours_or_a_trace(path)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (
            "source",
            "\ud800",
            'source: expected text without NUL and lone surrogates, got "\\ud800"',
        ),
        (
            "step_labels",
            [["a\0b"]],
            'step_labels[0][0]: expected text without NUL and lone surrogates, got "a\\u0000b"',
        ),
        ("versions", [], "versions: expected an object, got []"),
        ("seed", -1, "seed: expected an integer >= 0, got -1"),
        ("accuracy", float("nan"), "accuracy: expected a finite number, got NaN"),
        (
            "task_options",
            {"a": json.loads("[" * 99 + "]" * 99)},
            "task_options: expected JSON, at most 16 levels deep, ",
        ),
        ("layer", None, "layer: expected text, got null"),
    ],
)
def test_metadata_that_no_trace_has_are_named(field, value, expected, rewritten, trace):
    with pytest.raises(TraceError) as error:
        load(rewritten(header={field: value}))
    assert expected in one_line(error)
    with pytest.raises(TraceError, match=f"metadata: {field}"):
        dataclasses.replace(trace.metadata, **{field: value})


@pytest.mark.parametrize("held", ["rnnviz", "checksums"])
def test_what_is_nested_too_deep_is_an_error_of_ours(held, tmp_path):
    path = tmp_path / "run.safetensors"
    sums = {"x": storage._checksum("x", np.zeros(3)), "": storage._checksum_of_text(DEEP)}
    save_file({"x": np.zeros(3)}, path, {"rnnviz": DEEP, "checksums": json.dumps(sums), held: DEEP})
    with pytest.raises(TraceError) as error:
        load(path)
    one_line(error)


def test_a_gradient_has_the_shape_of_its_parameter(rewritten, trace):
    with pytest.raises(TraceError) as error:
        load(rewritten(tensors={"gradients/fc.bias": np.zeros(1)}))
    assert (
        "the gradient of parameter 'fc.bias' must be (4,) as the parameter, got (1,)"
        in one_line(error)
    )


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".safetensors", "a\0.safetensors"], ids=["long", "NUL"]
)
def test_a_name_that_no_file_can_have_is_refused(name, trace, tmp_path):
    for use in (trace.save, load):
        with pytest.raises(
            TraceError, match=r"cannot (write|read) .*\(File name too long\)|has a NUL"
        ) as error:
            use(tmp_path / name)
        one_line(error)
        assert list(tmp_path.iterdir()) == []


# --- some arrays of a file ----------------------------------------------------------------------


def test_one_array_of_a_file_is_read_without_the_others(rich, tmp_path):
    """What is not asked for may be damaged, and is not noticed: it was not read."""
    path = rich.save(tmp_path / "run.safetensors")
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    start, stop = json.loads(content[8 : 8 + length])["grad_h_by_loss"]["data_offsets"]
    content[8 + length + start : 8 + length + stop] = b"\xff" * (stop - start)
    path.write_bytes(content)
    read = load_arrays(path, "h", "parameters/fc.bias")
    assert set(read) == {"h", "parameters/fc.bias"}
    np.testing.assert_array_equal(read["h"], rich.h)
    for damaged in (lambda: load_arrays(path, "grad_h_by_loss"), lambda: load(path)):
        with pytest.raises(TraceError, match="'grad_h_by_loss' was changed"):
            damaged()
    with pytest.raises(TraceError, match=r"has no 'hidden'; it has c, c0, dropout"):
        load_arrays(path, "hidden")


def test_one_array_of_a_file_larger_than_the_memory_is_read(tmp_path):
    """A file with a hole of 10^12 bytes, which takes no room on the disk."""
    path = tmp_path / "large.safetensors"
    array = np.arange(6.0)
    header = "{}"
    sums = {name: storage._checksum(name, array) for name in ("small",)}
    sums |= {"large": 0, "": storage._checksum_of_text(header)}
    size = 10**12
    described = json.dumps(
        {
            "__metadata__": {"rnnviz": header, "checksums": json.dumps(sums)},
            "small": {"dtype": "F64", "shape": [6], "data_offsets": [0, 48]},
            "large": {"dtype": "U8", "shape": [size], "data_offsets": [48, 48 + size]},
        }
    ).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(described)) + described + array.tobytes())
        file.truncate(8 + len(described) + 48 + size)
    np.testing.assert_array_equal(load_arrays(path, "small")["small"], array)


# --- arrays that make no trace ----------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "targets"])
def test_each_field_is_held_to_its_dims(rich, name):
    array = getattr(rich, name)
    shared = [dims for other, dims in DIMS.items() if other != name]
    wrong = [array[None]] if array.ndim == 1 else [array[0], array[None]]
    for axis, dim in enumerate(DIMS[name]):
        known = dim == "loss_batch" or any(dim in dims for dims in shared)
        if known and array.shape[axis] > 2:
            wrong.append(np.delete(array, 0, axis=axis))
    for changed in wrong:
        with pytest.raises(
            TraceError, match=r"which does not fit its dims \(.*; all shapes: x |has \d steps|gates"
        ):
            dataclasses.replace(rich, **{name: changed})


def test_a_mismatch_names_field_shape_dims_and_all_shapes(trace):
    with pytest.raises(TraceError) as error:
        dataclasses.replace(trace, y=trace.y[:, :, :-1])
    message = one_line(error)
    assert "field 'y' has shape (6, 2, 3)" in message
    assert "(output_time, batch, output)" in message
    assert "h (1, 1, 6, 2, 5)" in message


def test_a_cell_has_its_number_of_gates(trace):
    metadata = dataclasses.replace(trace.metadata, cell="gru")
    with pytest.raises(TraceError, match="field 'preact' has 1 gates, but cell 'gru' has 3"):
        dataclasses.replace(trace, metadata=metadata)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [name for name in ARRAYS if "time" in DIMS[name]])
def test_a_number_that_is_not_finite_names_field_and_step(rich, name, value):
    array = getattr(rich, name).copy()
    place = [0] * array.ndim
    place[DIMS[name].index("time")] = 3
    array[tuple(place)] = value
    with pytest.raises(TraceError, match=rf"field '{name}' .*\({value}\) at step 4; ") as error:
        dataclasses.replace(rich, **{name: array})
    one_line(error)


def test_large_numbers_that_are_finite_are_taken(trace):
    large = np.full_like(trace.loss, 1e308)
    assert (dataclasses.replace(trace, loss=large).loss == 1e308).all()


def test_no_target_among_values_is_no_fault(make_trace):
    trace = make_trace("squared")
    targets = np.full_like(trace.targets, np.nan)
    targets[-1] = 1.0
    assert dataclasses.replace(trace, targets=targets).loss_steps == (5,)
    targets[0, 0, 0] = np.inf
    with pytest.raises(TraceError, match="field 'targets' is not finite"):
        dataclasses.replace(trace, targets=targets)


@pytest.mark.parametrize(
    ("name", "values"), [("lengths", [0, 6]), ("lengths", [6, 7]), ("loss_times", [-1, 2, 6])]
)
def test_steps_that_there_are_not(rich, name, values):
    with pytest.raises(TraceError, match=f"field '{name}' must be within"):
        dataclasses.replace(rich, **{name: np.array(values)})
    with pytest.raises(TraceError, match=f"field '{name}' must hold integers, got dtype float64"):
        dataclasses.replace(rich, **{name: np.array(values, dtype=float)})


def test_a_number_that_is_not_finite_in_h0_or_a_parameter_names_its_place(trace):
    h0 = trace.h0.copy()
    h0[0, 0, 1, 2] = np.nan
    with pytest.raises(TraceError, match=r"field 'h0' .* at \(0, 0, 1, 2\)"):
        dataclasses.replace(trace, h0=h0)
    weights = {key: value.copy() for key, value in trace.parameters.items()}
    weights["rnn.weight_hh_l0"][1, 2] = np.inf
    with pytest.raises(TraceError, match=r"field 'parameters/rnn.weight_hh_l0' .* at \(1, 2\)"):
        dataclasses.replace(trace, parameters=weights)


@pytest.mark.parametrize("dtype", [bool, complex, "U8", object])
def test_arrays_hold_numbers(trace, dtype):
    with pytest.raises(TraceError, match=r"field 'h' must hold numbers, got dtype"):
        dataclasses.replace(trace, h=trace.h.astype(dtype))


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_come_together(trace, name):
    with pytest.raises(TraceError, match=f"field '{name}' is missing"):
        dataclasses.replace(trace, **{name: None})
    none = dataclasses.replace(trace, **dict.fromkeys(GRADIENTS))
    assert not none.has_gradients


def test_labels_fit_the_sizes(trace):
    for labels in ({"step_labels": (("a",) * 5,) * 2}, {"target_labels": (("a",) * 6,)}):
        with pytest.raises(TraceError, match=r"must have 6 labels for each of 2 sequences, got "):
            dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, **labels))
    for labels in ({"input_labels": ("a",)}, {"output_labels": ("a",) * 5}):
        with pytest.raises(TraceError, match=r"must have \d labels, got \d"):
            dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, **labels))


# --- known faults, kept here until they are mended ---------------------------------------------


def test_labels_of_every_sequence_fit(trace):
    labels = (("a",) * 6, ("b",))
    with pytest.raises(TraceError):
        dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, step_labels=labels))


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float32])
def test_fields_have_the_dtype_of_the_metadata(trace, dtype):
    with pytest.raises(TraceError, match="dtype"):
        dataclasses.replace(trace, h=trace.h.astype(dtype))


@pytest.mark.parametrize("shape", [(6, 2, 7), (6, 2), (6, 2, 4, 1)])
def test_targets_of_a_squared_loss_have_the_outputs_size(make_trace, shape):
    with pytest.raises(TraceError, match="targets"):
        dataclasses.replace(make_trace("squared"), targets=np.zeros(shape))


def test_parameters_hold_the_recurrent_layer(trace):
    with pytest.raises(TraceError, match="weight_ih_l0"):
        dataclasses.replace(trace, parameters={})


def test_options_that_are_not_json_are_an_error_of_ours(trace):
    with pytest.raises(
        TraceError, match=r"metadata: task_options: expected JSON, .* got an object of type dict"
    ):
        dataclasses.replace(trace.metadata, task_options={"gap": np.float32(1)})


@pytest.mark.parametrize("direction", [0, 1])
def test_the_state_before_a_step_is_that_of_the_step_that_was_taken_before_it(rich, direction):
    start = np.random.default_rng(0).normal(size=rich.h0.shape).astype(rich.h0.dtype)
    trace = dataclasses.replace(rich, h0=start)
    before = trace.states_before(1, direction)
    for sequence, length in enumerate([6, 4]):
        taken = range(length) if direction == 0 else range(length - 1, -1, -1)
        last = start[1, direction, sequence]
        for step in taken:
            np.testing.assert_array_equal(before[step, sequence], last)
            last = trace.h[1, direction, step, sequence]
        assert not before[length:, sequence].any()


def test_two_arrays_that_changed_places_are_not_what_was_saved(saved):
    """A checksum is of the array's name and shape as well, not of its bytes alone."""
    arrays, about = load_file(saved), raw_header(saved)
    sums = json.loads(about["checksums"])
    h, preact = arrays["h"], arrays["preact"]
    arrays |= {"h": preact.reshape(h.shape), "preact": h.reshape(preact.shape)}
    sums |= {"h": sums["preact"], "preact": sums["h"]}
    save_file(arrays, saved, {**about, "checksums": json.dumps(sums)})
    with pytest.raises(TraceError, match="was changed"):
        load(saved)
