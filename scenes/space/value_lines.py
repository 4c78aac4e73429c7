"""Lines along which values run from one column to the next."""

import numpy as np

from rnnviz.mobjects.stage3d import Track, change, during
from rnnviz.mobjects.strands import Strands


class ValueLines(Strands):
    """Strands that values run along, and that fade together."""

    def flow(self, start: float, end: float) -> Track:
        """Return a track in which the values run along the lines."""

        def run(share: float) -> None:
            self.end[:] = min(1.0, share * 1.25)
            self.pulse[:] = share if share < 1 else 0.0

        return during(start, end, run)

    def fade(self, start: float, end: float, to: float = 0.0, since: float = 1.0) -> Track:
        """Return a track in which the lines get another opacity."""
        return during(start, end, change(self.strength, np.s_[:], to, since=since))
