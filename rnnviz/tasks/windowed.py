"""Sentences of which only the last words are seen, all at once, as without a loop."""

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch
from rnnviz.tasks.sentence import Sentence


class WindowedSentence(Sentence):
    """The task 'sentence' in one step, whose input is the last ``window`` words side by side.

    A recurrent network that makes one step from the state zero has no use for its loop: it is a
    feed-forward network with one hidden layer. Where a sentence is shorter than the window, the
    missing words are zeros.

    Shapes: x (1, batch, window · word), the oldest word first; targets (1, batch)
    Raises: TaskError as ``Sentence``, or for a window of no word
    """

    def __init__(self, *, window: int, language: str = "en", gap: int = 0, story: str = "city"):
        if window < 1:
            raise TaskError(f"the window must be 1 word or more, got {window}")
        super().__init__(language=language, gap=gap, story=story)
        self.window = window
        self.options["window"] = window
        self.input_labels = tuple(
            f"{word} ({place})" for place in range(window, 0, -1) for word in self.input_labels
        )
        self._words = Sentence(language=language, gap=gap, story=story)

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """The sentences that ``Sentence`` draws, seen through the window."""
        return self._seen(self._words.sample(rng, size))

    def example(self) -> Batch:
        """The example of ``Sentence``, seen through the window."""
        return self._seen(self._words.example())

    def _seen(self, batch: Batch) -> Batch:
        steps, size, words = batch.x.shape
        x = np.zeros((self.window, size, words), dtype=batch.x.dtype)
        seen = min(steps, self.window)
        x[self.window - seen :] = batch.x[steps - seen :]
        return Batch(
            x=np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(1, size, -1),
            targets=batch.targets[-1:],
            step_labels=tuple((" ".join(row[-seen:]),) for row in batch.step_labels),
            target_labels=tuple(row[-1:] for row in batch.target_labels),
        )
