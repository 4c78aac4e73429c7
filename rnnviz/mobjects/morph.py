"""One formula becomes another: what both have glides, the rest fades out and in."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

import numpy as np
from manim import UP, Animation, AnimationGroup, VGroup, VMobject

from rnnviz.mobjects.text import Ink

_SHIFT: Final = 0.15
_GONE_AT: Final = 0.45
_GLIDES: Final = (0.25, 0.75)
_COMES_AT: Final = 0.45
"""Shares of the run time: first glyphs leave, then others glide, then new ones come."""
_FAR: Final = 1.0
"""Units that a glyph by itself may glide; a longer way would lead it through others."""
_COLORS: Final = ("fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")
_SAME: Final = 0.01
"""Ems by which the outlines of equal glyphs may differ."""


Pair = tuple[VMobject, VMobject]


def morph(old: VGroup, new: VGroup, pairs: Sequence[Pair], *, run_time: float = 0.7) -> Animation:
    """Turn a drawing made of glyphs into another without changing a glyph into a different one.

    Paired glyphs move to their new places; a glyph without a counterpart fades, a little upwards,
    so that an index rolls from one number to the next.

    Units:  run time in seconds
    """
    return AnimationGroup(
        _Arrive(new, sources={id(other): one for one, other in pairs}),
        _Leave(old, kept=[one for one, _ in pairs]),
        run_time=run_time,
    )


def paired_glyphs(old: Ink, new: Ink) -> list[Pair]:
    """Return the glyphs that two formulas have in common, each with its counterpart.

    Glyphs are paired within parts of the same name, and all others among themselves, in the order
    in which they are read. Of the others, a glyph by itself is not paired with one far away.
    """
    shared = [name for name in old.part_names if name in new.part_names]
    blocks = _blocks(_others(old, shared), _others(new, shared), old.em, new.em)
    blocks = [block for block in blocks if len(block) > 1 or _way(*block[0]) < _FAR]
    for name in shared:
        blocks += _blocks(old.part(name), new.part(name), old.em, new.em)
    return [pair for block in blocks for pair in block]


def _way(old: VMobject, new: VMobject) -> float:
    return float(np.linalg.norm(new.get_center() - old.get_center()))


def _others(ink: Ink, parts: Iterable[str]) -> list[VMobject]:
    """Return the glyphs that are in none of some parts."""
    named = {id(glyph) for name in parts for glyph in ink.part(name)}
    return [glyph for glyph in ink if id(glyph) not in named]


def _blocks(
    ours: Iterable[VMobject], theirs: Iterable[VMobject], our_em: float, their_em: float
) -> list[list[Pair]]:
    """Pair equal glyphs of two lists without changing their order, by runs of neighbours."""
    left, right = list(ours), list(theirs)
    kinds = _kinds([*_outlines(left, our_em), *_outlines(right, their_em)])
    matcher = SequenceMatcher(None, kinds[: len(left)], kinds[len(left) :], autojunk=False)
    return [
        [(left[block.a + place], right[block.b + place]) for place in range(block.size)]
        for block in matcher.get_matching_blocks()
        if block.size
    ]


def _outlines(glyphs: Iterable[VMobject], em: float) -> list[np.ndarray]:
    """Return the outlines of glyphs in ems, from their lower left corners."""
    return [(glyph.points - glyph.points.min(axis=0)) / em for glyph in glyphs]


def _kinds(outlines: Sequence[np.ndarray]) -> list[int]:
    """Return a number for each outline, which those of the same glyph share."""
    known: list[np.ndarray] = []
    kinds = []
    for outline in outlines:
        same = (
            place
            for place, other in enumerate(known)
            if other.shape == outline.shape and np.abs(other - outline).max() < _SAME
        )
        kinds.append(next(same, len(known)))
        if kinds[-1] == len(known):
            known.append(outline)
    return kinds


class _Leave(Animation):
    """Glyphs without a counterpart fade upwards; the others are shown by the new formula."""

    def __init__(self, old: VGroup, kept: Sequence[VMobject]) -> None:
        super().__init__(old, remover=True)
        self._kept = {id(glyph) for glyph in kept}

    def begin(self) -> None:
        self._looks = [_Look(glyph) for glyph in self.mobject.family_members_with_points()]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        gone = self.rate_func(min(1.0, alpha / _GONE_AT))
        for look in self._looks:
            hidden = id(look.glyph) in self._kept
            look.show(1.0 - gone if not hidden else 0.0, _SHIFT * gone)

    def clean_up_from_scene(self, scene: Any) -> None:
        super().clean_up_from_scene(scene)
        for look in self._looks:
            look.show(1.0, 0.0)  # as it was, in case it is shown again


class _Arrive(Animation):
    """Glyphs start where and as their counterparts were; the others fade in from below."""

    def __init__(self, new: VGroup, sources: Mapping[int, VMobject]) -> None:
        super().__init__(new, introducer=True)
        self._sources = sources

    def begin(self) -> None:
        self._ends = [_Look(glyph) for glyph in self.mobject.family_members_with_points()]
        self._starts = {
            key: _Look(source.copy()) for key, source in self._sources.items()
        }  # copied before the old formula hides them
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        start, end = _GLIDES
        share = self.rate_func(min(1.0, max(0.0, (alpha - start) / (end - start))))
        come = self.rate_func(max(0.0, (alpha - _COMES_AT) / (1.0 - _COMES_AT)))
        for look in self._ends:
            source = self._starts.get(id(look.glyph))
            if source is None:
                look.show(come, -_SHIFT * (1.0 - come))
            else:
                look.between(source, share)


class _Look:
    """The outline and colours of a glyph at one moment."""

    def __init__(self, glyph: VMobject) -> None:
        self.glyph = glyph
        self.points = glyph.points.copy()
        self.colors = {name: getattr(glyph, name).copy() for name in _COLORS}

    def show(self, opacity: float, shift: float) -> None:
        """Show the glyph as it looked, with a share of its opacity and shifted up."""
        self.glyph.points = self.points + shift * UP
        for name, rgbas in self.colors.items():
            setattr(self.glyph, name, _faded(rgbas, opacity))

    def between(self, start: "_Look", share: float) -> None:
        """Show the glyph on its way from where and how its counterpart was."""
        self.glyph.points = _mixed(start.points, self.points, share)
        for name, rgbas in self.colors.items():
            setattr(self.glyph, name, _mixed(start.colors[name], rgbas, share))


def _faded(rgbas: np.ndarray, opacity: float) -> np.ndarray:
    faded = rgbas.copy()
    faded[:, 3] *= opacity
    return faded


def _mixed(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    return end.copy() if share == 1.0 else (1.0 - share) * start + share * end
