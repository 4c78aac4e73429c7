"""Sentences whose last word is decided by one word near their beginning."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask


@dataclass(frozen=True)
class Story:
    """A sentence in parts: ``before``, the clue, fillers, ``after``, and the answer."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    answers: dict[str, str]
    fillers: tuple[str, ...]


_DAILY: Final = "and every day we walk along the river with old friends reading many good books"
_DAILY_ZH: Final = "每天 早上 都 去 河边 散步 看书 然后 和 朋友 一起 喝茶 聊天 听 音乐"
_SUDDENLY_ZH: Final = "昨天 晚上 大概 九点 突然 就 莫名其妙 地 又 一次 彻底"
STORIES: Final = {
    ("city", "en"): Story(
        before=("I", "live", "in"),
        after=("so", "I", "can", "speak"),
        answers={
            "Beijing": "Chinese",
            "Paris": "French",
            "Berlin": "German",
            "Tokyo": "Japanese",
            "Madrid": "Spanish",
            "Rome": "Italian",
        },
        fillers=tuple(_DAILY.split()),
    ),
    ("city", "zh"): Story(
        before=("我", "住", "在"),
        after=("所以", "我", "会", "说"),
        answers={
            "北京": "汉语",
            "巴黎": "法语",
            "柏林": "德语",
            "东京": "日语",
            "马德里": "西班牙语",
            "罗马": "意大利语",
        },
        fillers=tuple(_DAILY_ZH.split()),
    ),
    ("repair", "zh"): Story(
        before=("我", "的"),
        after=("坏", "了", "拿", "去", "修", "花", "了"),
        answers={
            "电脑": "200 大洋",
            "手机": "100 大洋",
            "手表": "50 大洋",
            "冰箱": "300 大洋",
            "汽车": "900 大洋",
            "雨伞": "5 大洋",
        },
        fillers=tuple(_SUDDENLY_ZH.split()),
    ),
}


class Sentence(TokenTask):
    """'I live in <city> … so I can speak <language>': the target is the last word.

    ``gap`` is the number of filler words in between, which are random in training. The answer of
    the Chinese story 'repair' is the price of repairing what broke. The story 'city' has as many
    words of each kind in both languages, so that a seed gives the same network in both.

    Raises: TaskError for an unknown story, one that is not in that language, or a negative gap
    """

    name = "sentence"
    chance_exact = True
    epochs = 100

    def __init__(self, *, language: str = "en", gap: int = 0, story: str = "city"):
        if (story, language) not in STORIES:
            known = ", ".join(f"{name} ({language})" for name, language in STORIES)
            raise TaskError(f"unknown story {story!r} in language {language!r}; choose {known}")
        if gap < 0:
            raise TaskError(f"the gap must be 0 words or more, got {gap}")
        self.story = STORIES[story, language]
        self.gap = gap
        words = (*self.story.before, *self.story.answers, *self.story.after)
        vocabulary = dict.fromkeys((*words, *(self.story.fillers if gap else ())))
        super().__init__(
            language=language,
            input_labels=tuple(vocabulary),
            output_labels=tuple(self.story.answers.values()),
            source="sentences made by rnnviz",
            options={"language": language, "gap": gap, "story": story},
        )

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Random clues and random fillers."""
        clues = rng.choice(list(self.story.answers), size=size)
        fillers = rng.choice(self.story.fillers, size=(size, self.gap))
        return self._batch(list(map(str, clues)), [list(map(str, row)) for row in fillers])

    def example(self) -> Batch:
        """The first clue, with fillers in their natural order."""
        count = len(self.story.fillers)
        fillers = [self.story.fillers[index % count] for index in range(self.gap)]
        return self._batch([next(iter(self.story.answers))], [fillers])

    def learnt(self, score: float, loss: float) -> bool:
        """Whether every last word is right, and nearly certain."""
        return score == 1.0 and loss < 0.02

    @property
    def chance(self) -> float:
        """ln of the number of answers, which are equally probable."""
        return math.log(len(self.output_labels))

    def trivial(self, batch: Batch) -> np.ndarray:
        """Every answer with the same probability."""
        return np.zeros((*batch.targets.shape, len(self.output_labels)))

    def _batch(self, clues: list[str], fillers: list[list[str]]) -> Batch:
        story = self.story
        rows = [
            [*story.before, clue, *between, *story.after]
            for clue, between in zip(clues, fillers, strict=True)
        ]
        targets = [
            [""] * (len(row) - 1) + [story.answers[clue]]
            for row, clue in zip(rows, clues, strict=True)
        ]
        return self.batch_of(rows, targets)
