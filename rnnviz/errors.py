"""The exceptions of rnnviz: each message is one line with fact, expectation and remedy."""

from typing import Any


class RnnvizError(Exception):
    """An error that the user can correct."""


class TraceError(RnnvizError):
    """A trace that is damaged or inconsistent, or lacks what is needed."""


class CellError(RnnvizError):
    """A recurrent cell that does not exist, or not with these settings."""


class TaskError(RnnvizError):
    """Data or options from which no task can be made."""


class TrainingError(RnnvizError):
    """Training that failed."""


class DivergenceError(TrainingError):
    """Training whose loss or weights became infinite or NaN in an ``epoch``, counted from 1.

    ``trained`` is the network as it was after the last finite epoch, with the history until then,
    like the result of ``rnnviz.train``. An error that was sent from another process lacks both.
    """

    def __init__(self, message: str, epoch: int | None = None, trained: Any = None) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.trained = trained

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


class RecordingError(RnnvizError):
    """A network that cannot be recorded exactly."""


class SceneError(RnnvizError):
    """A scene that does not exist, or cannot be played from a trace."""


class RenderError(RnnvizError):
    """A video or still that cannot be rendered or written."""


class SweepError(RnnvizError):
    """A sweep whose settings are invalid, or whose file cannot be used."""


class ClusterError(RnnvizError):
    """Workers on other machines that cannot be reached."""


class TextError(RnnvizError):
    """Text that the fonts in use cannot show, or a font or notation that cannot be used."""


class ThemeError(RnnvizError):
    """A theme that does not exist, or whose file cannot be used."""


class FigureError(RnnvizError):
    """A figure that cannot be drawn or written."""


class ExportError(RnnvizError):
    """A video that cannot be exported."""
