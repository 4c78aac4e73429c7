"""Characters and words as people see them."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.errors import TaskError
from rnnviz.text.tokens import units_of

CHINESE = "我住在北京，已经很多年了，所以我会说中文。“你好！”他说：《红楼梦》……\n" * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafe\u0301 nai\u0308f", ["c", "a", "f", "é", " ", "n", "a", "ï", "f"]),
        ("a\u0323\u0307b", ["ạ\u0307", "b"]),
        ("👩‍🚀👍🏽🇨🇳❤️", ["👩‍🚀", "👍🏽", "🇨🇳", "❤️"]),
        ("한국".encode().decode(), ["한", "국"]),
        (unicodedata.normalize("NFD", "한국"), ["한", "국"]),
        ("ที่", ["ที่"]),
        ("春眠 \n\t 不", ["春", "眠", " ", "不"]),
    ],
)
def test_a_character_has_its_marks_with_it(text, expected):
    assert list(units_of(text, "char")) == expected


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.sampled_from(["NFC", "NFD"]))
def test_no_character_is_lost_and_the_form_does_not_matter(text, form):
    units = units_of(unicodedata.normalize(form, text), "char")
    assert "".join(units) == " ".join(unicodedata.normalize("NFC", text).split())
    assert all(units)


def test_chinese_without_spaces_is_parted_into_words():
    words = units_of(CHINESE, "word")
    assert "".join(words) == CHINESE.replace("\n", "")
    assert {"北京", "中文", "红楼梦", "，", "我"} <= set(words)
    assert len(words) > 40


@pytest.mark.parametrize(
    "text",
    [
        "我 住 在 北京 ， 已经 很多年 了 。",
        "to be or not to be, 北京 that is",
        "私 は 学生 です 。",
        "안녕하세요 저는 한국에서 왔습니다",
        "ฉัน รัก เธอ",
        "3月5日 3月6日",
    ],
)
def test_words_with_spaces_stay_as_they_are(text):
    assert list(units_of(text, "word")) == text.split()


@pytest.mark.parametrize(
    "text",
    [
        "私は学生です。東京に住んでいます。",
        "ฉันรักเธอมากที่สุดในโลก",
        "ຂ້ອຍຮັກເຈົ້າຫຼາຍທີ່ສຸດ",
        "ខ្ញុំស្រឡាញ់អ្នកខ្លាំងណាស់",
    ],
)
def test_other_scripts_without_spaces_are_refused(text):
    with pytest.raises(TaskError, match="put spaces between the words, or choose --unit char"):
        units_of(text, "word")
    assert len(units_of(text, "char")) > 5


def test_without_the_segmenter_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(TaskError, match=r"pip install 'rnnviz\[chinese\]'.* choose --unit char"):
        units_of(CHINESE, "word")
    assert len(units_of(CHINESE, "char")) > 40


def test_another_unit():
    with pytest.raises(TaskError, match="unknown unit 'line'; choose char or word"):
        units_of("a b", "line")


def test_chinese_with_foreign_words_is_parted_into_words():
    pytest.importorskip("rjieba")
    words = units_of("我用Python写RNN，loss下降了。 " * 3, "word")
    assert "Python" in words
    assert "loss" in words
