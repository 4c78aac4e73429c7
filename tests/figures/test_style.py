"""``rnnviz.figures.style`` around figures of your own."""

from contextlib import suppress

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import rnnviz
from rnnviz.errors import FigureError
from rnnviz.figures.styles import COLUMNS, STYLES


@pytest.mark.parametrize("venue", COLUMNS)
@pytest.mark.parametrize("span", [1, 2])
def test_a_figure_of_your_own_has_the_width_and_the_font_of_a_venue(venue, span):
    before = dict(mpl.rcParams)
    with rnnviz.figures.style(venue=venue, span=span):
        drawn, axes = plt.subplots()
        axes.plot([1, 2])
        text = axes.set_xlabel("step")
        plt.close(drawn)
    assert drawn.get_size_inches()[0] == pytest.approx(COLUMNS[venue][span - 1])
    assert (text.get_fontname(), text.get_fontsize()) == ("rnnviz Sans", STYLES["paper"].type)
    assert dict(mpl.rcParams) == before


def test_the_users_settings_are_not_used_and_come_back_after_an_error():
    with mpl.rc_context({"font.size": 31, "pdf.fonttype": 3}):
        with rnnviz.figures.style("slides"):
            assert mpl.rcParams["font.size"] == STYLES["slides"].type
            assert mpl.rcParams["pdf.fonttype"] == 42
        with suppress(ZeroDivisionError), rnnviz.figures.style("poster"):
            _ = 1 / 0
        assert mpl.rcParams["font.size"] == 31


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"venue": "nature"}, "unknown venue"),
        ({"span": 2}, "venue"),
    ],
)
def test_an_unknown_style_is_named(options, message):
    with pytest.raises(FigureError, match=message), rnnviz.figures.style(**options):
        pass
    with pytest.raises(FigureError, match="unknown style 'napkin'"), rnnviz.figures.style("napkin"):
        pass
