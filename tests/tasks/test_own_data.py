"""Text and numbers of the user's own: what is in the file is what is used, or an error says why."""

import tracemalloc

import numpy as np
import pytest

from rnnviz import tasks
from rnnviz.errors import TaskError
from rnnviz.tables import read_column
from rnnviz.text.decoding import read_text

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
        ("字", "char", r"has only one char \('字'\)"),
        (" alone ", "word", r"has only one word \('alone'\)"),
    ],
)
def test_text_that_predicts_nothing(text, unit, expected):
    with pytest.raises(TaskError, match=expected):
        tasks.make("text", text=text, unit=unit)


def test_a_text_file_is_read_without_its_byte_order_mark(tmp_path):
    (tmp_path / "poem.txt").write_text(POEM, encoding="utf-8-sig")
    assert read_text(tmp_path / "poem.txt") == (POEM, "UTF-8")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (POEM.encode("big5", "replace"), r"is not UTF-8 text \(byte 0\).* name its encoding with"),
        ("Привет, мир".encode("cp1251"), r"is not UTF-8 text \(byte 0\).* name its encoding with"),
        ("Привет, мир".encode("koi8-r"), r"is not UTF-8 text \(byte 0\).* name its encoding with"),
        ("안녕하세요, 저는 한국에서 왔습니다".encode("euc_kr"), "name its encoding with"),
        ("ÄÖÜ".encode("latin-1"), "name its encoding with"),
        (b"ab\0cd e", r"has the control character U\+0000 at character 3"),
        (b"ab\x07", r"has the control character U\+0007 at character 3"),
        ("é".encode() + b"\xed\xa0\x80", "name its encoding with"),
        (POEM.encode("utf-16")[:-1], "is not utf-16 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", "name its encoding with"),
    ],
)
def test_a_text_file_that_is_no_text_or_of_an_unknown_encoding(content, expected, tmp_path):
    (tmp_path / "poem.txt").write_bytes(content)
    with pytest.raises(TaskError, match=expected):
        read_text(tmp_path / "poem.txt")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("gb18030", "GB18030"), ("gbk", "GB18030"), ("utf-16", "UTF-16"), ("utf-32", "UTF-32")],
)
def test_a_text_file_of_a_detected_encoding_is_read_and_logged(encoding, name, tmp_path, caplog):
    (tmp_path / "poem.txt").write_bytes(POEM.encode(encoding))
    task = tasks.make("text", text_file=tmp_path / "poem.txt")
    assert "".join(task.tokens) == POEM
    assert task.source == "poem.txt"
    assert caplog.messages == [f"poem.txt: 12 characters, read as {name}"]


def test_western_text_and_a_named_encoding(tmp_path):
    for encoding, given in (("latin-1", None), ("cp1252", None), ("cp850", "cp850")):
        (tmp_path / "a.txt").write_bytes("Le café naïf, où ça? Größe".encode(encoding))
        assert read_text(tmp_path / "a.txt", given)[0] == "Le café naïf, où ça? Größe"


def test_a_text_that_is_too_long_is_not_read(tmp_path):
    with pytest.raises(TaskError, match=r"is larger than 10 MB"):
        tasks.make("text", text_file="/dev/zero")


@pytest.mark.parametrize("text", ["ab\0c", "ab\ud800c", "ab\x1bc"])
def test_what_is_no_text_is_refused_before_training(text):
    with pytest.raises(TaskError, match="at character 3, not text"):
        tasks.make("text", text=text)


def test_a_file_name_that_is_not_utf_8_does_not_break_the_trace(tmp_path):
    path = tmp_path / "caf\udce9.txt"
    path.write_text(POEM, encoding="utf-8")
    assert tasks.make("text", text_file=path).source == "caf\ufffd.txt"


def test_text_or_text_file():
    for given in ({}, {"text": "ab", "text_file": "a.txt"}):
        with pytest.raises(TaskError, match="needs either text or text_file"):
            tasks.make("text", **given)


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
        ("day,level\n1,2\n\n2,\n3,5\n", "has 1 gap \\(line 4: empty or not a number\\)"),
        ("day,level\n1,2\n2\n3,5\n", "has 1 gap \\(line 3: empty or not a number\\)"),
        ("level\n1\nnan\n2\n", "has 1 gap \\(line 3: empty or not a number\\)"),
        ("level\n1\n-inf\n", "line 3 has '-inf'"),
        ("level\n1e999\n", "line 2 has '1e999'"),
        ('level\n"1,5"\n1.5\n', "'1.5' .line 3. and '1,5' .line 2., which have different decimal"),
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
        with pytest.raises(TaskError, match="sequences of 5 steps need at least 7 values, got 6"):
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


def test_gaps_that_are_left_are_in_no_input(tmp_path):
    path = tmp_path / "table.csv"
    cells = [str((3 * row) % 7) for row in range(60)]
    for gap in (10, 11, 30, 50):
        cells[gap] = ""
    path.write_text("level,x\n" + "".join(f"{cell},1\n" for cell in cells))
    task = tasks.make("series", csv=path, column="level", steps=5, fill="leave")
    batch = task.sample(np.random.default_rng(0), 2000)
    assert not np.isnan(batch.x).any()
    assert np.isnan(batch.targets[-1]).any()
    assert not np.isnan(batch.targets[:-1]).any()
    assert not np.isnan(task.example().targets).any()
    drawn = task.error(task.trivial(batch), batch)
    assert drawn == pytest.approx(task.chance, rel=0.05)
    assert "(4 gaps left unfilled, outside all inputs)" in task.source
    with pytest.raises(TaskError, match="only 0 sequences of 25 steps have no gap"):
        tasks.make("series", csv=path, column="level", steps=25, fill="leave")


def test_without_gaps_windows_are_drawn_as_before(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("level\n" + "".join(f"{(3 * row) % 7}\n" for row in range(40)))
    task = tasks.make("series", csv=path, column="level", steps=5)
    rng = np.random.default_rng(1)
    starts = np.random.default_rng(1).integers(0, 35, size=8)
    drawn = [[int(label) - 1 for label in row] for row in task.sample(rng, 8).step_labels]
    assert [row[0] for row in drawn] == starts.tolist()


def test_what_is_recognised_is_logged_and_kept(tmp_path, caplog):
    path = tmp_path / "table.csv"
    rows = [f"{day:02}.01.2024;{day * day % 7},5" for day in range(20, 0, -1)]
    path.write_text("Tag;Wert\n" + "\n".join(rows), encoding="utf-8")
    task = tasks.make("series", csv=path, column="Wert", steps=5)
    assert caplog.messages == [
        "table.csv: 20 values of 'Wert'; UTF-8, columns separated by ';', decimal comma, dates in "
        "'Tag' (day first), newest first in the file, reversed by 'Tag'"
    ]
    assert task.source.endswith("(newest first in the file, reversed by 'Tag')")
    assert task.example().target_labels[0][-1] == "20.01.2024"


def test_ascii_with_nuls_is_no_utf_16(tmp_path):
    path = tmp_path / "nul.txt"
    path.write_bytes(b"the\0cat " * 9)
    with pytest.raises(TaskError, match=r"control character U\+0000 at character 4"):
        tasks.make("text", text_file=path)


def test_an_endless_word_is_cut_in_the_message():
    with pytest.raises(TaskError, match="one word") as caught:
        tasks.make("text", text="xyz" * 40_000, unit="word")
    assert len(str(caught.value)) < 300
