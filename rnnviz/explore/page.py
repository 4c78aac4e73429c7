"""The page: Vega-Altair charts that follow one another, with everything they need inside."""

import html
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from rnnviz.embedding import data_uri, filled, in_script
from rnnviz.errors import ExportError
from rnnviz.explore.rows import Rows, rows_of
from rnnviz.lettering import font_for
from rnnviz.palette import PALETTES, Palette
from rnnviz.trace import Trace
from rnnviz.translation import N_, translated

_WIDTH = 620
_WIDEST = 70
_TITLE = N_("Look into a recording: trace {identity}")
_HELP = N_("Point at a word, or click on it, to choose the loss whose gradient is followed back.")
_THINNED = N_("{shown} of {count} steps are shown, evenly spaced.")


def explore(
    trace: Trace,
    *,
    language: str = "en",
    theme: str = "light",
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
) -> str:
    """One HTML page that needs no network.

    Raises: ExportError if altair is not installed, or a theme or language that there is not;
            TraceError if the trace has no gradients, no such layer, direction or sequence
    """
    try:
        import altair
        import vl_convert
    except ImportError as error:
        raise ExportError(
            "exploring needs altair; install it with: pip install 'rnnviz[explore]'"
        ) from error
    if theme not in PALETTES:
        raise ExportError(f"there is no theme {theme!r}; choose {', '.join(PALETTES)}")

    def say(text: str) -> str:
        return translated(text, language)

    palette = PALETTES[theme]
    rows = rows_of(trace, sequence=sequence, layer=layer, direction=direction)
    chart = _charts(altair, rows, palette, say)
    title = say(_TITLE).format(identity=trace.identity)
    told = [say(_HELP)]
    if len(rows.kept) < rows.of:
        told.append(say(_THINNED).format(shown=str(len(rows.kept)), count=str(rows.of)))
    spec = in_script(chart.to_dict())
    template = (files("rnnviz") / "explore" / "page.html").read_text(encoding="utf-8")
    return filled(
        template,
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(title),
        font=data_uri(font_for(title + " ".join(told) + spec), "font/woff"),
        ground=palette.ground,
        ink=palette.text,
        scripts=vl_convert.javascript_bundle(),  # type: ignore[call-arg]  # its stub has no default
        heading=html.escape(title),
        told=html.escape(" ".join(told)),
        spec=spec,
    )


def _charts(alt: Any, rows: Rows, palette: Palette, say: Callable[[str], str]) -> Any:
    losses = [row["step"] for row in rows.words if row["loss"]]
    chosen = alt.selection_point(
        name="loss",
        fields=["t"],
        on="pointerover",
        nearest=False,
        value=[{"t": losses[-1]}] if losses else [],
        empty=False,
    )
    steps = alt.X("k:O", title=say("step"), axis=alt.Axis(labelAngle=0))
    size = {"width": _WIDTH}
    level = sum(len(row["word"]) for row in rows.words) <= _WIDEST
    align = "center" if level else "left"
    words = (
        alt.Chart(alt.Data(values=[{**row, "t": row["step"]} for row in rows.words]))
        .mark_text(fontSize=14, cursor="pointer", angle=0 if level else 315, align=align)
        .encode(
            x=alt.X("step:O", axis=None),
            text="word:N",
            color=alt.condition(
                chosen, alt.value(palette.gradient), alt.value(palette.input), empty=False
            ),
            opacity=alt.condition("datum.loss", alt.value(1.0), alt.value(0.55)),
            tooltip=["step:O", "word:N"],
        )
        .add_params(chosen)
        .properties(height=30 if level else 70, **size)
    )
    gradients = alt.Data(values=rows.gradients)
    log = alt.param(
        name="log", value=False, bind=alt.binding_checkbox(name=say("logarithmic") + " ")
    )
    following = (
        alt.Chart(gradients)
        .transform_filter(chosen)
        .transform_calculate(shown="log ? log(datum.norm) / LN10 : datum.norm")
        .mark_line(color=palette.gradient, point=alt.OverlayMarkDef(color=palette.gradient))
        .encode(
            x=steps,
            y=alt.Y("shown:Q", title=say("‖∂Lₜ/∂hₖ‖, or its logarithm")),
            tooltip=["t:O", "k:O", "norm:Q"],
        )
        .properties(height=200, **size)
    )
    table = (
        alt.Chart(gradients)
        .mark_rect(cursor="pointer")
        .encode(
            x=steps,
            y=alt.Y("t:O", title="t"),
            color=alt.Color(
                "norm:Q",
                scale=alt.Scale(type="log", range=list(palette.magnitude_stops)),
                title="‖∂Lₜ/∂hₖ‖",
            ),
            stroke=alt.condition(chosen, alt.value(palette.text), alt.value(None), empty=False),
            tooltip=["t:O", "k:O", "word:N", "norm:Q"],
        )
        .properties(height=220, **size)
    )
    states = (
        alt.Chart(alt.Data(values=rows.states))
        .mark_rect()
        .encode(
            x=alt.X("step:O", title=say("step"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("unit:O", title=say("unit")),
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(domain=[-1, 1], range=list(palette.signed_stops)),
                title="hₜ",
            ),
            tooltip=["step:O", "unit:O", "value:Q"],
        )
        .properties(height=220, **size)
    )
    gates = (
        alt.Chart(alt.Data(values=rows.gates))
        .mark_line(point=True)
        .encode(
            x=alt.X("step:O", title=say("step"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("value:Q", title=say("mean over the units")),
            color=alt.Color("gate:N", title=say("gate")),
            tooltip=["step:O", "gate:N", "value:Q"],
        )
        .properties(height=170, **size)
    )
    outputs = (
        alt.Chart(alt.Data(values=[{**row, "t": row["step"]} for row in rows.outputs]))
        .transform_filter(chosen)
        .mark_bar(color=palette.output)
        .encode(
            x=alt.X("value:Q", title="yₜ"),
            y=alt.Y("name:N", sort=alt.SortField("rank"), title=None),
            tooltip=["name:N", "value:Q"],
        )
        .properties(height=170, **size)
    )
    shares = (
        alt.Chart(alt.Data(values=rows.shares))
        .mark_bar(color=palette.weight)
        .encode(
            x=alt.X("step:O", title=say("step"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title=say("share of the gradient")),
            tooltip=["step:O", "share:Q"],
        )
        .properties(height=170, **size)
    )
    left = alt.vconcat(words, following, table)
    right = alt.vconcat(outputs, states, gates, shares)
    return (
        alt.hconcat(left, right)
        .resolve_scale(color="independent")
        .add_params(log)
        .configure(background=palette.ground, font="rnnviz Sans")
        .configure_axis(
            labelColor=palette.text,
            titleColor=palette.text,
            gridColor=palette.note,
            gridOpacity=0.25,
        )
        .configure_legend(labelColor=palette.text, titleColor=palette.text)
        .configure_view(stroke=None)
    )
