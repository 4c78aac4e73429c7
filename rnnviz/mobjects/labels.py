"""Labels and formulas in rows and columns."""

from collections.abc import Iterable, Sequence

from manim import RIGHT, ManimColor, VGroup

from rnnviz.mobjects.text import BODY, Ink, fitted_label, formula, label


class LabelRow(VGroup):
    """Labels side by side on one baseline, each centred on its x and at most ``width`` wide."""

    def __init__(
        self,
        texts: Iterable[str],
        xs: Iterable[float],
        y: float,
        *,
        color: ManimColor,
        size: float = BODY,
        width: float | None = None,
    ):
        super().__init__(
            *[
                _label(text, color, size, width).move_to([x, 0.0, 0.0]).set_on(y)
                for text, x in zip(texts, xs, strict=True)
            ]
        )


class LabelColumn(VGroup):
    """Labels below each other on their baselines, aligned at x, and at most ``width`` wide.

    ``color`` is one for all or one for each.
    """

    def __init__(
        self,
        texts: Sequence[str],
        x: float,
        ys: Iterable[float],
        *,
        color: ManimColor | Sequence[ManimColor],
        size: float = BODY,
        width: float | None = None,
        edge: object = RIGHT,
    ):
        colors = [color] * len(texts) if isinstance(color, ManimColor) else color
        super().__init__(
            *[
                _label(text, ink, size, width).move_to([x, 0.0, 0.0], aligned_edge=edge).set_on(y)
                for text, y, ink in zip(texts, ys, colors, strict=True)
            ]
        )


class FormulaRow(VGroup):
    """Formulas side by side, each with its middle at its x and at y."""

    def __init__(
        self,
        sources: Iterable[str],
        xs: Iterable[float],
        y: float,
        *,
        color: ManimColor,
        size: float,
    ):
        super().__init__(
            *[
                formula(source, color=color, size=size).move_to([x, y, 0.0])
                for source, x in zip(sources, xs, strict=True)
            ]
        )


def _label(text: str, color: ManimColor, size: float, width: float | None) -> Ink:
    if width is None:
        return label(text, color=color, size=size)
    return fitted_label(text, color=color, size=size, width=width)
