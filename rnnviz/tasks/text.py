"""The user's own text: the next character or word."""

from functools import cached_property
from pathlib import Path

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask, logits_of, share_of_targets


class Text(TokenTask):
    """Every token of a text predicts the next; the vocabulary is the text's own.

    ``unit`` is 'char' or 'word' (what white space parts); ``steps`` is the length of the
    sequences, and of the one that is shown, at most.

    Raises: TaskError for an empty text, or one of a single token
    """

    name = "text"
    chance_exact = False
    hidden_size = 32
    epochs = 60

    def __init__(
        self,
        *,
        text: str,
        unit: str = "char",
        steps: int = 12,
        language: str = "en",
        source: str = "the user's text",
    ):
        if unit not in ("char", "word"):
            raise TaskError(f"there is no unit {unit!r}; choose char or word")
        if steps < 2:
            raise TaskError(f"{steps} steps are too few to show a sequence; choose 2 or more")
        self.tokens = tuple(text.split() if unit == "word" else " ".join(text.split()))
        if len(self.tokens) < 2:
            found = "is empty" if not self.tokens else f"has one {unit} ({self.tokens[0]!r}) only"
            raise TaskError(f"the text {found}; at least two are needed, one to predict the next")
        self.steps = min(steps, len(self.tokens) - 1)
        vocabulary = tuple(sorted(set(self.tokens)))
        super().__init__(
            language=language,
            input_labels=vocabulary,
            output_labels=vocabulary,
            source=source,
            options={"text": text, "unit": unit, "steps": steps},
        )

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Windows of the text from random places."""
        return self._windows(rng.integers(0, len(self.tokens) - self.steps, size=size))

    def example(self) -> Batch:
        """The beginning of the text."""
        return self._windows(np.array([0]))

    def learnt(self, score: float, loss: float) -> bool:
        """Nearly every next token is right, and the network is sure of it."""
        return score > 0.99 and loss < 0.1

    @property
    def chance(self) -> float:
        """The entropy of the targets' frequencies, in nats."""
        present = self._frequencies[self._frequencies > 0]
        return float(-(present * np.log(present)).sum())

    def trivial(self, batch: Batch) -> np.ndarray:
        """Every token, as frequent as it is."""
        logits = logits_of(self._frequencies)
        return np.broadcast_to(logits, (*batch.targets.shape, len(logits)))

    @cached_property
    def _frequencies(self) -> np.ndarray:
        """How often each token is the target in random windows: (output,)."""
        place = {token: index for index, token in enumerate(self.output_labels)}
        return np.bincount(
            [place[token] for token in self.tokens[1:]],
            weights=share_of_targets(len(self.tokens), self.steps),
            minlength=len(place),
        )

    def _windows(self, starts: np.ndarray) -> Batch:
        return self.batch_of(
            [self.tokens[start : start + self.steps] for start in starts],
            [self.tokens[start + 1 : start + self.steps + 1] for start in starts],
        )


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file. Raises: TaskError if it cannot be read as one."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TaskError(
            f"{str(path)!r} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise TaskError(f"cannot read {str(path)!r}: {error.strerror}") from error
