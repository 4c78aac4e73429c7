"""Recording recurrent networks: any model that holds one of PyTorch's recurrent layers."""

from rnnviz.recording.layers import recurrent_layers
from rnnviz.recording.recorder import record, record_layers
from rnnviz.recording.rerunning import rerun, rerun_layer

__all__ = ["record", "record_layers", "recurrent_layers", "rerun", "rerun_layer"]
