"""The user's own text: the next character or word."""

import logging
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask, logits_of, share_of_targets
from rnnviz.text.decoding import check_text, file_name, read_text
from rnnviz.text.tokens import units_of

_LOG: Final = logging.getLogger("rnnviz.data")
_SHOWN: Final = 40


class Text(TokenTask):
    """The next token of a text; the vocabulary is that of the text.

    The text is given as ``text`` or in ``text_file``, whose ``encoding`` is detected by default,
    and logged if it is not UTF-8. ``unit`` is 'char' (with its accents) or 'word' (separated by
    white space; Chinese without spaces is split by a segmenter). ``steps`` is the maximum length
    of the sequences, and of the one that is shown.

    Raises: TaskError for a text without two tokens, or a file that is not text
    """

    name = "text"
    chance_exact = False
    hidden_size = 32
    epochs = 60

    def __init__(
        self,
        *,
        text: str | None = None,
        text_file: str | Path | None = None,
        encoding: str | None = None,
        unit: str = "char",
        steps: int = 12,
        language: str = "en",
        source: str | None = None,
    ):
        if (text is None) == (text_file is None):
            raise TaskError("task 'text' needs either text or text_file")
        kind = "UTF-8"
        if text_file is not None:
            text, kind = read_text(text_file, encoding)
            source = source or file_name(text_file)
        assert text is not None
        check_text(text, "the text")
        if steps < 2:
            raise TaskError(f"a sequence must have 2 steps or more, got {steps}")
        self.tokens = units_of(text, unit)
        if len(self.tokens) < 2:
            first = self.tokens[0] if self.tokens else ""
            shown = repr(first[:_SHOWN]) + (" …" if len(first) > _SHOWN else "")
            found = f"has only one {unit} ({shown})" if self.tokens else "is empty"
            also = (
                ", or choose --unit char"
                if unit == "word" and len("".join(self.tokens)) > 1
                else ""
            )
            raise TaskError(
                f"the text {found}; give at least two, of which one predicts the next{also}"
            )
        self.steps = min(steps, len(self.tokens) - 1)
        vocabulary = tuple(sorted(set(self.tokens)))
        super().__init__(
            language=language,
            input_labels=vocabulary,
            output_labels=vocabulary,
            source=source or "the user's text",
            options={"text": text, "unit": unit, "steps": steps},
        )
        if kind != "UTF-8":
            _LOG.warning("%s: %d characters, read as %s", source, len(text), kind)

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Windows of the text from random places."""
        return self._windows(rng.integers(0, len(self.tokens) - self.steps, size=size))

    def example(self) -> Batch:
        """The beginning of the text."""
        return self._windows(np.array([0]))

    def learnt(self, score: float, loss: float) -> bool:
        """Whether nearly every next token is right, and nearly certain."""
        return score > 0.99 and loss < 0.1

    @property
    def chance(self) -> float:
        """The entropy of the targets' frequencies, in nats."""
        present = self._frequencies[self._frequencies > 0]
        return max(0.0, float(-(present * np.log(present)).sum()))

    def trivial(self, batch: Batch) -> np.ndarray:
        """Every token with its frequency as probability."""
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
