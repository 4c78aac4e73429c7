"""The weights that modules use, where these are not their parameters.

A weight may be parametrized, normalised, pruned or dropped. The module then uses a tensor that is
computed from its parameters at each call, and that tensor is the weight in its equations.
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
class EffectiveWeights:
    """Every tensor that modules used as a weight, by the weight's name.

    ``parameters`` are those of the model before it ran, ``linears`` its Linears by module path.
    """

    parameters: Mapping[str, nn.Parameter]
    linears: Mapping[str, nn.Linear]
    tensors: dict[str, list[Tensor]] = field(default_factory=dict)

    def note(self, path: str, weights: Mapping[str, Tensor | None]) -> None:
        """Record the weights that the module at a path uses in one call.

        Raises: RecordingError if they differ from those of an earlier call
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
                    "within one forward, which one recording cannot hold; record in evaluation "
                    "mode, or draw it once per forward"
                )
            if not tensor.requires_grad and tensor.is_floating_point():
                tensor.requires_grad_()
            known.append(tensor)

    @classmethod
    def of(cls, model: nn.Module) -> "EffectiveWeights":
        """Return the weights of a model before it runs."""
        linears = {
            path: part for path, part in model.named_modules() if isinstance(part, nn.Linear)
        }
        return cls(dict(model.named_parameters()), linears)

    def first(self, name: str) -> Tensor | None:
        """Return the tensor first used as a weight, or None if there is none of the name."""
        noted = self.tensors.get(name)
        return noted[0] if noted else self.parameters.get(name)

    @staticmethod
    def shared(model: nn.Module) -> dict[str, str]:
        """Return every further name of a parameter used in several places, with its first name."""
        first = {parameter: name for name, parameter in model.named_parameters()}
        every = model.named_parameters(remove_duplicate=False)
        return {name: first[each] for name, each in every if name != first[each]}

    @property
    def effective(self) -> dict[str, list[Tensor]]:
        """The tensors that are not the model's parameters of these names."""
        return {
            name: tensors
            for name, tensors in self.tensors.items()
            if len(tensors) > 1 or self.parameters.get(name) is not tensors[0]
        }

    @contextmanager
    def of_linears(self, model: nn.Module) -> Iterator[None]:
        """Within a block, record the weights of Linears whose weights are not parameters."""
        with ExitStack() as stack:
            for path, part in model.named_modules():
                plain = {"weight", "bias"} <= part._parameters.keys()
                if isinstance(part, nn.Linear) and not plain:
                    stack.enter_context(self._recorded(path, part))
            yield

    @contextmanager
    def _recorded(self, path: str, linear: Any) -> Iterator[None]:
        forward = linear.forward

        def recording(*args: Any, **kwargs: Any) -> Any:
            with parametrize.cached():
                self.note(path, {"weight": linear.weight, "bias": linear.bias})
                return forward(*args, **kwargs)

        linear.forward = recording
        try:
            yield
        finally:
            del linear.forward
