"""Live pages beside a lecture: one for each network, which links open on what scenes show."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rnnviz.errors import TraceError
from rnnviz.explorer import explore
from rnnviz.explorer.starts import recording_for, scenes
from rnnviz.exports.naming import distinct

if TYPE_CHECKING:
    from rnnviz.trace import Trace

Recording = Callable[[str, Mapping[str, Any]], "Trace"]
"""Return the recording of a task, trained with some settings, or the one that was given."""
_NAME: Final = "live"


class LivePages:
    """The live pages of the networks that scenes show, and a link to one for each video.

    ``look`` holds the language, theme, font and notation, as ``rnnviz.explore`` takes them.
    ``warn`` is called with a message for each recording that cannot be explored.
    """

    def __init__(self, recording: Recording, warn: Callable[[str], None], **look: Any) -> None:
        self.files: dict[str, str] = {}
        self.links: list[str | None] = []
        self._recording = recording
        self._warn = warn
        self._look = look
        self._by_trace: dict[str, str | None] = {}

    def add(self, scene: str | None) -> None:
        """Add the next video: of a scene, or None if it has no live page."""
        page = self._page(scene) if scene in scenes() else None
        self.links.append(page and f"{page}#scene={scene}")

    def _page(self, scene: str | None) -> str | None:
        """Return the file of the page for a scene, or None if its recording cannot be explored."""
        trace = self._recording(*recording_for(scene))
        if trace.identity not in self._by_trace:
            self._by_trace[trace.identity] = self._written(trace)
        return self._by_trace[trace.identity]

    def _written(self, trace: "Trace") -> str | None:
        try:
            page = explore(trace, **self._look)
        except TraceError as error:
            self._warn(f"there is no live page: {error}")
            return None
        *_, stem = distinct([_NAME] * (len(self.files) + 1))
        self.files[f"{stem}.html"] = page
        return f"{stem}.html"
