"""The cliff in space: the loss over a weight and a bias, and two descents over it."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final

import numpy as np
from manim import Circle, Line, Polygon, VGroup, VMobject
from rnnviz.scenes.exploding_gradient.cliff_axes import CliffAxes
from rnnviz.scenes.exploding_gradient.pointer import Pointer

from rnnviz.measure.cliff import STEPS, cliff_answer, cliff_error, cliff_gradient
from rnnviz.mobjects import layout
from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.stage3d import Stage3D, Track, change, during
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say

W_RANGE: Final = (4.68, 5.0)
B_RANGE: Final = (-2.68, -2.4)
_FLOOR: Final = ((4.25, 5.0), (-3.4, -2.4))
_CELLS: Final = (24, 16)
_BEFORE_WALL: Final = 9
_SCALE: Final = (16.0, 16.0, 6.0)
"""World units of one unit of weight, bias and loss."""
_CENTRE: Final = (4.84, -2.54)
_THIN: Final = 1e-3
_LIFT: Final = 0.05
_BENDS: Final = 8
_HOP: Final = 0.35
_FLIGHT: Final = 1.6
_JUMP: Final = 0.1
"""The least change of the loss after which a step's number is written."""
_ABOVE, _RIGHT, _LEFT = (0.0, 1.4), (1.4, -0.7), (-1.4, -0.7)
"""The sides of a stop on which its number stands."""
_SIGN: Final = 0.42
"""The size of type of what is written beside a point."""
_FRAME: Final = Region(-6.0, 6.0, -1.95, 2.2)
_BELOW_FORMULA: Final = Region(layout.LEFT_EDGE, layout.RIGHT_EDGE, -2.3, 2.5)


def world(w: np.ndarray | float, b: np.ndarray | float, error: np.ndarray | float) -> np.ndarray:
    """Return world points (…, 3): x grows with w, y shrinks with b, z grows with the loss."""
    x = (np.asarray(w, dtype=float) - _CENTRE[0]) * _SCALE[0]
    y = (_CENTRE[1] - np.asarray(b, dtype=float)) * _SCALE[1]
    z = np.asarray(error, dtype=float) * _SCALE[2]
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1)


class Surface(VGroup):
    """The loss as a surface of cells, drawn from the farthest to the nearest.

    ``grown`` (), 0 … 1, is the height of the surface as a share of its own.
    """

    def __init__(self, theme: Theme):
        bs = np.linspace(*B_RANGE, _CELLS[1] + 1)
        ws = np.stack([_parted_at_the_wall(float(b)) for b in bs], axis=1)
        errors = cliff_error(ws, bs[None, :])
        self.top = float(errors.max())
        self.points3 = world(ws, bs[None, :], errors)
        self.grown = np.array(1.0)
        means = (errors[:-1, :-1] + errors[1:, :-1] + errors[1:, 1:] + errors[:-1, 1:]) / 4
        self.cells = []
        for mean in means.ravel():
            color = theme.shade("error", 0.12 + 0.43 * float(mean) / self.top)
            cell = Polygon(*np.eye(3), fill_color=color, fill_opacity=1.0, stroke_width=0.8)
            self.cells.append(cell.set_stroke(theme.ground))
        super().__init__(*self.cells)

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Take the outlines that a camera sees."""
        points = self.points3 * np.array([1.0, 1.0, float(self.grown)])
        seen = view.project(points)
        corners = np.stack([seen[:-1, :-1], seen[1:, :-1], seen[1:, 1:], seen[:-1, 1:]], axis=2)
        depths = view.depth(points)
        far = depths[:-1, :-1] + depths[1:, :-1] + depths[1:, 1:] + depths[:-1, 1:]
        flat = corners.reshape(-1, 4, 3)
        for cell, four in zip(self.cells, flat, strict=True):
            cell.set_points_as_corners([*four, four[0]])
        order = np.argsort(-far.ravel(), kind="stable")
        self.submobjects = [self.cells[at] for at in order]


class Lines3D(VGroup):
    """Straight lines in space.

    Shapes: ends (lines, 2, 3)
    """

    def __init__(self, ends: np.ndarray, theme: Theme, *, width: float = 1.2, role: Role = "note"):
        self.ends = np.asarray(ends, dtype=float)
        color = theme.dimmed(role) if role == "note" else theme.color(role)
        super().__init__(*[Line(stroke_width=width, color=color) for _ in self.ends])

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Take the places that a camera sees, as far as they are below the formula."""
        for line, (start, end) in zip(self, view.project(self.ends), strict=True):
            seen = _BELOW_FORMULA.cut(np.array([start[:2], end[:2]]))
            if len(seen) < 2:
                line.clear_points()
                continue
            order = np.argsort(seen @ (end - start)[:2])
            flat = np.zeros((2, 3))
            flat[:, :2] = seen[order[[0, -1]]]
            line.set_points_as_corners(flat)


class Descent(VGroup):
    """A descent step by step: a ball, its hops, and a dot where it has been.

    A hop is an arc over the surface; ``reached`` () counts the steps that are done. The ball is
    joined to its shadow on the floor while it is off the map. With ``numbered``, the first step
    and those after a jump of the loss have their number beside them.

    Shapes: path (steps + 1, 2)
    """

    def __init__(
        self,
        path: np.ndarray,
        role: Role,
        theme: Theme,
        *,
        shadow: bool = False,
        numbered: bool = False,
    ):
        errors = cliff_error(path[:, 0], path[:, 1])
        self.path, self.errors = path, errors
        self.stops = world(path[:, 0], path[:, 1], errors) + np.array([0.0, 0.0, _LIFT])
        self.reached = np.array(-1.0)
        color = theme.color(role)
        shares = np.linspace(0.0, 1.0, _BENDS + 1)[:, None]
        self.arcs = []
        for start, end in zip(self.stops, self.stops[1:], strict=False):
            rise = min(_FLIGHT, _HOP * float(np.linalg.norm(end - start)) + 0.05)
            arc = start + shares * (end - start)
            arc[:, 2] += 4 * rise * (shares * (1 - shares))[:, 0]
            self.arcs.append(arc)
        self.hops = VGroup(*[VMobject(stroke_color=color, stroke_width=3.5) for _ in self.arcs])
        self.hops.set_stroke(theme.ground, width=7, background=True)
        self.dots = VGroup(*[_disc(0.055, theme, role) for _ in self.stops])
        self.ball = _disc(0.13, theme, role)
        self.shadow = VGroup()
        if shadow:
            self.shadow.add(Line(stroke_width=2, color=color), _disc(0.1, theme, "note"))
        valley = chain([_RIGHT], repeat(_LEFT))
        self.numbers = {
            step: Billboard(
                label(str(step), color=theme.color("text"), size=0.3),
                self.stops[step],
                _ABOVE if errors[step] > errors.mean() else next(valley),
                theme,
            )
            for step in (turns_of(errors) if numbered else ())
        }
        super().__init__(self.shadow, self.hops, self.dots, self.ball, *self.numbers.values())

    def go(self, to: float) -> Track:
        """Return the track of the steps up to one."""
        return change(self.reached, (), to)

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Show the steps that are done."""
        done = float(self.reached)
        place = self.stops[0]
        for at, (hop, arc) in enumerate(zip(self.hops, self.arcs, strict=True)):
            share = float(np.clip(done - at, 0.0, 1.0))
            bends = arc[: 1 + round(share * _BENDS)]
            if len(bends) < 2:
                hop.clear_points()
                continue
            hop.set_points_as_corners(list(view.project(bends)))
            place = bends[-1]
        for at, (dot, stop) in enumerate(zip(self.dots, self.stops, strict=True)):
            dot.move_to(view.project(stop)).set_opacity(float(done >= at))
        for step, sign in self.numbers.items():
            sign.shown[...] = float(done >= step)
            sign.draw(view, frame)
        self.ball.move_to(view.project(place)).set_opacity(float(done >= 0))
        if len(self.shadow):
            ends = view.project(np.array([place, [*place[:2], 0.0]]))
            self.shadow[0].set_points_as_corners(list(ends))
            self.shadow[1].move_to(ends[1])
            for part in self.shadow:
                part.set_opacity(float(done > len(self.arcs) - 1))


class CliffSpace:
    """The stage of the cliff: floor, surface, axes, signs, and the two descents."""

    def __init__(self, thrown: np.ndarray, kept: np.ndarray, say: Say, theme: Theme):
        self.surface = Surface(theme)
        self.thrown = Descent(thrown, "gradient", theme, shadow=True)
        self.kept = Descent(kept, "text", theme, numbered=True)
        (w0, w1), (b0, b1) = _FLOOR
        grid = [
            *[world(np.array([w, w]), np.array([b0, b1]), 0.0) for w in np.linspace(w0, w1, 6)],
            *[world(np.array([w0, w1]), np.array([b, b]), 0.0) for b in np.linspace(b0, b1, 6)],
        ]
        axes = CliffAxes(world, W_RANGE, B_RANGE, self.surface.top, say, theme)
        self.floor = Lines3D(np.array(grid), theme)
        self.axes = Lines3D(axes.lines, theme, width=2.5, role="text")
        self.signs = axes.signs
        self.answers = [
            self._answer(thrown[-3], theme, (2.1, 2.0)),
            self._answer(thrown[-2], theme, (2.3, 1.2)),
        ]
        self.landing = self._loss(thrown[-1], theme, (2.2, 0.0))
        self.end = self._loss(kept[-1], theme, (4.6, 5.0))
        foot, arc = thrown[-2], self.thrown.arcs[-1]
        length = number(float(np.linalg.norm(cliff_gradient(*foot))))
        far = number(float(np.linalg.norm(thrown[-1] - foot)))
        color = theme.color("gradient")
        steep = formula(f'norm(nabla L) = "{length}"', color=color, size=_SIGN)
        self.steep = Pointer(steep, self.thrown.stops[-2], (4.6, 1.6), theme)
        self.far = Billboard(
            label(far, color=color, size=_SIGN), arc[len(arc) // 2], (-1.3, 0.6), theme
        )
        self.parts = [
            self.floor,
            self.surface,
            self.axes,
            self.thrown,
            self.kept,
            *self.signs,
            *self.answers,
            self.landing,
            self.end,
            self.steep,
            self.far,
        ]

    def _name_axes(self, shown: float) -> Sequence[Track]:
        """Return the tracks in which the numbers and titles of the axes come (1) or go (0)."""
        return [change(sign.shown, (), shown) for sign in self.signs]

    def _loss(self, point: np.ndarray, theme: Theme, side: tuple[float, float]) -> Pointer:
        error = float(cliff_error(*point))
        ink = formula(f'L = "{number(error)}"', color=theme.color("text"), size=_SIGN)
        return Pointer(ink, world(point[0], point[1], error), side, theme)

    def _answer(self, point: np.ndarray, theme: Theme, side: tuple[float, float]) -> Pointer:
        text = f'"sigmoid"(h_{STEPS}) = "{number(cliff_answer(*point))}"'
        ink = formula(text, color=theme.color("text"), size=_SIGN)
        return Pointer(ink, world(point[0], point[1], float(cliff_error(*point))), side, theme)

    def rise(self) -> Sequence[Track]:
        """Return the tracks in which the surface grows to its height."""
        return (change(self.surface.grown, (), 1.0),)

    def rest(self, step: int) -> Sequence[Track]:
        """Return the tracks in which the descent that is thrown goes back to a step."""
        gone = [change(sign.shown, (), 0.0) for sign in (self.landing, self.steep, self.far)]
        back = during(0.3, 1.0, self.thrown.go(step), *self._name_axes(1.0))
        return during(0.0, 0.3, *gone), back

    def fly(self) -> Sequence[Track]:
        """Return the tracks of the step that is thrown off, in which the axes lose their names."""
        return self.thrown.go(len(self.thrown.arcs)), *self._name_axes(0.0)

    def measure(self) -> Sequence[Track]:
        """Return the tracks in which the answers go, and then the gradient's length comes."""
        gone = [change(sign.shown, (), 0.0) for sign in self.answers]
        return during(0.0, 0.4, *gone), during(0.4, 1.0, *self.name(self.steep))

    def name(self, *signs: Billboard) -> Sequence[Track]:
        """Return the tracks in which numbers appear beside their points."""
        return [change(sign.shown, (), 1.0) for sign in signs]

    def box(self, *others: np.ndarray) -> np.ndarray:
        """Return the corners (n, 3) of the map, with other world points."""
        corners = [
            world(w, b, error)
            for w in W_RANGE
            for b in B_RANGE
            for error in (0.0, self.surface.top)
        ]
        return np.array([*corners, *others])

    def view(self, azimuth: float, elevation: float) -> Camera3D:
        """Return the camera that sees the whole map from a direction."""
        return Camera3D(azimuth, elevation).framing(self.box(), _FRAME)

    def away(self, azimuth: float, elevation: float) -> Camera3D:
        """Return the camera that sees the whole map from a direction, with the flight off it."""
        return Camera3D(azimuth, elevation).framing(self.box(*self.thrown.arcs[-1]), _FRAME)

    def stage(self, view: Camera3D) -> Stage3D:
        """Return the stage, seen by a camera."""
        return Stage3D(view, self.parts)


def turns_of(errors: np.ndarray) -> list[int]:
    """Return the first step of a descent, and those after a jump of the loss."""
    jumps = np.flatnonzero(np.abs(np.diff(errors)) > _JUMP) + 1
    return [0, *jumps.tolist()]


def _disc(radius: float, theme: Theme, role: Role) -> Circle:
    return Circle(
        radius=radius, stroke_width=1.5, stroke_color=theme.ground, fill_opacity=1.0,
        fill_color=theme.color(role),
    )  # fmt: skip


def _parted_at_the_wall(b: float) -> np.ndarray:
    """Return weights along one b, with the wall between the same two of them for every b."""
    ws = np.linspace(*W_RANGE, 3001)
    wall = float(ws[int(np.abs(np.diff(cliff_error(ws, b))).argmax())])
    low, high = (float(np.clip(wall + side * _THIN, *W_RANGE)) for side in (-1, 1))
    after = _CELLS[0] - _BEFORE_WALL
    return np.concatenate(
        [np.linspace(W_RANGE[0], low, _BEFORE_WALL + 1), np.linspace(high, W_RANGE[1], after)]
    )
