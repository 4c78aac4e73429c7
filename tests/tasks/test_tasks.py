"""Tasks: what they ask can be known from what they show, and their data are what they say."""

import csv
import importlib.resources

import numpy as np
import pytest

from rnnviz import tasks
from rnnviz.errors import TaskError
from rnnviz.tasks.sentence import STORIES
from rnnviz.trace import NO_TARGET


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("story", "language"), list(STORIES))
@pytest.mark.parametrize("gap", [0, 4])
def test_the_last_word_is_decided_by_the_clue_and_by_nothing_else(story, language, gap, rng):
    task = tasks.make("sentence", story=story, language=language, gap=gap)
    batch = task.sample(rng, 400)
    known = STORIES[story, language]
    place = len(known.before)
    for words, wanted in zip(batch.step_labels, batch.target_labels, strict=True):
        assert known.answers[words[place]] == wanted[-1]
        assert set(wanted[:-1]) == {""}
        assert words[-len(known.after) :] == known.after
        assert len(words) == place + 1 + gap + len(known.after)
    assert (batch.targets[:-1] == NO_TARGET).all()
    fillers = np.array([words[place + 1 : place + 1 + gap] for words in batch.step_labels])
    clues = np.array([words[place] for words in batch.step_labels])
    if gap:  # every filler occurs with every clue
        pairs = {(clue, word) for clue, row in zip(clues, fillers, strict=True) for word in row}
        assert len(pairs) > 0.9 * len(known.answers) * len(known.fillers)


def test_the_english_example_has_eight_words():
    example = tasks.make("sentence").example()
    assert " ".join(example.step_labels[0]) == "I live in Beijing so I can speak"
    assert example.target_labels[0][-1] == "Chinese"


def test_the_repair_example_is_about_the_computer():
    example = tasks.make("sentence", language="zh", story="repair").example()
    assert "电脑" in example.step_labels[0]
    assert "修" in example.step_labels[0]
    assert example.target_labels[0][-1] == "200 大洋"


def test_tokens_are_one_hot(rng):
    task = tasks.make("sentence")
    batch = task.sample(rng, 10)
    assert (batch.x.sum(axis=-1) == 1).all()
    back = np.array(task.input_labels)[batch.x.argmax(axis=-1)]
    assert [tuple(row) for row in back.T] == list(batch.step_labels)


def test_prices_are_those_of_the_sample_data_and_the_target_is_the_next_day():
    file = importlib.resources.files("matplotlib") / "mpl-data/sample_data/goog.npz"
    with file.open("rb") as stream, np.load(stream) as data:
        table = data["price_data"]
    task = tasks.make("prices", steps=5)
    example = task.example()
    dollars = example.x[:, 0, 0] * task.options["spread"] + task.options["mean"]
    np.testing.assert_allclose(dollars, table["adj_close"][-6:-1], rtol=1e-5)
    assert example.step_labels[0] == tuple(str(day)[5:] for day in table["date"][-6:-1])
    assert example.target_labels[0][-1] == str(table["date"][-1])[5:]
    np.testing.assert_array_equal(example.targets[:-1], example.x[1:])


def test_the_naive_forecast_has_score_one(rng):
    task = tasks.make("prices")
    batch = task.sample(rng, 50)
    assert task.score(batch.x, batch) == pytest.approx(1.0)
    assert task.score(batch.targets, batch) == 0.0


@pytest.mark.parametrize("unit", ["char", "word"])
def test_every_token_of_a_text_wants_the_next(unit, rng):
    task = tasks.make("text", text="to be or not to be", unit=unit, steps=4)
    for batch in (task.sample(rng, 20), task.example()):
        for words, wanted in zip(batch.step_labels, batch.target_labels, strict=True):
            assert words[1:] == wanted[:-1]
    assert task.example().step_labels[0] == tuple(task.tokens[:4])


def test_a_text_as_short_as_can_be():
    example = tasks.make("text", text="ab").example()
    assert example.step_labels == (("a",),)
    assert example.target_labels == (("b",),)


def test_a_series_reads_its_column(tmp_path):
    path = tmp_path / "table.csv"
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "level"])
        writer.writerows(enumerate(values))
    task = tasks.make("series", csv=str(path), column="level", steps=3)
    shown = task.example().x[:, 0, 0] * task.spread + task.mean
    np.testing.assert_allclose(shown, values[-4:-1], rtol=1e-5)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("7 7", "every value of the series is 7, so there is nothing to predict"),
        ("0.1 0.1", "every value of the series is 0.1, "),
        ("1e308 -1e308", "from -1e.308 to 1e.308, which cannot be scaled"),
        ("1e-320 3e-320", "cannot be scaled"),
    ],
)
def test_a_series_without_a_scale(cells, expected, tmp_path):
    path = tmp_path / "level.csv"
    path.write_text("\n".join(["level", *(cells.split() * 5)]))
    with pytest.raises(TaskError, match=expected):
        tasks.make("series", csv=str(path), column="level", steps=3)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("poem", {}, "unknown task 'poem'"),
        ("sentence", {"language": "fr"}, "unknown story 'city' in language 'fr'"),
        ("sentence", {"story": "repair"}, "unknown story 'repair' in language 'en'"),
        ("sentence", {"gap": -1}, "0 words or more, got -1"),
        ("sentence", {"colour": 1}, "does not take these options"),
        ("prices", {"language": "fr"}, "unknown language 'fr'; choose en or zh"),
        ("text", {"text": "abc", "language": "fr"}, "unknown language 'fr'"),
        ("prices", {"steps": 1}, "must have 2 steps or more, got 1"),
        ("prices", {"steps": 5000}, "need at least 5002 values, got 1047"),
        ("text", {"text": "abc", "unit": "line"}, "unknown unit 'line'"),
    ],
)
def test_what_makes_no_task_is_named(name, options, expected):
    with pytest.raises(TaskError, match=expected):
        tasks.make(name, **options)
