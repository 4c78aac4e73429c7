"""What rnnviz raises: one family, each message one line with fact, expectation and remedy."""


class RnnvizError(Exception):
    """Something that the user can mend."""


class TraceError(RnnvizError):
    """A trace that is damaged, inconsistent, or lacks what was asked of it."""


class CellError(RnnvizError):
    """A recurrent cell that does not exist, or not with these settings."""


class TaskError(RnnvizError):
    """Data or options that do not make a task."""


class TrainingError(RnnvizError):
    """Training that did not work."""


class RecordingError(RnnvizError):
    """A network that cannot be recorded exactly."""


class SceneError(RnnvizError):
    """A scene that does not exist, or that cannot be played from this trace."""


class RenderError(RnnvizError):
    """A video or still that cannot be made or written."""


class SweepError(RnnvizError):
    """Networks that cannot be trained together, or a file that does not hold them."""


class ClusterError(RnnvizError):
    """WorkerPool on other machines that cannot be reached."""


class TextError(RnnvizError):
    """Text that the shipped fonts cannot show."""


class FigureError(RnnvizError):
    """A figure cannot be drawn or written as asked."""


class ExportError(RnnvizError):
    """A video that cannot be exported as asked."""
