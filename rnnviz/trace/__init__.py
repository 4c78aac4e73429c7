"""The trace: the recording of one network over one batch of sequences, and its file."""

from rnnviz.trace.trace import CLASSES, NO_TARGET, VALUES, Trace, hash_arrays, load, load_arrays

__all__ = ["CLASSES", "NO_TARGET", "VALUES", "Trace", "hash_arrays", "load", "load_arrays"]
