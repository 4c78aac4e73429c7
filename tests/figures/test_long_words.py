"""Words that are long, many, or contain the characters of formulas, in every figure."""

import dataclasses
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from models import Around, layer_of
from often import every

import rnnviz
from rnnviz.errors import FigureError
from rnnviz.figures.catalogue import FIGURES
from rnnviz.recording import record

WORDS = (
    *("internationalization", "of", "$x_1$", "snake_case_name", "100%", "a^b", "\\alpha"),
    *("Donaudampfschifffahrt", "#", "{curly}", "~", "&", "ok", "语言模型的隐藏状态一步一步"),
)
OF_TRACES = [
    name for name, entry in FIGURES.items() if entry.drawn_from == "trace" and name != "tanh"
]


@pytest.fixture(scope="module")
def named():
    torch.manual_seed(0)
    x, targets = torch.randn(len(WORDS), 1, 3).double(), torch.randint(4, (len(WORDS), 1))
    about = {"step_labels": WORDS, "input_labels": WORDS[:3], "output_labels": WORDS[4:8]}
    return record(Around(layer_of("lstm", 3, 5)).double(), x, targets, about=about)


def words_apart(figure):
    """Check that no tick label or word overlaps another or leaves the page."""
    figure.draw_without_rendering()
    page = figure.bbox
    for ax in figure.axes:
        rows = [ax.texts]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            rows.append([tick.label1 for tick in ticks if tick.label1.get_visible() and ax.axison])
        for row in rows:
            texts = [text for text in row if text.get_text()]
            boxes = [text.get_window_extent() for text in texts]
            for text, box in zip(texts, boxes, strict=True):
                assert min(*box.min) > -1, text.get_text()
                assert (box.max < page.max + 1).all(), text.get_text()
            level = [
                box.shrunk(0.8, 0.8)
                for text, box in zip(texts, boxes, strict=True)
                if text.get_rotation() % 90 == 0
            ]
            if row is not ax.texts:
                assert not any(one.overlaps(other) for one, other in pairwise(level))
            turned = sorted(
                text.get_transform().transform(text.get_position())[0]
                for text in texts
                if text.get_rotation() % 90
            )
            height = 0.7 * texts[0].get_fontsize() * figure.dpi / 72 if texts else 0
            apart = np.diff(turned) * np.sin(np.radians(60))
            assert (apart >= height).all() or len(turned) < 2


@pytest.mark.parametrize(("language", "name"), every(4, product(["en", "zh"], OF_TRACES)))
def test_words_lie_apart_at_the_width_of_a_column(name, language, named, tmp_path):
    """Warnings of Matplotlib are errors here."""
    made = rnnviz.figure(name, named, venue="icml", language=language)
    rnnviz.save_figure(made, tmp_path / "figure.pdf")
    words_apart(made)


@pytest.mark.parametrize("width", [0.8, 2.5, 3.0, 7.0])
@pytest.mark.parametrize("shown", ["words", "none"])
def test_the_unrolled_network_is_legible_at_any_width_or_refused(width, shown, named, tmp_path):
    words = (WORDS,) if shown == "words" else ()
    about = dataclasses.replace(named.metadata, step_labels=words)
    trace = dataclasses.replace(named, metadata=about)
    try:
        made = rnnviz.figure("unrolled", trace, width=width)
    except FigureError:
        assert width < 3
        return
    rnnviz.save_figure(made, tmp_path / "figure.png")
    words_apart(made)
    ax = made.axes[0]
    assert ax.get_position().width > 0.8 * ax.get_position(original=True).width


def test_words_that_leave_a_given_height_no_drawing_are_refused(named):
    with pytest.raises(FigureError, match=r"does not fit into 3.4 × 0.9 inches; choose a larger"):
        rnnviz.figure("unrolled", named, width=3.4, height=0.9)


def test_a_figure_that_is_made_too_small_is_not_written(named, tmp_path):
    made = rnnviz.figure("unrolled", named)
    made.set_size_inches(3.4, 0.5)
    with pytest.raises(FigureError, match="does not fit into"):
        rnnviz.save_figure(made, tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())
