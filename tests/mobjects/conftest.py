import pytest

from rnnviz.rendering.manim_adapter.settings import manim_settings


@pytest.fixture(scope="session")
def _media(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _quiet_manim(_media):
    with manim_settings(_media, "l"):
        yield
