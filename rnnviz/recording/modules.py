"""The module classes that run each cell: PyTorch's own, or the cell's equations."""

from typing import Any

from torch import nn

from rnnviz.cells import Cell, known_cells
from rnnviz.recording.equation_layer import EquationLayer


def layer_module(cell: Cell, input_size: int, hidden_size: int, **options: Any) -> Any:
    """Return a new layer of a cell; options are those of ``nn.RNN``."""
    if cell.modules is None:
        return EquationLayer(cell, input_size, hidden_size, **options)
    return getattr(nn, cell.modules[0])(input_size, hidden_size, **cell.settings, **options)


def step_module(cell: Cell, input_size: int, hidden_size: int, *, bias: bool) -> nn.RNNCellBase:
    """Return a new module that makes one step of a cell, for cells of PyTorch."""
    assert cell.modules is not None
    made: nn.RNNCellBase = getattr(nn, cell.modules[1])(
        input_size, hidden_size, bias=bias, **cell.settings
    )
    return made


def cell_of(module: nn.Module) -> Cell | None:
    """Return the cell that a module runs, or None if it is not a recurrent layer."""
    if isinstance(module, EquationLayer):
        return module.cell
    for kind in known_cells().values():
        if isinstance(module, nn.RNNBase):
            if module.mode in kind.modes:
                return kind(kind.modes[module.mode])
        elif kind.modules is not None and isinstance(module, getattr(nn, kind.modules[1])):
            return kind(str(getattr(module, "nonlinearity", kind.nonlinearities[0])))
    return None


def module_name(module: nn.Module, cell: Cell) -> str:
    """Return PyTorch's name of a module, 'nn.LSTM' or 'nn.GRUCell', or the title of its cell."""
    if cell.modules is None:
        return cell.title
    return f"nn.{cell.modules[isinstance(module, nn.RNNCellBase)]}"


def has_torch_module(name: str) -> bool:
    """Return whether a part of a class's name is that of a layer of PyTorch."""
    layers = (kind.modules[0] for kind in known_cells().values() if kind.modules)
    return any(layer in name for layer in layers)
