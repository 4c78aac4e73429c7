"""Labels from a vocabulary, and from files of labels."""

import json

import numpy as np
import pytest
from torch import nn

from rnnviz.errors import RecordingError
from rnnviz.recording import record
from rnnviz.recording.data_files import load_inputs, load_labels
from rnnviz.recording.vocabulary import with_words, words_of

WORDS = ("I", "live", "in", "Beijing", "so")
STEPS = 6


class Tagger(nn.Module):
    """Takes tokens, or vectors as long as the vocabulary, and gives scores of words."""

    def __init__(self, batch_first, tokens=True, last=False):
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), 3) if tokens else nn.Identity()
        self.rnn = nn.RNN(3 if tokens else len(WORDS), 4, batch_first=batch_first)
        self.fc, self.last = nn.Linear(4, len(WORDS)), last

    def forward(self, x):
        h = self.rnn(self.embed(x))[0]
        return self.fc(h[:, -1] if self.last else h)


def tokens_of(batch, seed=0):
    """Tokens and targets (batch, time), no two sequences alike."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, len(WORDS), (batch, STEPS)), rng.integers(0, len(WORDS), (batch, STEPS))


def in_words(numbers):
    return tuple(tuple(WORDS[number] for number in row) for row in numbers)


@pytest.mark.parametrize("batch", [1, 2, STEPS])
@pytest.mark.parametrize("batch_first", [True, False])
def test_tokens_and_classes_have_their_words(batch, batch_first):
    tokens, targets = tokens_of(batch)
    given = (tokens, targets) if batch_first else (tokens.T, targets.T)
    per = ("sequence", "step") if batch_first else ("step", "sequence")
    trace = record(Tagger(batch_first), *given, per=per)
    about = with_words(trace, WORDS, *given).metadata
    assert about.step_labels == in_words(tokens)
    assert about.target_labels == in_words(targets)
    assert about.output_labels == WORDS
    assert about.input_labels == ()  # the entries of an embedding are no words


def test_one_hot_inputs_have_the_words_of_their_places():
    tokens, targets = tokens_of(2)
    inputs = np.eye(len(WORDS), dtype="float32")[tokens]
    trace = record(Tagger(True, tokens=False), inputs, targets)
    about = with_words(trace, WORDS, inputs, targets).metadata
    assert (about.step_labels, about.input_labels) == (in_words(tokens), WORDS)
    other = inputs + 0.5
    trace = record(Tagger(True, tokens=False), other, targets)
    about = with_words(trace, WORDS, other, targets).metadata
    assert (about.step_labels, about.input_labels) == ((), ())


def test_padding_and_steps_without_a_target_have_no_word():
    tokens, targets = tokens_of(2)
    targets[1, 4:] = -100
    trace = record(Tagger(True), tokens, targets, lengths=[6, 4])
    about = with_words(trace, WORDS, tokens, targets).metadata
    assert about.step_labels == (in_words(tokens)[0], (*in_words(tokens)[1][:4], "", ""))
    assert about.target_labels[1] == (*in_words(targets[:, :4])[1], "", "")


def test_one_target_a_sequence_is_that_of_the_last_step():
    tokens, targets = tokens_of(2)
    trace = record(Tagger(True, last=True), tokens, targets[:, -1])
    labels = with_words(trace, WORDS, tokens, targets[:, -1]).metadata.target_labels
    assert labels == tuple(("",) * (STEPS - 1) + row[-1:] for row in in_words(targets))


def test_labels_that_are_given_stay():
    tokens, targets = tokens_of(1)
    steps = (tuple("abcdef"),)
    trace = record(Tagger(True), tokens, targets, about={"step_labels": steps})
    about = with_words(trace, WORDS, tokens, targets).metadata
    assert (about.step_labels, about.target_labels) == (steps, in_words(targets))


def test_a_vocabulary_of_other_data_is_refused():
    tokens, targets = np.full((1, STEPS), 4), tokens_of(1)[1]
    trace = record(Tagger(True), tokens, targets)
    with pytest.raises(RecordingError, match="inputs have 4, but vocabulary has the words 0 to 3"):
        with_words(trace, WORDS[:4], tokens, targets)


def test_a_vocabulary_may_number_its_words():
    assert words_of({"in": 2, "I": 0, "live": 1}) == ("I", "live", "in")
    for wrong in ({"I": 1}, {"I": 0, "live": 0}, {"I": "0"}, {"I": 0.0}):
        with pytest.raises(RecordingError, match="must number its"):
            words_of(wrong)


def test_a_vocabulary_stands_beside_the_inputs(tmp_path):
    tokens, targets = tokens_of(2)
    np.savez(tmp_path / "a.npz", inputs=tokens, targets=targets, vocabulary=np.array(WORDS))
    assert load_inputs(tmp_path / "a.npz")["vocabulary"] == WORDS


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "2026-01-01\n2026-01-02\n", {"step_labels": (("2026-01-01", "2026-01-02"),)}),
        ("a.txt", "a\nb\n\nc\nd", {"step_labels": (("a", "b"), ("c", "d"))}),
        ("a.json", '["a", "b"]', {"step_labels": (("a", "b"),)}),
        ("a.json", '{"I": 0, "live": 1}', {"vocabulary": ("I", "live")}),
        (
            "a.json",
            json.dumps({"output_labels": ["cat", "dog"], "vocabulary": ["a", "b"]}),
            {"output_labels": ("cat", "dog"), "vocabulary": ("a", "b")},
        ),
    ],
)
def test_files_of_labels(name, text, expected, tmp_path):
    (tmp_path / name).write_text(text)
    assert load_labels(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[", "is not JSON"),
        ("3", "holds no labels"),
        ("{}", "holds no labels"),
        ('{"labels": ["a"]}', "has unknown 'labels'"),
        ('{"output_labels": [["a"]]}', r"output_labels must have the shape \(output,\)"),
    ],
)
def test_files_without_labels_are_refused(text, expected, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RecordingError, match=expected):
        load_labels(tmp_path / "a.json")
    with pytest.raises(RecordingError, match="No such file"):
        load_labels(tmp_path / "none.json")
