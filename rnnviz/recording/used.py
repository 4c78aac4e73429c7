"""The weights that modules worked with, where these are not parameters of theirs.

A weight may be parametrized, normalised, pruned or dropped: the module then works with a tensor
that is made of its parameters anew. That tensor is what its equations are about.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnviz.errors import RecordingError


@dataclass(frozen=True)
class Used:
    """Every tensor that modules worked with, by the name of the weight that it stands for.

    ``parameters`` are those of the model before it ran, ``linears`` its Linears by their paths.
    """

    parameters: Mapping[str, nn.Parameter]
    linears: Mapping[str, nn.Linear]
    tensors: dict[str, list[Tensor]] = field(default_factory=dict)

    def note(self, path: str, weights: Mapping[str, Tensor | None]) -> None:
        """Keep what a module at a path works with in one call.

        Raises: RecordingError if it is not what it worked with in an earlier call
        """
        for name, tensor in weights.items():
            if tensor is None:
                continue
            known = self.tensors.setdefault(f"{path}.{name}" if path else name, [])
            if any(one is tensor for one in known):
                continue
            if known and not torch.equal(known[0], tensor):
                raise RecordingError(
                    f"{name!r} of {path or 'the layer'!r} is drawn or normalised anew in each call "
                    "of one forward, which one recording cannot hold; record in evaluation mode, "
                    "or draw it once a forward"
                )
            if not tensor.requires_grad and tensor.is_floating_point():
                tensor.requires_grad_()
            known.append(tensor)

    @classmethod
    def of(cls, model: nn.Module) -> "Used":
        """What a model is about to work with."""
        linears = {
            path: part for path, part in model.named_modules() if isinstance(part, nn.Linear)
        }
        return cls(dict(model.named_parameters()), linears)

    def first(self, name: str) -> Tensor | None:
        """What was used as a weight of a name, in the first call; None if there is none."""
        noted = self.tensors.get(name)
        return noted[0] if noted else self.parameters.get(name)

    @staticmethod
    def shared(model: nn.Module) -> dict[str, str]:
        """The further names of parameters that stand in several places, with the first of each."""
        first = {parameter: name for name, parameter in model.named_parameters()}
        every = model.named_parameters(remove_duplicate=False)
        return {name: first[each] for name, each in every if name != first[each]}

    @property
    def effective(self) -> dict[str, list[Tensor]]:
        """Those that are not the model's parameters of these names."""
        return {
            name: tensors
            for name, tensors in self.tensors.items()
            if len(tensors) > 1 or self.parameters.get(name) is not tensors[0]
        }

    @contextmanager
    def of_linears(self, model: nn.Module) -> Iterator[None]:
        """For the time of a run, note the weights of Linears that are no parameters of theirs."""
        with ExitStack() as stack:
            for path, part in model.named_modules():
                plain = {"weight", "bias"} <= part._parameters.keys()
                if isinstance(part, nn.Linear) and not plain:
                    stack.enter_context(self._noted(path, part))
            yield

    @contextmanager
    def _noted(self, path: str, linear: Any) -> Iterator[None]:
        forward = linear.forward

        def noting(*args: Any, **kwargs: Any) -> Any:
            with parametrize.cached():
                self.note(path, {"weight": linear.weight, "bias": linear.bias})
                return forward(*args, **kwargs)

        linear.forward = noting
        try:
            yield
        finally:
            del linear.forward
