"""Build the HTML page: linked charts, and the steps as words with which to choose a loss."""

import html
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rnnviz.errors import ExportError
from rnnviz.explorer.rows import (
    MOST_CANDIDATES,
    MOST_UNITS,
    Row,
    Rows,
    length_of,
    losses_of,
    rows_of,
)
from rnnviz.system.memory import free_addresses
from rnnviz.system.versions import version
from rnnviz.text.font_files import FontSource
from rnnviz.text.fonts import font_faces, load_fonts, using_fonts
from rnnviz.text.html import filled, in_script
from rnnviz.text.notation import UWV, Notation, using_notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import Palette
from rnnviz.text.plain_text import isolated, plain
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import N_, translated
from rnnviz.trace import CLASSES, Trace

if TYPE_CHECKING:
    from rnnviz.explorer.charts import Charts

Say = Callable[[str], str]

_ADDRESSES: Final = 72_000_000_000
"""Bytes that the JavaScript engine of vl_convert reserves; if it cannot, it aborts."""

_TITLE: Final = N_("Look into a recording: trace {identity}")
_NETWORK: Final = N_("{cell} with {units} units.")
_LAYER: Final = N_("Layer {number} of {count}.")
_DIRECTION: Final = N_("Direction {number} of {count}.")
_SEQUENCE: Final = N_("Sequence {number} of {count}.")
_HELP: Final = N_(
    "Point at a step to see its loss go back through the steps; click, or use the arrow keys, to "
    "stay there."
)
_ONLY: Final = N_("The only loss that was followed back is that of step {step}.")
_LOSS: Final = N_("Loss at step {step}: {loss}")
_LOSS_AT_WORD: Final = N_("Loss at step {step}, “{word}”: {loss}")
_THINNED: Final = N_("{shown} of {count} steps are shown, and {losses} of {all} losses.")
_FEWER_UNITS: Final = N_("{shown} of {count} units are shown.")
_FEWER_CANDIDATES: Final = N_("The {shown} greatest of {count}, and the right one in full colour.")
_RIGHT: Final = N_("The right one in full colour.")
_ONE_ENTRY: Final = N_("Entry 1 of {count}.")
_ZEROS: Final = N_("▽ exactly 0, which has no place on a logarithmic axis.")
_DECADES: Final = N_("At most eight decades: what is smaller has the colour of the least.")
_SUMMED: Final = N_("Over all losses and all sequences of the recording.")

_NO_SHARES: Final = N_(
    "All terms of $(partial L)/(partial W)$ are zero, so no step has a share in it."
)


def explore(
    trace: Trace,
    *,
    language: str = "en",
    theme: str | Path | Palette = "light",
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    font: FontSource | Iterable[FontSource] | None = None,
    notation: Notation | str | Path = UWV,
) -> str:
    """Return a self-contained HTML page for exploring a trace.

    ``font`` is embedded for characters that rnnviz Sans lacks; without it, the reader's fonts are
    used. ``notation`` is that of formulas: uwv, pytorch, d2l, goodfellow or a TOML file.

    Raises: ExportError if altair is not installed, or for an unknown language;
            ThemeError for an invalid theme;
            TraceError if the trace has no gradients or no such layer, direction or sequence, or if
            no loss of the sequence was backpropagated; TextError for an unknown notation
    """
    try:
        import vl_convert  # noqa: F401  # draws the charts

        from rnnviz.explorer.charts import Charts
    except ImportError as error:
        raise ExportError(
            "'explore' needs altair; install it with: pip install 'rnnviz[explore]'"
        ) from error
    addresses = free_addresses()
    if addresses is not None and addresses < _ADDRESSES:
        raise ExportError(
            f"'explore' reserves {_ADDRESSES / 1e9:g} GB of virtual memory (and uses little of "
            f"it), but a limit leaves {addresses / 1e9:.3g} GB; lift it with: ulimit -v unlimited"
        )

    def say(text: str) -> str:
        return translated(text, language)

    palette = load_theme(theme)
    title = say(_TITLE).format(identity=trace.identity)
    with using_notation(load_notation(notation)):
        rows = rows_of(trace, sequence=sequence, layer=layer, direction=direction)
        content = in_script(
            {
                "theme": palette.scheme,
                "words": _words(trace, rows, say),
                "charts": _charts(trace, rows, Charts(rows, palette, say), say),
                "data": _columns(rows),
            }
        )
        introduction = " ".join(_introduction(trace, rows, say, sequence, layer, direction))
    texts = {
        "heading": title,
        "introduction": introduction,
        "choice": say("step of the loss"),
        "logarithmic": say("logarithmic"),
    }
    with using_fonts(load_fonts(font or palette.fonts)):
        faces = font_faces("".join(texts.values()) + content)
    template = (files("rnnviz") / "explorer" / "page.html").read_text(encoding="utf-8")
    return filled(
        template,
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(title),
        fonts=faces,
        scheme=palette.scheme,
        ground=palette.ground,
        surface=palette.surface,
        ink=palette.text,
        note=palette.note,
        accent=palette.text,
        type_scale=f"{palette.type_scale:.0%}",
        scripts=javascript(),
        content=content,
        **{name: html.escape(text) for name, text in texts.items()},
    )


def javascript() -> str:
    """Return the JavaScript that draws the charts, of Vega and what it needs."""
    import vl_convert

    return vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub has no default


def _introduction(
    trace: Trace, rows: Rows, say: Say, sequence: int, layer: int, direction: int
) -> list[str]:
    """Return the sentences above the charts."""
    sentences = [
        say(_NETWORK).format(cell=trace.cell.title, units=str(trace.hidden_size)),
        *(
            say(text).format(number=str(index + 1), count=str(of))
            for text, index, of in (
                (_LAYER, layer, trace.layers),
                (_DIRECTION, direction, trace.directions),
                (_SEQUENCE, sequence, trace.batch),
            )
            if of > 1
        ),
        say(_HELP) if len(rows.losses) > 1 else say(_ONLY).format(step=str(rows.losses[0]["t"])),
    ]
    count, losses = length_of(trace, sequence), losses_of(trace, sequence, direction)
    if len(rows.steps) < count:
        sentences.append(
            say(_THINNED).format(
                shown=str(len(rows.steps)),
                count=str(count),
                losses=str(len(rows.losses)),
                all=str(len(losses)),
            )
        )
    if not rows.shares:
        sentences.append(plain(say(_NO_SHARES), {}))
    return sentences


def _words(trace: Trace, rows: Rows, say: Say) -> list[Row]:
    """Return the steps as words; those with a loss have a label for it."""
    losses = {row["t"]: row["loss"] for row in rows.losses}
    template = say(_LOSS_AT_WORD if trace.metadata.step_labels else _LOSS)
    return [
        {
            "step": row["step"],
            "word": row["word"],
            "label": template.format(
                step=str(row["step"]),
                word=isolated(row["word"]),
                loss=f"{losses[row['step']]:z.3g}",
            )
            if row["step"] in losses
            else None,
        }
        for row in rows.steps
    ]


def _charts(trace: Trace, rows: Rows, charts: "Charts", say: Say) -> list[Row]:
    """Return the charts that have data, in page order, each with a note.

    A table of a single loss is left out, since it would repeat the curve.
    """

    def scaled(name: str, draw: Callable[..., Any], note: str) -> Row:
        return {
            "name": name,
            "linear": {"note": "", "spec": draw(log=False)},
            "log": {"note": note, "spec": draw(log=True)},
        }

    def fixed(name: str, draw: Callable[[], Any], note: str = "") -> list[Row]:
        if not getattr(rows, name):
            return []
        return [{"name": name, "linear": {"note": note, "spec": draw()}}]

    return [
        scaled("curve", charts.curve, say(_ZEROS) if charts.has_zeros else ""),
        *fixed("candidates", charts.candidates, _note_on_candidates(trace, say)),
        *fixed("course", charts.course, _note_on_course(trace, say)),
        *([scaled("table", charts.table, say(_DECADES))] if len(rows.losses) > 1 else []),
        *fixed("states", charts.states, _note_on_states(trace, say)),
        *fixed("shares", charts.shares, say(_SUMMED)),
        *fixed("gates", charts.gates),
    ]


def _note_on_candidates(trace: Trace, say: Say) -> str:
    if trace.metadata.loss not in CLASSES or trace.y is None:
        return ""
    if trace.output_size <= MOST_CANDIDATES:
        return say(_RIGHT)
    return say(_FEWER_CANDIDATES).format(shown=str(MOST_CANDIDATES), count=str(trace.output_size))


def _note_on_course(trace: Trace, say: Say) -> str:
    if trace.y is None or trace.output_size == 1:
        return ""
    return say(_ONE_ENTRY).format(count=str(trace.output_size))


def _note_on_states(trace: Trace, say: Say) -> str:
    if trace.hidden_size <= MOST_UNITS:
        return ""
    return say(_FEWER_UNITS).format(shown=str(MOST_UNITS), count=str(trace.hidden_size))


def _columns(rows: Rows) -> dict[str, dict[str, list[Any]]]:
    """Return the rows as columns, which are smaller."""
    return {
        name: {key: [row[key] for row in table] for key in table[0]}
        for name, table in vars(rows).items()
        if table
    }
