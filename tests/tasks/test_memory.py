"""The tasks that need memory: sequences are laid out as their papers say, and nothing gives the
answer away."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz import tasks
from rnnviz.errors import TaskError
from rnnviz.trace import NO_TARGET

SEEDS = st.integers(0, 2**32 - 1)
LANGUAGES = st.sampled_from(["en", "zh"])


def drawn(task, size, seed=1):
    return task.sample(np.random.default_rng(seed), size)


# adding


@given(steps=st.integers(2, 40), seed=SEEDS, example=st.booleans())
def test_the_sum_is_that_of_one_marked_value_in_each_half(steps, seed, example):
    task = tasks.make("adding", steps=steps)
    batch = task.example() if example else drawn(task, 8, seed)
    values, markers = batch.x[..., 0], batch.x[..., 1]
    assert batch.x.shape == (steps, values.shape[1], 2)
    assert ((markers == 0) | (markers == 1)).all()
    assert (markers[: steps // 2].sum(axis=0) == 1).all()
    assert (markers[steps // 2 :].sum(axis=0) == 1).all()
    assert ((values >= 0) & (values <= 1)).all()
    assert np.isnan(batch.targets[:-1]).all()
    np.testing.assert_allclose(batch.targets[-1, :, 0], (values * markers).sum(axis=0), rtol=1e-6)


def test_values_are_uniform_and_markers_stand_everywhere_in_their_halves():
    batch = drawn(tasks.make("adding", steps=7), 20_000)
    values, markers = batch.x[..., 0], batch.x[..., 1]
    assert values.mean() == pytest.approx(1 / 2, abs=0.005)
    assert values.var() == pytest.approx(1 / 12, abs=0.002)
    np.testing.assert_allclose(markers.mean(axis=1), [1 / 3] * 3 + [1 / 4] * 4, atol=0.015)
    together = (markers[:3, None] * markers[3:]).mean(axis=-1)
    np.testing.assert_allclose(together, 1 / 12, atol=0.01)


def test_what_people_read_adds_up():
    example = tasks.make("adding").example()
    (shown,), (wanted,) = example.step_labels, example.target_labels
    marked = [label for label in shown if label.startswith("+")]
    assert len(marked) == 2
    assert wanted == ("",) * 19 + (f"{sum(map(float, marked)):.2f}",)
    np.testing.assert_allclose([float(label) for label in shown], example.x[:, 0, 0], atol=1e-6)
    assert len(set(shown)) > 15


def test_the_score_of_adding_looks_at_the_last_step_only():
    task = tasks.make("adding", steps=5)
    batch = drawn(task, 30)
    output = np.full(batch.targets.shape, 1e3)
    output[-1] = batch.targets[-1] + 0.5
    assert task.score(output, batch) == pytest.approx(0.25)


# copying


@given(delay=st.integers(1, 40), seed=SEEDS, language=LANGUAGES, example=st.booleans())
def test_ten_symbols_a_delay_and_the_ten_symbols(delay, seed, language, example):
    task = tasks.make("copying", delay=delay, language=language)
    batch = task.example() if example else drawn(task, 5, seed)
    blank, delimiter = task.input_labels[8:]
    for shown, wanted in zip(batch.step_labels, batch.target_labels, strict=True):
        assert len(shown) == len(wanted) == delay + 20
        assert set(shown[:10]) <= set("ABCDEFGH")
        assert shown[10 : delay + 9] == (blank,) * (delay - 1)
        assert shown[delay + 9] == delimiter
        assert shown[delay + 10 :] == (blank,) * 10
        assert wanted == (blank,) * (delay + 10) + shown[:10]
    inputs, outputs = np.array(task.input_labels), np.array(task.output_labels)
    assert [tuple(row) for row in inputs[batch.x.argmax(axis=-1)].T] == list(batch.step_labels)
    assert [tuple(row) for row in outputs[batch.targets].T] == list(batch.target_labels)


def test_all_eight_symbols_are_as_probable_at_all_ten_places():
    batch = drawn(tasks.make("copying"), 8000)
    np.testing.assert_allclose(batch.x[:10, :, :8].mean(axis=1), 1 / 8, atol=0.02)
    first, second = batch.x[0, :, :8], batch.x[1, :, :8]
    np.testing.assert_allclose(first.T @ second / 8000, 1 / 64, atol=0.01)


def test_blanks_are_no_merit():
    task = tasks.make("copying")
    batch = drawn(task, 400)
    assert task.score(task.trivial(batch), batch) == pytest.approx(1 / 8, abs=0.03)
    right = np.eye(9)[batch.targets]
    assert task.score(right, batch) == 1.0
    right[:-10] = 0
    assert task.score(right, batch) == 1.0


# temporal order


@given(steps=st.integers(4, 120), seed=SEEDS, language=LANGUAGES, example=st.booleans())
def test_the_class_is_the_order_of_the_two_symbols(steps, seed, language, example):
    task = tasks.make("temporal-order", steps=steps, language=language)
    batch = task.example() if example else drawn(task, 5, seed)
    begin, end = task.input_labels[0], task.input_labels[-1]
    for shown, wanted in zip(batch.step_labels, batch.target_labels, strict=True):
        assert len(shown) == steps
        assert (shown[0], shown[-1]) == (begin, end)
        places = [place for place, token in enumerate(shown) if token in "XY"]
        assert len(places) == 2
        early, late = places
        assert max(1, steps // 10) <= early <= max(1, steps / 5)
        assert steps // 2 <= late <= steps * 3 / 5
        rest = [token for place, token in enumerate(shown[1:-1], 1) if place not in places]
        assert set(rest) <= set("abcd")
        assert wanted == ("",) * (steps - 1) + (shown[early] + shown[late],)
    assert (batch.targets[:-1] == NO_TARGET).all()
    assert [task.output_labels[target] for target in batch.targets[-1]] == [
        row[-1] for row in batch.target_labels
    ]


def test_at_a_hundred_steps_the_symbols_stand_where_the_paper_puts_them():
    batch = drawn(tasks.make("temporal-order", steps=100), 4000)
    found = [
        [place for place, token in enumerate(row) if token in "XY"] for row in batch.step_labels
    ]
    assert {early for early, _ in found} == set(range(10, 21))
    assert {late for _, late in found} == set(range(50, 61))


def test_classes_are_as_probable_and_distractors_tell_nothing():
    task = tasks.make("temporal-order")
    batch = drawn(task, 12_000)
    last = batch.targets[-1]
    np.testing.assert_allclose(np.bincount(last) / len(last), 1 / 4, atol=0.02)
    for place in (1, 7, 15):
        shares = [batch.x[place, last == kind, 1:5].mean(axis=0) for kind in range(4)]
        np.testing.assert_allclose(shares, np.mean(shares), atol=0.03)


# all of them


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("adding", {"value": "数值", "marker": "标记", "sum": "和"}),
        ("copying", {"blank": "空白", "recall": "回忆"}),
        ("temporal-order", {"start": "开始", "end": "结束"}),
        ("weather", {"temperature": "最高气温"}),
    ],
)
def test_labels_are_english_or_chinese(name, tokens):
    english, chinese = (tasks.make(name, language=language) for language in ("en", "zh"))
    for kind in ("input_labels", "output_labels"):
        translated = [tokens.get(label, label) for label in getattr(english, kind)]
        assert translated == list(getattr(chinese, kind))
    assert set(tokens) <= {*english.input_labels, *english.output_labels}
    np.testing.assert_array_equal(english.example().x, chinese.example().x)


@pytest.mark.parametrize(
    ("name", "options", "steps"),
    [
        ("adding", {}, 20),
        ("adding", {"steps": 9}, 9),
        ("copying", {}, 25),
        ("copying", {"delay": 12}, 32),
        ("temporal-order", {}, 20),
        ("temporal-order", {"steps": 30}, 30),
    ],
)
def test_one_generator_one_batch_of_the_length_asked_for(name, options, steps):
    task = tasks.make(name, **options)
    one, again, other = (drawn(task, 20, seed) for seed in (6, 6, 7))
    np.testing.assert_array_equal(one.x, again.x)
    np.testing.assert_array_equal(one.targets, again.targets)
    assert one.step_labels == again.step_labels != other.step_labels
    assert len(one.x) == len(task.example().x) == steps
    assert all(math.isfinite(value) for value in task.example().x.flat)
    assert all(task.options[option] == value for option, value in options.items())


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("adding", {"steps": 1}, "of 1 steps is too short for two markers; choose 2 or more"),
        ("copying", {"delay": 0}, "the delay must be 1 step or more, got 0"),
        ("temporal-order", {"steps": 3}, "of 3 steps is too short for two symbols .* choose 4"),
        ("adding", {"language": "fr"}, "unknown language 'fr'; choose en or zh"),
        ("copying", {"language": "fr"}, "unknown language 'fr'"),
        ("temporal-order", {"language": "fr"}, "unknown language 'fr'"),
        ("weather", {"language": "fr"}, "unknown language 'fr'"),
        ("copying", {"steps": 5}, "does not take these options"),
        ("weather", {"steps": 2000}, "need at least 2002 values, got 1461"),
    ],
)
def test_what_makes_no_task(name, options, expected):
    with pytest.raises(TaskError, match=expected):
        tasks.make(name, **options)
