"""The exceptions of rnnviz: each message is one line with fact, expectation and remedy."""


class RnnvizError(Exception):
    """An error that the user can correct."""


class TraceError(RnnvizError):
    """A trace that is damaged or inconsistent, or lacks what is needed."""


class TaskError(RnnvizError):
    """Data or options from which no task can be made."""


class TrainingError(RnnvizError):
    """Training that failed."""


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
    """Text that the fonts in use cannot show, or a font that cannot be used."""


class FigureError(RnnvizError):
    """A figure that cannot be drawn or written."""


class ExportError(RnnvizError):
    """A video that cannot be exported."""
