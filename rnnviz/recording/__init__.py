"""Recording recurrent networks: any model that holds one of PyTorch's recurrent layers."""

from rnnviz.recording.layers import recurrent_layers
from rnnviz.recording.recorder import record
from rnnviz.recording.rerunning import rerun

__all__ = ["record", "recurrent_layers", "rerun"]
