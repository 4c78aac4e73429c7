"""The catalogues hold a translation of everything that rnnviz says, and of nothing else."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import rnnviz
from rnnviz.errors import RnnvizError
from rnnviz.experiments.default_recordings import data_language
from rnnviz.text import translation
from rnnviz.text.translation import languages, translated

ROOT = Path(__file__).parents[2]
KEYWORDS = {"beat": None, "say": None, "N_": None}
OTHERS = [language for language in languages() if language != "en"]


@cache
def said():
    """Every text that the code marks as said to those who watch."""
    found = {}
    for folder in ("rnnviz", "scenes", "tools"):
        extracted = extract_from_dir(
            ROOT / folder, [("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True
        )
        found |= {text: f"{folder}/{file}:{line}" for file, line, text, *_ in extracted}
    return found


def catalogues(language):
    folder = ROOT / "rnnviz" / "locale" / language / "LC_MESSAGES"
    messages = []
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            messages += [each for each in read_po(file) if each.id]
    return messages


def named(text):
    """What a text has filled in and how often, and its formulas."""
    return sorted(re.findall(r"\{\w+\}", text)), sorted(re.findall(r"\$.+?\$", text))


def test_there_is_something_to_say():
    assert len(said()) > 40
    assert OTHERS == ["zh"]


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_missing_fuzzy_or_left_over(language):
    messages = catalogues(language)
    ids = [each.id for each in messages]
    assert len(ids) == len(set(ids))
    assert {text: place for text, place in said().items() if text not in ids} == {}
    assert set(ids) - set(said()) == set()
    for message in messages:
        assert not message.fuzzy, message.id
        assert message.string.strip(), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_fills_in_the_same_and_has_the_same_formulas(language):
    for message in catalogues(language):
        facts, formulas = named(message.id)
        translated_facts, translated_formulas = named(message.string)
        assert set(facts) == set(translated_facts), message.id
        assert set(formulas) == set(translated_formulas), message.id


def test_what_is_not_translated_is_said_in_english():
    assert translated("never written", "zh") == "never written"
    assert translated("word", "en") == "word"
    assert translated("word", "zh") == "词"


def test_english_has_no_chinese_marks():
    assert [text for text in said() if set("，。：；") & set(text)] == []


@pytest.fixture
def french(tmp_path, monkeypatch):
    """A third language, which is a catalogue and nothing else."""
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = (
        'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    )
    (folder / "rnnviz.po").write_text(header + '\nmsgid "word"\nmsgstr "mot"\n', encoding="utf-8")
    monkeypatch.setattr(translation, "_locale", lambda: tmp_path)
    caches = (translation.languages, translation._messages)
    for cached in caches:
        cached.cache_clear()
    yield "fr"
    for cached in caches:
        cached.cache_clear()


def test_a_third_language_is_a_catalogue_and_nothing_else(french, make_trace, tmp_path):
    assert languages() == ("en", french)
    assert translated("word", french) == "mot"
    assert data_language(french) == "en"
    output = tmp_path / "stills"
    wanted = {"quality": "l", "format": "png", "beats": (1,), "output": output}
    done = rnnviz.render("unrolling", make_trace(), language=french, **wanted)
    assert [path.name for path in done.paths] == ["01-loop.png"]


def test_a_language_without_a_catalogue_is_refused(make_trace):
    with pytest.raises(RnnvizError, match="unknown language 'xx'; choose one of en, zh"):
        rnnviz.render("unrolling", make_trace(), language="xx")
