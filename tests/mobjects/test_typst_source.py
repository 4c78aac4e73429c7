"""Text and formulas have the outlines that Manim's own Typst mobjects have."""

from importlib.resources import files

import numpy as np
import pytest
from manim import MathTypst, Typst, tempconfig

from rnnviz.errors import TextError
from rnnviz.mobjects.svg_shapes import shapes_of
from rnnviz.mobjects.typesetting import typeset
from rnnviz.mobjects.typst_source import compiled_formula, head

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
TEXTS = (
    '#text("two words, 0.42 − 1")',
    '#text("北京，这一步的状态 h")',
    '#text("a\\u{301}g") #h(1em) #text("y")',
    '#text(font: "DejaVu Sans Mono")[quadratic curves]',
    "#underline[low] #overline[high] #text(fill: rgb(0, 0, 0, 50%))[pale]",
    "#rotate(30deg)[turned] #scale(x: 50%)[narrow] #rect(inset: 2pt, radius: 1pt)[box]",
    "#align(center)[two #linebreak() lines] #circle(radius: 3pt)",
    "#h(1em)",
    "",
)
FORMULAS = (
    "h_t = tanh({{ U : U }} x_t + {{ W : W }} {{ h_(t-1) : before }} + b)",
    "{{ (partial L_({{ t : t }}))/(partial h_k) : left }} = sqrt(x) + {{ W : W }} + {{ W : W }}",
    'cancel(x) {{ product_(j=1)^(k+1) "diag"(1 - h_j^2) : factors }} != vec(1, 2)',
    '{{ "}}" : braces }} + {{ overbrace(a + b, "{{ c") : above }} {{ quad : nothing }}',
)


@pytest.fixture
def by_manim(tmp_path):
    """(source, size, math) → Manim's mobject with the same fonts."""

    def get(source, size, math):
        with tempconfig({"media_dir": str(tmp_path), "verbosity": "WARNING"}):
            return (MathTypst if math else Typst)(
                source,
                font_size=size * 96,
                typst_preamble=head(()),
                font_paths=[str(files("rnnviz") / "fonts")],
                track_baselines=True,
                use_svg_cache=False,
            )

    return get


@pytest.mark.parametrize(
    ("source", "math"), [*((text, False) for text in TEXTS), *((each, True) for each in FORMULAS)]
)
def test_outlines_parts_and_baseline_are_those_of_manim(source, math, by_manim):
    ours, theirs = typeset(source, 0.4, math=math), by_manim(source, 0.4, math)
    assert len(ours.glyphs) == len(theirs.submobjects)
    for glyph, mobject in zip(ours.glyphs, theirs.submobjects, strict=True):
        np.testing.assert_allclose(glyph.points, mobject.points, rtol=0, atol=1e-12)
        assert glyph.fill == pytest.approx(mobject.get_fill_opacity(), abs=1e-6)
        assert (glyph.stroke > 0) == (mobject.get_stroke_width() > 0)
    places = {id(mobject): place for place, mobject in enumerate(theirs.submobjects)}
    assert dict(ours.parts) == {
        name: tuple(places[id(mobject)] for mobject in theirs.select(name))
        for name in getattr(theirs, "_group_labels", ())
    }
    for origin, _, _ in theirs.baseline_frames[:1]:
        share = (origin[1] - theirs.get_bottom()[1]) / theirs.height
        assert ours.baseline_share == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(("quality", "em"), [("low_quality", 0.5), ("fourk_quality", 0.25)])
def test_a_line_is_as_wide_as_typst_draws_it_at_every_quality(quality, em):
    with tempconfig({"quality": quality}):
        *_, bar = typeset("a/b", em, math=True).glyphs
    assert bar.stroke == pytest.approx(100 * 0.048 * em)


@pytest.mark.parametrize("source", ["{{ a }}", "{{ a : 1 }}", "{{ a : b", "{{ {{ a : b }}"])
def test_a_part_without_a_name_or_an_end_is_refused(source):
    with pytest.raises(TextError, match=r"has a part without a name or an end; write a part as"):
        compiled_formula(source, ())


def test_a_part_that_changes_with_its_colour_is_refused():
    source = "{{ #context if text.fill == black [a] else [bb] : part }}"
    with pytest.raises(TextError, match="looks otherwise in another colour"):
        compiled_formula(source, ())


def test_text_is_set_where_the_working_directory_is_gone(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert len(typeset('#text("gone")', 0.4).glyphs) == 4


def test_a_path_may_be_absolute_and_closed():
    (shape,) = shapes_of(
        SVG.format('<path transform="scale(2)" d="M 1 1 L 4 1 V 5 H 1 Z m 0 1 h 3"/>').encode()
    )
    ends = [(2, 2), (8, 2), (8, 10), (2, 10), (2, 2), (2, 4), (8, 4)]
    assert [tuple(point) for point in shape.points[::4]] == [*ends[:4], ends[5]]
    assert [tuple(point) for point in shape.points[3::4]] == [*ends[1:5], ends[6]]
    assert (shape.fill_opacity, shape.stroke_width) == (1.0, 0.0)


@pytest.mark.parametrize(
    "element",
    [
        '<path d="M 0 0 A 1 1 0 0 0 1 1"/>',
        '<path d="M 0 0 L 1"/>',
        '<path d="M 0 0 L 1 2 3 4"/>',
        '<path transform="skewX(1)" d="M 0 0 h 1"/>',
    ],
)
def test_what_typst_does_not_write_is_an_error(element):
    with pytest.raises(ValueError, match=r"unknown|could not convert|argument"):
        shapes_of(SVG.format(element).encode())
