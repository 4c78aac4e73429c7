"""The unrolled network in space, with time, units and layers as axes."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from manim import FadeIn, FadeOut, Indicate, LaggedStart, VGroup
from rnnviz.scenes.space.sheets import Sheets
from rnnviz.scenes.space.space_axes import SpaceAxes

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.projection import Projection
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
FROM_ABOVE = Projection(azimuth=0, elevation=90, zoom=1.1, place=(0.0, 0.65))
OVERVIEW = Projection(azimuth=-18, elevation=25, zoom=0.87, place=(0.2, 0.93))
CLOSE = Projection(azimuth=-30, elevation=32, zoom=1.2, place=(0.0, 0.6))


class Space(Storyboard):
    """Sheets of recorded values, the connections between them, and one cell up close."""

    name = "space"
    title = N_("The network in three dimensions")
    summary = N_("Time, layer and unit as three axes, with every recorded value as a cell.")
    task = "sentence"
    needs = ("plain-rnn",)

    def setup(self) -> None:
        self.window = Window.last(self.trace, MOST_STEPS)
        states = self.trace.h[0, 0, self.window.indices, 0, :MOST_CELLS]
        self.step = 1 + int(np.abs(np.diff(states, axis=0)).sum(axis=1).argmax())
        preact = self.trace.preact[0, 0, self.window.indices, 0, 0, :MOST_CELLS]
        self.unit = int(np.abs(np.abs(preact[self.step]) - 1.0).argmin())

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_CELLS, self.say))

    def facts(self) -> Mapping[str, str]:
        trace, t = self.trace, self.window.steps[self.step] - 1
        from_input = trace.U[self.unit] @ trace.x[t, 0]
        from_state = trace.W[self.unit] @ trace.h[0, 0, t - 1, 0]
        return {
            "units": str(trace.hidden_size),
            "step": str(t + 1),
            "unit": str(self.unit + 1),
            "from_input": number(float(from_input)),
            "from_state": number(float(from_state)),
            "bias": number(float(trace.b[self.unit])),
            "state": number(float(trace.h[0, 0, t, 0, self.unit])),
        }

    @beat("Each state is a column of {units} numbers. Side by side, in time, they make a sheet.")
    def one_sheet(self) -> None:
        self.sheets = Sheets(self.trace, self.window, self.theme, FROM_ABOVE)
        self.scale = self.color_scale(self.sheets.limit)
        self.play(FadeIn(self.sheets.hidden_name), FadeIn(self.scale))
        self.play(self.sheets.fill_sheet(self.sheets.hidden))

    @beat(
        "Seen from the side, there are three axes: time runs to the right, "
        "units run back, and layers go up."
    )
    def three_axes(self) -> None:
        names = self.say("time,unit,layer").split(",")
        self.play(self.sheets.fly(OVERVIEW, self.sheets.hidden, self.sheets.hidden_name))
        self.axes = SpaceAxes(names, self.sheets, self.theme)
        self.play(FadeOut(self.sheets.hidden_name), self.axes.appear())

    @beat("Below lie the inputs, one column for each {item}. Above lie the outputs.")
    def three_layers(self) -> None:
        sheets = self.sheets
        self.play(FadeOut(self.axes))
        names = (sheets.hidden_name, sheets.input_name, sheets.words)
        self.play(sheets.fill_sheet(sheets.input), FadeIn(*names))
        self.play(sheets.fill_sheet(sheets.output), FadeIn(sheets.output_name))

    @beat(
        "$U$ carries the input up, $W$ carries the last state over, "
        "$V$ carries the new state on to the output."
    )
    def connections(self) -> None:
        self.lines = VGroup()
        for lines in (
            self.sheets.into_hidden(self.step),
            self.sheets.over_time(self.step),
            self.sheets.out_of_hidden(self.step),
        ):
            self.play(self.sheets.grow_lines(lines, run_time=1.8))
            self.lines.add(lines)

    @beat(
        "Unit {unit} at step {step}: {from_input} from the input, {from_state} from the state "
        "before, and its bias {bias}. The tanh of their sum is {state}."
    )
    def one_unit(self) -> None:
        view = replace(CLOSE, target=self.sheets.middle_of(self.step))
        self.arriving = self.sheets.into_unit(self.step, self.unit)
        self.play(FadeOut(self.lines, self.sheets.beside(self.step)), FadeIn(self.arriving))
        self.play(self.sheets.fly(view, self.sheets.around(self.step), self.arriving))
        self.names = self.sheets.column_names(self.step)
        tile = self.sheets.hidden.tile(self.step, self.unit)
        self.play(FadeIn(self.names), Indicate(tile, scale_factor=1.4, color=tile.get_fill_color()))

    @beat("The same $U$, $W$ and $V$ do this at every step, from left to right.")
    def all_steps(self) -> None:
        self.play(FadeOut(self.arriving, self.names))
        self.play(self.sheets.fly(OVERVIEW, self.sheets.around(self.step), run_time=2.5))
        self.play(FadeIn(self.sheets.beside(self.step)))
        self.play(LaggedStart(*self.sheets.pass_steps(), lag_ratio=0.6, run_time=6.0))
