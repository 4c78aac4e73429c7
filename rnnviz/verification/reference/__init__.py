"""Recurrent networks in plain NumPy, independent of how they are recorded."""

from rnnviz.verification.reference.cells import Affine, States
from rnnviz.verification.reference.from_trace import reference_of
from rnnviz.verification.reference.network import Gradients, Kind, Reference

__all__ = ["Affine", "Gradients", "Kind", "Reference", "States", "reference_of"]
