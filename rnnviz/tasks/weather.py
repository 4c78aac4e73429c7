"""Real daily temperatures: tomorrow's from the days so far."""

import csv
from importlib.metadata import distribution
from pathlib import Path

from rnnviz.tasks.series import NextValue

_FILE = "vega_datasets/_data/seattle-weather.csv"


class Weather(NextValue):
    """The highest temperature of each day in Seattle, 2012 to 2015, in °C."""

    name = "weather"

    def __init__(self, *, steps: int = 20, language: str = "en"):
        # located by the distribution, since importing the package would load pandas
        path = Path(str(distribution("vega_datasets").locate_file(_FILE)))
        with path.open(encoding="utf-8", newline="") as file:
            days = list(csv.DictReader(file))
        super().__init__(
            [float(day["temp_max"]) for day in days],
            [day["date"][5:].replace("/", "-") for day in days],
            steps=steps,
            quantity="最高气温" if language == "zh" else "temperature",
            language=language,
            source="daily highest temperature in Seattle, 2012-01-01 to 2015-12-31, data of NOAA "
            "in the package vega_datasets",
            options={},
        )
