"""Text and numbers of the user's own: what is in the file is what is used, or an error says why."""

import tracemalloc

import numpy as np
import pytest

from rnnviz import tasks
from rnnviz.errors import TaskError
from rnnviz.tasks.series import read_column
from rnnviz.tasks.text import read_text

POEM = "春眠不觉晓，处处闻啼鸟。"


def test_chinese_text_is_taken_character_by_character():
    task = tasks.make("text", text=POEM, steps=40)
    example = task.example()
    assert "".join(example.step_labels[0]) == POEM[:-1]
    assert "".join(example.target_labels[0]) == POEM[1:]
    assert set(task.input_labels) == set(POEM)


def test_words_are_what_white_space_parts():
    task = tasks.make("text", text="  to be,\n or\tnot ", unit="word")
    assert task.tokens == ("to", "be,", "or", "not")


def test_typst_special_characters_stay_as_typed():
    text = '#let $x$ \\ "quoted" @me'
    assert "".join(tasks.make("text", text=text).tokens) == text


def test_windows_of_a_text_come_from_all_of_it():
    task = tasks.make("text", text="abcdefgh", steps=2)
    batch = task.sample(np.random.default_rng(0), 200)
    assert {row[0] for row in batch.step_labels} == set("abcdef")
    assert {row[-1] for row in batch.target_labels} == set("cdefgh")


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("", "char", "the text is empty"),
        (" \n\t ", "word", "the text is empty"),
        ("字", "char", r"has one char \('字'\) only"),
        (" alone ", "word", r"has one word \('alone'\) only"),
    ],
)
def test_text_that_predicts_nothing(text, unit, expected):
    with pytest.raises(TaskError, match=expected):
        tasks.make("text", text=text, unit=unit)


def test_a_text_file_is_read_without_its_byte_order_mark(tmp_path):
    (tmp_path / "poem.txt").write_text(POEM, encoding="utf-8-sig")
    assert read_text(tmp_path / "poem.txt") == POEM


@pytest.mark.parametrize(
    ("content", "expected"),
    [(POEM.encode("gb18030"), "is not UTF-8 text"), (POEM.encode("utf-16"), "is not UTF-8 text")],
)
def test_a_text_file_of_another_encoding(content, expected, tmp_path):
    (tmp_path / "poem.txt").write_bytes(content)
    with pytest.raises(TaskError, match=expected):
        read_text(tmp_path / "poem.txt")


def test_files_that_are_not_there_or_are_folders(tmp_path):
    for read in (read_text, lambda path: read_column(path, "level")):
        with pytest.raises(TaskError, match=r"cannot read .*No such file"):
            read(tmp_path / "none")
        with pytest.raises(TaskError, match=r"cannot read .*directory"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "has no column 'level'; it has none"),
        ("day,depth\n1,2\n", "has no column 'level'; it has day, depth"),
        ("day,level\n1,2\n2,high\n", "line 3 has 'high' in column 'level'"),
        ("day,level\n1,2\n\n2,\n", "line 4 has 'nothing' in column 'level'"),
        ("day,level\n1\n", "line 2 has 'nothing' in column 'level'"),
        ("level\nnan\n", "line 2 has 'nan'"),
        ("level\n1\n-inf\n", "line 3 has '-inf'"),
        ("level\n1e999\n", "line 2 has '1e999'"),
        ('level\n"1,5"\n', "line 2 has '1,5'"),
    ],
)
def test_a_table_that_is_no_series(content, expected, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TaskError, match=expected):
        read_column(path, "level")


@pytest.mark.parametrize(("rows", "enough"), [(6, False), (7, True)])
def test_how_many_rows_are_needed(rows, enough, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("level\n" + "".join(f"{row}\n" for row in range(rows)))
    if enough:
        task = tasks.make("series", csv=str(path), column="level", steps=5)
        assert task.example().step_labels == (("2", "3", "4", "5", "6"),)
    else:
        with pytest.raises(TaskError, match="has 6 values, but sequences of 5 steps need at least"):
            tasks.make("series", csv=str(path), column="level", steps=5)


def test_a_series_is_scaled_to_mean_0_and_spread_1_and_can_be_scaled_back(tmp_path):
    path = tmp_path / "table.csv"
    values = [1000.0 + (3 * row) % 7 for row in range(50)]
    path.write_text("level\n" + "".join(f"{value}\n" for value in values))
    task = tasks.make("series", csv=str(path), column="level")
    assert task.values.mean() == pytest.approx(0, abs=1e-6)
    assert task.values.std() == pytest.approx(1, abs=1e-6)
    scale = task.options
    np.testing.assert_allclose(task.values * scale["spread"] + scale["mean"], values, rtol=1e-6)
    assert task.input_labels == task.output_labels == ("level",)


def test_a_large_vocabulary_needs_no_matrix_of_its_square():
    size = 8_000
    task = tasks.make("text", text=" ".join(map(str, range(size))), unit="word", steps=2)
    tracemalloc.start()
    try:
        example = task.example()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert example.x.sum() == 2
    assert peak < size**2  # a byte each would be more
