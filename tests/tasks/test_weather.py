"""The weather: the numbers are the file's, and reading them loads nothing else."""

import csv
import datetime
import importlib.metadata
import sys
from itertools import pairwise

import numpy as np
import pytest

from rnnviz import tasks


@pytest.fixture(scope="module")
def days():
    paths = importlib.metadata.files("vega_datasets")
    (path,) = (path.locate() for path in paths if path.name == "seattle-weather.csv")
    with open(path, newline="", encoding="utf-8") as file:
        return [
            (datetime.datetime.strptime(row["date"], "%Y/%m/%d").date(), float(row["temp_max"]))
            for row in csv.DictReader(file)
        ]


def test_the_file_holds_every_day_of_four_years(days):
    dates = [date for date, _ in days]
    assert dates[0] == datetime.date(2012, 1, 1)
    assert dates[-1] == datetime.date(2015, 12, 31)
    assert {after - date for date, after in pairwise(dates)} == {datetime.timedelta(days=1)}
    assert len(dates) == 1461


def test_temperatures_are_those_of_the_file_and_the_target_is_the_next_day(days):
    task = tasks.make("weather", steps=30)
    example = task.example()
    degrees = example.x[:, 0, 0] * task.options["spread"] + task.options["mean"]
    np.testing.assert_allclose(degrees, [celsius for _, celsius in days[-31:-1]], atol=1e-4)
    wanted = example.targets[:, 0, 0] * task.options["spread"] + task.options["mean"]
    np.testing.assert_allclose(wanted, [celsius for _, celsius in days[-30:]], atol=1e-4)
    assert example.step_labels[0] == tuple(str(date)[5:] for date, _ in days[-31:-1])
    assert example.target_labels[0][-1] == "12-31"
    everything = task.values * task.spread + task.mean
    np.testing.assert_allclose(everything, [celsius for _, celsius in days], atol=1e-4)


def test_temperatures_are_degrees_celsius_of_a_mild_coast(days):
    celsius = np.array([value for _, value in days])
    months = np.array([date.month for date, _ in days])
    assert celsius.min() == -1.6
    assert celsius.max() == 35.6
    assert 5 < celsius[months == 1].mean() < 10
    assert 22 < celsius[months == 8].mean() < 28


def test_the_source_says_whose_numbers_they_are():
    source = tasks.make("weather").source
    for word in ("Seattle", "NOAA", "vega_datasets", "2012-01-01", "2015-12-31"):
        assert word in source


def test_neither_the_package_nor_pandas_is_imported(monkeypatch):
    for name in ("vega_datasets", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it would fail
    assert len(tasks.make("weather").values) == 1461
