"""Typeset texts are cached, and read back unchanged."""

import numpy as np
import pytest

from rnnviz.mobjects import typesetting
from rnnviz.mobjects.typesetting import typeset


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The cache folder, empty at first, as is the memory."""
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    typesetting._typeset.cache_clear()
    yield tmp_path / "cache" / "letters"
    typesetting._typeset.cache_clear()


@pytest.fixture
def again(monkeypatch):
    """(text) → the outlines in another process, and whether it had to set them."""

    def get(text):
        typesetting._typeset.cache_clear()
        done = []
        set_anew = typesetting._set
        with monkeypatch.context() as patch:
            patch.setattr(
                typesetting, "_set", lambda *given: (done.append(given), set_anew(*given))[1]
            )
            return typeset(text, 0.5), bool(done)

    return get


def same(a, b):
    return (
        len(a.glyphs) == len(b.glyphs)
        and all(
            np.array_equal(one.points, other.points)
            and (one.fill, one.stroke) == (other.fill, other.stroke)
            for one, other in zip(a.glyphs, b.glyphs, strict=True)
        )
        and dict(a.parts) == dict(b.parts)
        and a.baseline_share == b.baseline_share
    )


@pytest.mark.parametrize("text", ["h", "two words", "#h(1em)"])
def test_what_is_kept_is_what_was_set(text, again):
    first, was_set = again(text)
    assert was_set
    second, was_set = again(text)
    assert not was_set
    assert same(first, second)


def test_a_text_of_another_name_is_not_taken_for_it(folder, again):
    first = again("a")[0]
    (entry,) = folder.iterdir()
    again("b")
    (other,) = set(folder.iterdir()) - {entry}
    entry.write_bytes(other.read_bytes())
    assert same(again("a")[0], first)
    assert not again("a")[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content + b"0",
        lambda content: bytes(len(content)),
        *(
            lambda content, at=at: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            for at in (0, 31, 32, 40, 200, -200, -1 - 1)
        ),
    ],
)
def test_a_damaged_entry_is_as_none(damage, folder, again):
    first = again("a")[0]
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    second, was_set = again("a")
    assert was_set
    assert same(first, second)
    assert not again("a")[1]


@pytest.mark.parametrize("which", ["letters", "cache"])
@pytest.mark.parametrize("mode", [0o000, 0o200, 0o500, 0o600])
def test_where_nothing_can_be_kept_texts_are_set(which, mode, folder, again, closed):
    first = again("a")[0]
    closed(folder if which == "letters" else folder.parent, mode)
    assert same(again("a")[0], first)
    assert again("b")[1]


def test_a_file_where_the_folder_would_be(folder, again):
    folder.parent.mkdir()
    folder.write_text("")
    assert again("a")[1]
    assert again("a")[1]


def test_an_entry_that_is_a_folder(folder, again):
    again("a")
    (entry,) = folder.iterdir()
    entry.unlink()
    entry.mkdir()
    assert again("a")[1]
