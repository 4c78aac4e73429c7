"""Real daily stock prices: tomorrow's from the days so far."""

import importlib.resources

import numpy as np

from rnnviz.tasks.series import NextValue

_SAMPLE = "mpl-data/sample_data/goog.npz"


class Prices(NextValue):
    """Google's adjusted daily closing prices, August 2004 to October 2008, in US dollars."""

    name = "prices"

    def __init__(self, *, steps: int = 20, language: str = "en"):
        with (
            importlib.resources.files("matplotlib").joinpath(_SAMPLE).open("rb") as file,
            np.load(file) as data,
        ):
            table = data["price_data"]
        super().__init__(
            table["adj_close"],
            [str(day)[5:] for day in table["date"]],
            steps=steps,
            quantity="股价" if language == "zh" else "price",
            language=language,
            source="daily adjusted close of GOOG, 2004-08-19 to 2008-10-14, matplotlib sample data",
            options={},
        )
