"""Every command that draws takes a theme's file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import rnnviz
from rnnviz.cli.group import group

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "university.toml"
DRAWING = {
    "render": ("render", "unrolling", "--trace", "a.safetensors", "-o", "a.mp4"),
    "figure": ("figure", "states", "--trace", "a.safetensors", "-o", "a.svg"),
    "export": ("export", "unrolling", "--to", "html", "--trace", "a.safetensors", "-o", "a.html"),
    "explore": ("explore", "a.safetensors", "-o", "a.html"),
}


@pytest.fixture
def here(tmp_path, monkeypatch, make_trace):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    make_trace().save(tmp_path / "a.safetensors")
    (tmp_path / "uni.toml").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(group, list(map(str, arguments)))


@pytest.mark.parametrize("command", DRAWING)
def test_a_theme_with_a_mistake_stops_a_command_before_it_draws(command, here):
    (here / "uni.toml").write_text('base = "dark"\n[colors]\nhiden = "#FFFFFF"\n')
    result = invoke(*DRAWING[command], "--theme", "uni.toml")
    assert isinstance(result.exception, rnnviz.RnnvizError)
    assert "unknown colour 'hiden'; did you mean hidden?" in str(result.exception)
    unknown = invoke(*DRAWING[command], "--theme", "drak")
    assert unknown.exit_code == 2
    assert "unknown theme 'drak'; did you mean dark? or give a FILE.toml" in unknown.output
    assert sorted(path.name for path in here.iterdir()) == ["a.safetensors", "uni.toml"]


def test_a_figure_has_the_colours_and_the_type_of_the_file(here):
    sizes = {}
    for theme in ("light", "uni.toml"):
        assert invoke(*DRAWING["figure"], "--theme", theme, "--keep-text").exit_code == 0
        svg = (here / "a.svg").read_text(encoding="utf-8")
        assert ("#fbfaf7" in svg.lower()) == (theme == "uni.toml")
        assert f"--theme {theme}" in svg
        sizes[theme] = svg.count("8px"), svg.count("9.2px")
    assert sizes["light"][0] > 0 == sizes["light"][1]
    assert sizes["uni.toml"][1] > 0


def test_a_page_has_the_colours_and_the_type_of_the_file(here):
    assert invoke(*DRAWING["explore"], "--theme", "uni.toml").exit_code == 0
    page = (here / "a.html").read_text(encoding="utf-8")
    assert "--ground: #FBFAF7" in page
    assert "font-size: 115%" in page
    assert "color-scheme: light" in page
