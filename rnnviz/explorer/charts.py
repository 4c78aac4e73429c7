"""The charts of the page in Vega-Altair; each follows ``t``, the step of the loss shown.

The page holds the data once, under the names of the fields of ``Rows``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import altair as alt

from rnnviz.explorer.rows import Rows
from rnnviz.text.palette import Palette
from rnnviz.text.plain_text import formula_text, isolated, plain
from rnnviz.text.translation import explained

_NORM: Final = "$norm((partial L_t)/(partial h_k))$"
_HEIGHT: Final = 230
_LOW: Final = 170
_MARGIN: Final = 44
_MOST_TICKS: Final = 10
_MOST_WORDS: Final = 24
_LONGEST_WORD: Final = 14
_LEVEL: Final = 40
_DECADES: Final = 8
_SMALLEST_EXPONENT: Final = -307
_MOST_POINTS: Final = 60

Spec = dict[str, Any]


@dataclass(frozen=True)
class Charts:
    """Build charts of rows as Vega-Lite specifications."""

    rows: Rows
    palette: Palette
    say: Callable[[str], str]

    def curve(self, *, log: bool) -> Spec:
        """Plot ‖∂L_t/∂h_k‖ of one loss over the steps; on a log axis, mark zeros at the bottom."""
        chosen = (
            alt.Chart(alt.NamedData("gradients"))
            .transform_filter("datum.t == t")
            .transform_calculate(
                shown="datum.norm > 0 ? datum.norm : null" if log else "datum.norm",
                word="words[datum.k]",
            )
        )
        x = self._steps("k", self._of_state)
        points = len(self.rows.steps) <= _MOST_POINTS
        color = self.palette.gradient
        layers = [
            self._band(self._of_state),
            chosen.mark_line(
                color=color,
                strokeWidth=2,
                strokeCap="round",
                point=alt.OverlayMarkDef(color=color) if points else False,
            )
            .encode(x=x, y=alt.Y("shown:Q", **self._norm_axis(log)))
            .properties(name="curve"),
        ]
        if log and self.has_zeros:
            layers.append(
                chosen.transform_filter("datum.norm == 0")
                .mark_point(shape="triangle-down", color=color, size=40)
                .encode(x=x, y=alt.value(_HEIGHT - 6))
                .properties(name="zeros")
            )
        tooltips = [
            self._tooltip("k"),
            self._tooltip("word", "N"),
            self._tooltip("norm", title=self._norm(log=False)),
        ]
        layers.append(chosen.mark_rect(opacity=0).encode(x=x, tooltip=tooltips))
        return self._specification(layers, self.say("The loss at one step, followed back"), _HEIGHT)

    def table(self, *, log: bool) -> Spec:
        """Plot ‖∂L_t/∂h_k‖ of all losses: one row per loss, one column per state.

        The page itself frames the row of the chosen loss: redrawing 20,000 cells would take a third
        of a second.
        """
        low, top = self._color_range if log else (0.0, self._norms[-1])
        times = [row["t"] for row in self.rows.losses]
        y = alt.Y(
            "t:O",
            title=explained("t", self.say("step of the loss"), self.say),
            axis=self._axis(values=_ticks(times, _MOST_TICKS)),
        )
        legend = alt.Legend(
            title=self._norm(log=log),
            **(self._powers(_decades(low, top), 4) if log else {"tickCount": 4}),
            **_TOP_LEGEND,
        )
        cells = (
            alt.Chart(alt.NamedData("gradients"))
            .transform_calculate(shown=f"max(datum.norm, {low!r})", word="words[datum.k]")
            .mark_rect(cursor="pointer", **_SEAMLESS)
            .encode(
                x=self._steps("k", self._of_state),
                y=y,
                color=alt.Color(
                    "shown:Q",
                    scale=alt.Scale(
                        type="log" if log else "linear",
                        domain=[low, top],
                        range=list(self.palette.ramp("gradient")),
                        interpolate="rgb",
                        clamp=True,
                    ),
                    legend=legend,
                ),
                tooltip=[
                    self._tooltip("t"),
                    self._tooltip("k"),
                    self._tooltip("word", "N"),
                    self._tooltip("norm", title=self._norm(log=False)),
                ],
            )
            .properties(name="cells")
        )
        height = max(36, min(_HEIGHT, 22 * len(times)))
        return self._specification(
            [cells], self.say("Every loss at every step"), height, canvas=True
        )

    def candidates(self) -> Spec:
        """Plot y_t at the step of the loss, largest first, the correct class in full colour."""
        probable = all(0 <= row["value"] <= 1 for row in self.rows.candidates)
        bars = (
            alt.Chart(alt.NamedData("candidates"))
            .transform_filter("datum.t == t")
            .mark_bar(color=self.palette.output)
            .encode(
                x=alt.X(
                    "value:Q",
                    title=plain("$y_t$", {}),
                    scale=alt.Scale(domain=[0, 1]) if probable else alt.Undefined,
                    axis=alt.Axis(tickCount=5),
                ),
                y=alt.Y(
                    "name:N",
                    sort=alt.SortField("rank"),
                    title=None,
                    axis=alt.Axis(
                        minExtent=_MARGIN, labelLimit=140, labelPadding=6, domain=False, ticks=False
                    ),
                ),
                opacity=alt.condition("datum.right !== false", alt.value(1), alt.value(0.4)),
                tooltip=[
                    self._tooltip("name", "N", title=self.say("prediction")),
                    self._tooltip("value"),
                ],
            )
            .properties(name="bars")
        )
        return self._specification(
            [bars], self.say("The prediction at the step of the loss"), _HEIGHT
        )

    def course(self) -> Spec:
        """Plot the predicted values and the targets over the steps."""
        names = {"y": self.say("prediction"), "target": self.say("target")}
        present = {row["series"]: names[row["series"]] for row in self.rows.course}
        lines = (
            alt.Chart(alt.NamedData("course"))
            .transform_calculate(name=f"datum.series == 'y' ? {names['y']!r} : {names['target']!r}")
            .mark_line(point=len(self.rows.course) <= len(present) * _MOST_POINTS)
            .encode(
                x=self._steps("step"),
                y=self._value_axis("value", self.say("value"), alt.Scale(zero=False)),
                color=self._series(
                    list(present.values()), [self.palette.output, self.palette.text][: len(present)]
                ),
                strokeDash=alt.StrokeDash(
                    "name:N",
                    scale=alt.Scale(domain=list(present.values()), range=[[1, 0], [4, 3]]),
                    legend=_SERIES_LEGEND,
                ),
                tooltip=[self._tooltip("step"), self._tooltip("name", "N"), self._tooltip("value")],
            )
            .properties(name="lines")
        )
        return self._specification(
            [self._band(), lines], self.say("Predictions and targets over the steps"), _HEIGHT
        )

    def states(self) -> Spec:
        """Plot h of every unit at every step."""
        limit = max(1.0, *(abs(row["value"]) for row in self.rows.states))
        units = sorted({row["unit"] for row in self.rows.states})
        cells = (
            alt.Chart(alt.NamedData("states"))
            .mark_rect(**_SEAMLESS)
            .encode(
                x=self._steps("step"),
                y=alt.Y(
                    "unit:O",
                    title=self.say("unit"),
                    axis=self._axis(values=_ticks(units, _MOST_TICKS)),
                ),
                color=alt.Color(
                    "value:Q",
                    scale=alt.Scale(
                        domain=[-limit, limit],
                        range=list(self.palette.ramp("signed")),
                        interpolate="rgb",
                    ),
                    legend=alt.Legend(title=plain("$h_k$", {}), tickCount=4, **_TOP_LEGEND),
                ),
                tooltip=[self._tooltip("step"), self._tooltip("unit"), self._tooltip("value")],
            )
            .properties(name="states")
        )
        return self._specification(
            [cells, self._band(opacity=0)],
            self.say("The states, unit by unit"),
            _HEIGHT,
            canvas=True,
        )

    def gates(self) -> Spec:
        """Plot the mean of each gate over the units."""
        names = list(dict.fromkeys(row["gate"] for row in self.rows.gates))
        colors = [getattr(self.palette, name) for name in ("gate", "text", "weight", "note")]
        lines = (
            alt.Chart(alt.NamedData("gates"))
            .transform_calculate(name="datum.gate")
            .mark_line(point=len(self.rows.steps) <= _MOST_POINTS)
            .encode(
                x=self._steps("step"),
                y=self._value_axis("value", self.say("mean over the units")),
                color=self._series(names, colors[: len(names)]),
                tooltip=[
                    self._tooltip("step"),
                    self._tooltip("gate", "N", title=self.say("gate")),
                    self._tooltip("value"),
                ],
            )
            .properties(name="lines")
        )
        return self._specification([self._band(), lines], self.say("The gates"), _LOW)

    def shares(self) -> Spec:
        """Plot the share of each step in the gradient of W."""
        bars = (
            alt.Chart(alt.NamedData("shares"))
            .mark_bar(color=self.palette.gradient)
            .encode(
                x=self._steps("step", paddingInner=0.1),
                y=self._value_axis("share", self.say("share of the gradient")),
                tooltip=[
                    self._tooltip("step"),
                    self._tooltip("share", title=self.say("share of the gradient")),
                ],
            )
            .properties(name="bars")
        )
        title = plain(self.say("The share of each step in $(partial L)/(partial W)$"), {})
        return self._specification([self._band(), bars], title, _LOW)

    @cached_property
    def has_zeros(self) -> bool:
        """Whether a gradient that could be nonzero is exactly zero."""
        return any(row["norm"] == 0 for row in self.rows.gradients)

    @property
    def _of_state(self) -> str:
        return explained("k", self.say("step of the state"), self.say)

    def _norm(self, *, log: bool) -> str:
        """Return the name of the norm, and of its scale if it is logarithmic."""
        name = plain(_NORM, {})
        return explained(name, self.say("logarithmic"), self.say) if log else name

    @cached_property
    def _norms(self) -> list[float]:
        """The nonzero norms in ascending order, or 1 if there are none."""
        return sorted(row["norm"] for row in self.rows.gradients if row["norm"] > 0) or [1.0]

    @cached_property
    def _color_range(self) -> tuple[float, float]:
        top = self._norms[-1]
        low = max(self._norms[0], top * 10.0**-_DECADES)
        return (low, top) if low < top else (low / 10, top)

    def _norm_axis(self, log: bool) -> Spec:
        if not log:
            return {"title": self._norm(log=False), "axis": self._axis(tickCount=5, format="~g")}
        exponents = _decades(self._norms[0], self._norms[-1])
        return {
            "title": self._norm(log=True),
            "scale": alt.Scale(
                type="log", domain=[10.0 ** exponents[0], 10.0 ** exponents[-1]], clamp=True
            ),
            "axis": self._axis(**self._powers(exponents, 7)),
        }

    def _powers(self, exponents: range, most: int) -> Spec:
        """Return ticks at powers of ten for an axis or legend, at most ``most``."""
        every = math.ceil(len(exponents) / most)
        shown = exponents[::-every]
        texts = {str(each): formula_text(f"10^({each})") for each in shown}
        return {
            "values": [10.0**each for each in shown],
            "labelExpr": f"{texts!r}['' + round(log(datum.value) / LN10)]",
        }

    def _steps(self, name: str, title: str | None = None, **scale: Any) -> alt.X:
        """Return the x axis of steps, labelled with words if there are few, else with numbers."""
        words = {row["step"]: row["word"] for row in self.rows.steps}
        shown: Spec = {
            "values": _ticks(list(words), _MOST_TICKS),
            "labelAngle": 0,
            "labelOverlap": "greedy",
        }
        if len(words) <= _MOST_WORDS and any(word != str(step) for step, word in words.items()):
            level = sum(map(len, words.values())) <= _LEVEL
            shown = {
                "labelExpr": "words[datum.value]",
                "labelAngle": 0 if level else -60,
                "labelOverlap": False,
                "labelLimit": 90,
            }
        return alt.X(
            f"{name}:O",
            title=title or self.say("step"),
            scale=alt.Scale(domain=list(words), **scale),
            axis=alt.Axis(domain=False, **shown),
        )

    def _band(self, title: str | None = None, opacity: float = 0.12) -> alt.Chart:
        """Return a vertical band at the step of the chosen loss."""
        return (
            alt.Chart(alt.NamedData("steps"))
            .transform_filter("datum.step == t")
            .mark_rect(
                fill=self.palette.text,
                fillOpacity=opacity,
                stroke=self.palette.text,
                strokeOpacity=0.5,
            )
            .encode(x=self._steps("step", title), y=alt.value(0), y2=alt.value("height"))
            .properties(name="here")
        )

    def _axis(self, **options: Any) -> alt.Axis:
        """Return a vertical axis with a horizontal title above it."""
        return alt.Axis(
            minExtent=_MARGIN,
            maxExtent=_MARGIN,
            titleAngle=0,
            titleAlign="left",
            titleBaseline="bottom",
            titleX=-_MARGIN,
            titleY=-8,
            **options,
        )

    def _value_axis(self, name: str, title: str, scale: Any = alt.Undefined) -> alt.Y:
        return alt.Y(
            f"{name}:Q", title=title, scale=scale, axis=self._axis(tickCount=5, format="~g")
        )

    def _series(self, names: list[str], colors: list[str]) -> alt.Color:
        return alt.Color(
            "name:N",
            scale=alt.Scale(domain=names, range=colors),
            legend=_SERIES_LEGEND,
        )

    def _tooltip(self, name: str, kind: str = "Q", title: str | None = None) -> alt.Tooltip:
        return alt.Tooltip(f"{name}:{kind}", title=title or self.say(name))

    def _specification(
        self, layers: list[alt.Chart], description: str, height: int, *, canvas: bool = False
    ) -> Spec:
        words = {str(row["step"]): isolated(_cut(row["word"])) for row in self.rows.steps}
        text = {"labelColor": self.palette.text, "titleColor": self.palette.text}
        scale = self.palette.type_scale
        sizes = {"labelFontSize": round(12 * scale), "titleFontSize": round(13 * scale)}
        chart = (
            alt.layer(*layers)
            .add_params(
                alt.param(name="t", value=self.rows.losses[-1]["t"]),
                alt.param(name="words", value=words),
            )
            .properties(
                width="container",
                height=height,
                description=description,
                usermeta={"embedOptions": {"renderer": "canvas" if canvas else "svg"}},
            )
            .configure(background=self.palette.ground, font="rnnviz Sans")
            .configure_axis(
                **text,
                titleFontWeight="normal",
                **sizes,
                gridColor=self.palette.note,
                gridOpacity=0.25,
                domainColor=self.palette.note,
                tickColor=self.palette.note,
            )
            .configure_legend(**text, titleFontWeight="normal", **sizes)
            .configure_view(stroke=None)
        )
        return dict(chart.to_dict())


_SEAMLESS: Final[Mapping[str, Any]] = {
    "width": alt.expr("bandwidth('x') + 0.6"),
    "height": alt.expr("bandwidth('y') + 0.6"),
}
_SERIES_LEGEND: Final = alt.Legend(title=None, orient="top", symbolType="stroke", offset=26)
_TOP_LEGEND: Final[Mapping[str, Any]] = {
    "orient": "top",
    "direction": "horizontal",
    "offset": 26,
    "gradientLength": 200,
    "gradientThickness": 10,
}


def _decades(low: float, top: float) -> range:
    """Return the exponents of the decades around a range of numbers, at least two."""
    first = max(_SMALLEST_EXPONENT, math.floor(math.log10(low)))
    return range(first, max(first + 1, math.ceil(math.log10(top))) + 1)


def _ticks(values: list[int], most: int) -> list[int]:
    """Return the values to label on an axis: all, or those nearest to round numbers."""
    every = next(
        unit * 10**power
        for power in range(9)
        for unit in (1, 2, 5)
        if len(range(0, values[-1], unit * 10**power)) <= most
    )
    if every == 1:
        return values
    rounds = range(every, values[-1] + 1, every)
    return sorted({min(values, key=lambda value: abs(value - each)) for each in rounds})


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"
