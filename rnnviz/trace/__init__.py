"""The trace: the recording of one network over one batch of sequences, and its file."""

from rnnviz.trace.arrays import hash_arrays
from rnnviz.trace.loading import load, load_arrays
from rnnviz.trace.losses import CLASSES, NO_TARGET, VALUES
from rnnviz.trace.trace import Trace

__all__ = ["CLASSES", "NO_TARGET", "VALUES", "Trace", "hash_arrays", "load", "load_arrays"]
