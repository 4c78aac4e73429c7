"""Places for labels of points that lie close together."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from manim import DL, UR, Line, VGroup, VMobject
from rnnviz.scenes.trajectory.state_plane import StatePlane

from rnnviz.mobjects.text import Ink, fitted_label
from rnnviz.mobjects.theme import Role, Theme

_SIZE: Final = 0.33
_WIDEST: Final = 1.6
_TURNS: Final = 16
_REACHES: Final = (0.2, 0.45, 0.75, 1.1, 1.5, 2.0)
_NEAR: Final = 0.3
_BESIDE: Final = 0.22
"""How far a label may be from its point without a line to it."""
_CROSSED: Final = 0.5
"""How far a label rather goes than cross one line of a path."""
_GRID: Final = 0.5
"""How much less it is to cross a line of the grid."""
_UNCLEAR: Final = 1.0
"""How far a label rather goes than stand by another point."""
_GAP: Final = 0.06


class PointLabel(VGroup):
    """A label with a leader to its point, if it does not touch it."""

    def __init__(self, text: Ink, leader: VGroup):
        self.text = text
        self.leader = leader
        super().__init__(leader, text)


def placed_labels(
    words: Sequence[str],
    spots: Sequence[np.ndarray],
    plane: StatePlane,
    theme: Theme,
    *,
    role: Role,
    paths: Sequence[Sequence[np.ndarray]],
    occupied: Sequence[VMobject],
) -> dict[int, PointLabel]:
    """Place the labels of points where they overlap nothing and cross few lines of the paths.

    A point whose word is empty gets none, nor does one that there is no room for.
    """
    middle = np.mean([spot for path in paths for spot in path], axis=0)
    segments = [pair for path in paths for pair in pairwise(path)]
    grid = [(line.get_start(), line.get_end()) for line in plane.plane.lines]
    placed: dict[int, PointLabel] = {}
    leaders: list[tuple[np.ndarray, np.ndarray]] = []
    for index in range(len(spots) - 1, -1, -1):
        if not words[index]:
            continue
        text = fitted_label(words[index], color=theme.color(role), width=_WIDEST, size=_SIZE)
        text.set_stroke(theme.ground, width=4, background=True).set_z_index(3)
        taken = [*occupied, *(each.text for each in placed.values()), *plane.plane.ticks]
        boxes = np.array([_box(each) for each in (*taken, *plane.names)])
        half = np.array([text.width / 2, text.height / 2])
        away = spots[index] - middle
        heading = float(np.arctan2(away[1], away[0]))
        found: list[tuple[float, int, np.ndarray]] = []
        clumped = len(_within(_NEAR, spots, index)) > 1
        for reach in _REACHES[1:] if clumped else _REACHES:
            for turn in range(_TURNS):
                side = _direction(heading + _alternating(turn) * 2 * np.pi / _TURNS)
                centre = spots[index][:2] + (reach + np.abs(side) @ half) * side
                if not _free(centre, half, boxes, plane):
                    continue
                low, high = centre - half - _GAP, centre + half + _GAP
                if any(_crosses(low, high, line) for line in leaders):
                    continue
                crossed = float(sum(_crosses(low, high, segment) for segment in segments))
                crossed += _GRID * sum(_crosses(low, high, line) for line in grid)
                unclear = _UNCLEAR * _nearer_to_another(low, high, spots, index)
                found.append((reach + _CROSSED * crossed + unclear, len(found), centre))
        if not found:
            continue
        text.move_to([*min(found)[2], 0.0])
        leader = VGroup()
        ends = spots[index], _nearest(text, spots[index])
        if np.linalg.norm(ends[1] - ends[0]) > _BESIDE:
            leader.add(Line(*ends, stroke_width=2, color=theme.color("note")))
            leaders.append(ends)
        placed[index] = PointLabel(text, leader)
    return placed


def _alternating(turn: int) -> int:
    """Return 0, 1, −1, 2, −2, …"""
    return (turn + 1) // 2 * (1 if turn % 2 else -1)


def _nearer_to_another(
    low: np.ndarray, high: np.ndarray, spots: Sequence[np.ndarray], own: int
) -> bool:
    """Whether a box is about as close to a point elsewhere as to its own."""
    apart = [float(np.linalg.norm(np.clip(spot[:2], low, high) - spot[:2])) for spot in spots]
    clump = _within(_NEAR, spots, own)
    return any(d < apart[own] + _NEAR / 2 for i, d in enumerate(apart) if i not in clump)


def _within(reach: float, spots: Sequence[np.ndarray], own: int) -> list[int]:
    """Return the indices of the points near one of them, with its own."""
    return [i for i, spot in enumerate(spots) if np.linalg.norm(spot - spots[own]) <= reach]


def _direction(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def _nearest(text: VMobject, point: np.ndarray) -> np.ndarray:
    """Return the point of a text's box that is nearest to a point, a little outside."""
    left, bottom, right, top = _box(text)
    return np.clip(point, [left - _GAP, bottom - _GAP, 0.0], [right + _GAP, top + _GAP, 0.0])


def _crosses(low: np.ndarray, high: np.ndarray, segment: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether a line passes through a box."""
    shares = np.linspace(0.0, 1.0, 24)[:, None]
    along = (1 - shares) * segment[0][:2] + shares * segment[1][:2]
    return bool(((along > low) & (along < high)).all(axis=1).any())


def _free(centre: np.ndarray, half: np.ndarray, boxes: np.ndarray, plane: StatePlane) -> bool:
    """Whether a text's box lies in the plane and meets none of some boxes."""
    low, high = centre - half, centre + half
    first, last = plane.plane.frame.get_start()[:2], plane.plane.frame.get_end()[:2]
    if (low <= first).any() or (high >= last).any():
        return False
    apart = np.maximum(boxes[:, :2] - high, low - boxes[:, 2:]).max(axis=1)
    return bool((apart >= _GAP).all())


def _box(mobject: VMobject) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top."""
    (left, bottom, _), (right, top, _) = mobject.get_corner(DL), mobject.get_corner(UR)
    return float(left), float(bottom), float(right), float(top)
