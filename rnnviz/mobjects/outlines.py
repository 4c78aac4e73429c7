"""Straight-edged outlines as the points of Manim's mobjects, many at a time."""

import numpy as np


def closed(corners: np.ndarray) -> np.ndarray:
    """Return the points (…, 4 n, 3) of closed polygons with corners (…, n, 2 or 3)."""
    return _edges(corners, np.roll(corners, -1, axis=-2))


def lines(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the points (4 n, 3) of separate lines between starts and ends (n, 2 or 3)."""
    return _edges(starts, ends)


def _edges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    shares = np.array([0.0, 1 / 3, 2 / 3, 1.0])[:, None]
    edges = (1 - shares) * starts[..., None, :] + shares * ends[..., None, :]
    edges[..., 3, :] = ends
    *many, count, four, axes = edges.shape
    points = np.zeros((*many, count * four, 3))
    points[..., :axes] = edges.reshape(*many, count * four, axes)
    return points
