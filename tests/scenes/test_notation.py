"""Every scene in every notation: none of the replaced symbols is left, and all has its room."""

import re
from itertools import product

import pytest
from layouts import check_layout
from often import often

from rnnviz.scene.catalogue import SCENES
from rnnviz.text.notation import NOTATIONS, UWV

NAMES = list(SCENES)
LOOKED_AT = [("gates", "pytorch"), ("hidden-state", "pytorch")]
OTHERS = tuple(name for name in NOTATIONS if name != UWV.name)
LEFT = {
    "pytorch": r"[UV]|W(?!'?_\(?\"(ih|hh|fc)\")|\b[bc]\b(?!'?_)|y\^\*|\bq_",
    "d2l": r"[UV]|W(?!'?_\(?\"(xh|hh|hq)\")|\b[bc]\b(?!'?_)|y\^\*|\b[qgn]_",
    "goodfellow": r"y\^\*|\b[cizn]_",
}
"""What no formula has in a notation: symbols of the default that the notation replaces."""
KEPT = re.compile(
    r'italic\("b"\)(_"\w+")?|hat\(\w\)|tilde\(\w\)|"softmax"|"ReLU"|dots?\.\w|:\s*\w+\s*\}\}|\{(h|\d)'
)


def told(scene):
    """The captions of a beat, as plain text, and all that is written on the screen."""
    return {name: scene.captions_of(beat) for name, beat in ((b.name, b) for b in scene.beats)}


def formulas_of(screen):
    """Yield the formulas on a screen: those that stand alone, and those within texts."""
    for text in screen.texts:
        yield from re.findall(r"\$(.+?)\$", text.text) or ([text.text] if text.small else [])


@pytest.mark.parametrize(
    ("name", "notation"),
    often(product(NAMES, OTHERS), LOOKED_AT),
)
def test_a_scene_in_another_notation(name, notation, perform, layout_of):
    language = ("en", "zh")[(NAMES.index(name) + OTHERS.index(notation)) % 2]
    seen = perform(name, layout_of, language=language, notation=NOTATIONS[notation])
    for beat, screen in seen.items():
        for formula in formulas_of(screen):
            left = re.search(LEFT[notation], KEPT.sub("", formula))
            assert left is None, (beat, formula, left)
        for text in screen.texts:
            word = re.search(r"(?<![\w.\"'(])[UWV](?![\w_'^\"])", KEPT.sub("", text.text))
            assert word is None or notation == "goodfellow", (beat, text.text)
    check_layout(seen, allowed=("crossed",))  # wider names may touch the wire beside them


@pytest.mark.parametrize(
    ("notation", "weights"), [("pytorch", "Wₕₕ"), ("d2l", "Wₕₕ"), ("uwv", "W")]
)
def test_subtitles_are_in_the_notation(notation, weights, perform):
    captions = perform("hidden-state", told, notation=NOTATIONS[notation])
    spoken = list(captions.values())[-1]
    own = " ".join(each["en"] for each in spoken.values())
    assert f"{weights} h₃" in own
    assert ("W h₃" in own) == (notation == "uwv")
    assert f"{weights} h₃" in " ".join(each["zh"] for each in spoken.values())
