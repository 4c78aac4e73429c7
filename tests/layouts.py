"""Check the layout of a screen: everything inside, no overlaps, and text large enough."""

import itertools

from rnnviz.mobjects import layout

PIXELS_PER_UNIT = 480 / 8
LEAST_PIXELS = 9
CAPITAL, FIGURE, SCRIPT = 0.68, 0.64, 0.7


def check_layout(screens):
    """Check the layouts returned by ``layout_of``, one per beat."""
    for beat, screen in screens.items():
        assert screen.texts, beat
        for (left, bottom, right, top), what in screen.boxes:
            inside = (
                left >= layout.LEFT_EDGE - 0.01
                and right <= layout.RIGHT_EDGE + 0.01
                and bottom >= layout.BOTTOM_EDGE - 0.01
                and top <= layout.TOP_EDGE + 0.01
            )
            assert inside, (beat, what, (left, bottom, right, top))
        for text in screen.texts:
            ratio = SCRIPT * FIGURE if text.small else CAPITAL
            assert text.em * ratio * PIXELS_PER_UNIT >= LEAST_PIXELS, (beat, text)
        for a, b in itertools.combinations(screen.texts, 2):
            assert overlap(a.box, b.box) < 0.01, (beat, a.text, b.text)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Return the overlap of two boxes, negative if they are apart."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    up = min(a[3], b[3]) - max(a[1], b[1])
    return min(across, up)
