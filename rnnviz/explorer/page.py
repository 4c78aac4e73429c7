"""Build the HTML page: the network unrolled, with what can be changed and looked into."""

import html
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from rnnviz.cells.base import SIGMOID
from rnnviz.explorer.look import base_style, css_colors
from rnnviz.explorer.modules import engine_modules, import_map, modules_in
from rnnviz.explorer.network_data import network_data
from rnnviz.explorer.places import (
    MOST_STEPS,
    MOST_UNITS,
    is_choice,
    length_of,
    losses_of,
    place_of,
)
from rnnviz.explorer.starts import check_scene, openings, start_of
from rnnviz.explorer.texts import NOTICES, symbols_of, texts_in
from rnnviz.system.versions import version
from rnnviz.text.font_files import FontSource
from rnnviz.text.fonts import font_faces, load_fonts, using_fonts
from rnnviz.text.html import filled, in_script
from rnnviz.text.notation import UWV, Notation, using_notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import COLORS, DARK, LIGHT, RAMPS, Palette
from rnnviz.text.plain_text import plain, visible
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import languages, translated
from rnnviz.trace import Trace

Json = dict[str, Any]
Put = Callable[[str], str]

MOST_NUMBERS: Final = 100_000
"""How many recorded numbers a page carries, beyond those of the sequence chosen."""
MOST_WEIGHTS: Final = 100_000
"""How many weights a page carries; a larger network is shown as recorded."""
_LANGUAGES: Final = {"en": "EN", "zh": "中文"}
_SIGNS: Final = "▶0123456789⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉·×−…→↓‹›◐≈≠●▽∞‖∂λσ“”␣↵"
_MOST_NAMES: Final = 2_000
"""The most words that the page completes."""


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
    scene: str | None = None,
    compare: Trace | None = None,
) -> str:
    """Return a self-contained HTML page in which a recorded network is looked into and changed.

    ``font`` is embedded for characters that rnnviz Sans lacks; without it, the reader's fonts are
    used. ``notation`` is that of formulas: uwv, pytorch, d2l, goodfellow or a TOML file. With
    ``scene``, the name of a scene, the page opens on what that scene shows; so does a page whose
    address ends in ``#scene=NAME``. ``compare`` is another recording that is drawn beside this one,
    its first layer and direction, of the same sequence.

    Raises: ExportError for an unknown scene;
            ThemeError for an invalid theme;
            TraceError if the trace has no gradients or no such layer, direction or sequence, or if
            no loss of the sequence was backpropagated; TextError for an unknown notation
    """
    check_scene(scene)
    palette = load_theme(theme)
    spoken = tuple(dict.fromkeys((*languages(), language)))
    with using_notation(load_notation(notation)):
        content = _content(trace, (sequence, layer, direction), language, spoken, palette, scene)
        content["other"] = None if compare is None else _other(compare, sequence)
    title = content["titles"][language]
    embedded = in_script(content)
    with using_fonts(load_fonts(font or palette.fonts)):
        faces = font_faces(title + _SIGNS + embedded)
    page = files("rnnviz") / "explorer" / "page"
    return filled(
        (page / "page.html").read_text(encoding="utf-8"),
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(title),
        fonts=faces,
        colors=css_colors(palette),
        size=f"{palette.type_scale:.0%}",
        style=base_style() + (page / "style.css").read_text(encoding="utf-8"),
        heading=html.escape(title),
        modules=import_map({**engine_modules(), **modules_in(page, "page")}),
        content=embedded,
    )


def _content(
    trace: Trace,
    place: tuple[int, int, int],
    language: str,
    spoken: tuple[str, ...],
    palette: Palette,
    scene: str | None,
) -> Json:
    """Return what the scripts of the page read."""
    sequence, layer, direction = place
    chosen = place_of(trace, sequence=sequence, layer=layer, direction=direction)
    sequences, places = _places(trace, place, chosen)
    engine, why = _engine(trace, sequences)
    other = DARK if palette.scheme == "light" else LIGHT
    labels = trace.metadata.step_labels
    lengths = [length_of(trace, each) for each in sequences]
    words = [
        [visible(labels[each][k]) if labels else str(k + 1) for k in range(length)]
        for each, length in zip(sequences, lengths, strict=True)
    ]

    def by_language(text: Callable[[Put], Any]) -> Json:
        return {each: text(lambda one, each=each: translated(one, each)) for each in spoken}  # type: ignore[misc]

    reasons = by_language(lambda put: put(NOTICES.get(why[0], why[0])).format(**why[1]))
    return {
        "language": language,
        "languages": {each: _LANGUAGES.get(each, each) for each in spoken},
        "texts": {each: texts_in(each) for each in spoken},
        "symbols": symbols_of(trace),
        "titles": by_language(lambda put: put(NOTICES["title"]).format(identity=trace.identity)),
        "notices": by_language(
            lambda put: _notices(trace, chosen, len(sequences), sequence, direction, put)
        ),
        "identity": trace.identity,
        "network": _network(trace),
        "palettes": [_palette(palette), _palette(other)],
        "worded": bool(labels),
        "words": words,
        "outputs": [visible(each) for each in trace.metadata.output_labels] or None,
        "inputs": [visible(each) for each in trace.metadata.input_labels] or None,
        "vocabulary": _vocabulary(trace, sequences, words),
        "of_choice": is_choice(trace),
        "probable": trace.y is None or bool(np.all((trace.y >= 0) & (trace.y <= 1))),
        "output_size": 0 if trace.y is None else trace.output_size,
        "sigmoid": _sigmoid(trace),
        "nonlinearity": trace.metadata.nonlinearity,
        "batch": trace.batch,
        "layers": trace.layers,
        "directions": trace.directions,
        "sequences": sequences,
        "places": places,
        "most_steps": MOST_STEPS,
        "engine": engine,
        "why": reasons,
        "start": start_of(chosen),
        "scene": scene,
        "openings": openings(trace.cell.has_forget_gate),
    }


def _other(trace: Trace, sequence: int) -> Json:
    """Return what is drawn of the recording beside the one of the page."""
    labels, length = trace.metadata.step_labels, length_of(trace, sequence)
    return {
        "place": place_of(trace, sequence=sequence),
        "network": _network(trace),
        "words": [visible(labels[sequence][k]) if labels else str(k + 1) for k in range(length)],
    }


def _places(
    trace: Trace, place: tuple[int, int, int], chosen: Json
) -> tuple[list[int], list[Json]]:
    """Return the sequences that the page carries, and all their layers and directions.

    They are the one chosen and, as far as there is room, the others that have a loss.
    """
    first = place[0]
    size = _size(chosen) * trace.layers * trace.directions
    order = [first, *(each for each in range(trace.batch) if each != first)]
    count = 1 + min(MOST_NUMBERS // max(1, size), trace.batch - 1)
    sequences = sorted([each for each in order if each == first or losses_of(trace, each)][:count])
    places = []
    for sequence in sequences:
        for layer in range(trace.layers):
            for direction in range(trace.directions):
                here = (sequence, layer, direction)
                made = (
                    chosen
                    if here == place
                    else place_of(trace, sequence=sequence, layer=layer, direction=direction)
                )
                places.append(made)
    return sequences, places


def _size(place: Json) -> int:
    """Return how many numbers a place has."""
    return sum(int(np.prod(value["shape"])) for value in place.values() if isinstance(value, dict))


def _engine(trace: Trace, sequences: list[int]) -> tuple[Json | None, tuple[str, Json]]:
    """Return what the engine runs, or None, and why not: a text and what is filled in."""
    weights = sum(array.size for array in trace.parameters.values())
    if any(length_of(trace, each) > MOST_STEPS for each in sequences):
        return None, ("long", {"most": MOST_STEPS})
    if weights > MOST_WEIGHTS:
        return None, ("large", {"count": weights, "most": MOST_WEIGHTS})
    found = network_data(trace, sequences=sequences, most=MOST_NUMBERS)
    live = found["live"] and not found["why"]
    return (found if live else None), (found["why"], {})


def _network(trace: Trace) -> str:
    """Return the network in one line: RNN 12 → 8 → 6, tanh."""
    layers = f"{trace.layers} × {trace.hidden_size}" if trace.layers > 1 else trace.hidden_size
    sizes = [str(trace.input_size), str(layers)]
    if trace.y is not None:
        sizes.append(str(trace.output_size))
    settings = "".join(f", {value}" for value in trace.cell.settings.values())
    return f"{trace.cell.title} {' → '.join(sizes)}{settings}"


def _palette(palette: Palette) -> Json:
    colors = {name: getattr(palette, name) for name in COLORS}
    ramps = {name: list(palette.ramp(name)) for name in RAMPS}
    return {
        **colors,
        "name": palette.name,
        "scheme": palette.scheme,
        "colors": colors,
        "ramps": ramps,
    }


def _sigmoid(trace: Trace) -> list[str]:
    """Return the gates that lie between 0 and 1."""
    if trace.is_custom:
        return [
            name
            for name, values in (trace.named_gates or {}).items()
            if not np.iscomplexobj(values) and values.min() >= 0 and values.max() <= 1
        ]
    pairs = zip(trace.cell.gates, trace.cell.activations, strict=True)
    return [name for name, activation in pairs if activation == SIGMOID]


def _vocabulary(trace: Trace, sequences: list[int], words: list[list[str]]) -> list[Json] | None:
    """Return the words that can be typed, each with its x, or None if the inputs are no words.

    They are the entries of one-hot inputs; of other inputs, such as embedded ones, the words of the
    recording, if each has one x and some come back.
    """
    x = [trace.x[: len(each), sequence] for sequence, each in zip(sequences, words, strict=True)]
    if trace.input_size > _MOST_NAMES or not trace.metadata.step_labels:
        return None
    every = np.concatenate(x)
    is_one_hot = np.all((every == 0) | (every == 1)) and np.all(every.sum(axis=1) == 1)
    if is_one_hot and trace.input_size > 1 and trace.metadata.input_labels:
        eye = np.eye(trace.input_size)
        return [
            {"word": visible(label), "x": eye[index].tolist()}
            for index, label in enumerate(trace.metadata.input_labels)
        ]
    known: dict[str, np.ndarray] = {}
    for word, values in zip([word for each in words for word in each], every, strict=True):
        if not np.array_equal(known.setdefault(word, values), values):
            return None
    if len(known) == len(every) and trace.input_size < 4:
        return None
    return [{"word": word, "x": values.tolist()} for word, values in sorted(known.items())]


def _notices(
    trace: Trace, place: Json, carried: int, sequence: int, direction: int, put: Put
) -> list[str]:
    """Return what the page must say of what it leaves out."""
    found = []
    count, losses = length_of(trace, sequence), losses_of(trace, sequence, direction)
    if len(place["steps"]) < count:
        facts = {"shown": len(place["steps"]), "count": count}
        facts |= {"losses": len(place["times"]), "all": len(losses)}
        found.append(put(NOTICES["thinned"]).format(**facts))
    elif len(losses) == 1 and len(trace.loss_times if trace.loss_times is not None else ()) == 1:
        found.append(put(NOTICES["only"]).format(step=place["times"][0] + 1))
    if trace.hidden_size > MOST_UNITS:
        found.append(put(NOTICES["units"]).format(shown=MOST_UNITS, count=trace.hidden_size))
    if carried < trace.batch:
        found.append(put(NOTICES["sequences"]).format(shown=carried, count=trace.batch))
    if place["shares"] is None:
        found.append(plain(put(NOTICES["no_shares"]), {}))
    return found
