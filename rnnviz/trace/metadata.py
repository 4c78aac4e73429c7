"""The metadata of a trace, and their form in a file."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec

from rnnviz.errors import TraceError
from rnnviz.system.short_repr import ShortRepr
from rnnviz.system.validation import Count, Finite, InvalidJson, Text, is_text, shown, validated

SCHEMA: Final = 3
"""The newest schema that is read: that of custom cells. Older files stay as they are."""
PLAIN_SCHEMA: Final = 2
"""The schema of recordings of known cells."""
_LATER: Final = ("states", "output_reads", "cuts", "step_input")
"""Fields of recordings of custom cells, which other files do not have."""
_DEEPEST: Final = 16
"""How deep lists and objects may be nested in ``task_options``."""


@dataclass(frozen=True)
class NamedState:
    """A state of a custom cell: its name, and where it lies in ``Trace.h``.

    Shapes: shape is that of one sequence at one step; flattened it is the entries of h from
            ``first`` on. Of a complex state, each number is two of them, real and imaginary part.
    """

    name: Text
    shape: tuple[Count, ...]
    first: Count
    is_complex: bool = False

    @property
    def size(self) -> int:
        """The number of entries of h."""
        return math.prod(self.shape) * (2 if self.is_complex else 1)

    @property
    def place(self) -> slice:
        """Its entries of h."""
        return slice(self.first, self.first + self.size)

    def __str__(self) -> str:
        """Its name and shape: 'h (5)', 'memory (8 × 4)', 'h (16 complex)'."""
        shape = " × ".join(map(str, self.shape)) or "1"
        return f"{self.name} ({shape}{' complex' if self.is_complex else ''})"


@dataclass(frozen=True, repr=False)
class Metadata(ShortRepr):
    """Facts about the network and its data beside the arrays; all of them are JSON.

    ``step_labels`` and ``target_labels`` (batch × time) are the labels of x_t and of the targets;
    ``input_labels`` and ``output_labels`` name the entries of x_t and y_t. ``layer`` and
    ``output_layer`` are the module paths of the recurrent layer and of the Linear after it (None
    if something else follows). ``reduction`` is 'sum' where L is the sum of the recorded losses of
    all steps and sequences, 'batch' where each is that of the whole batch. ``dtype`` is the
    network's; half precision is recorded as float32. ``effective`` names the parameters that are
    computed from the model's own, such as a parametrized or pruned weight: recorded is what the
    layer used. ``shared`` maps each further name of a shared parameter, such as a decoder's weight
    that is the embedding's, to the name under which it is recorded. ``forget_bias`` is the bias
    from which the forget gates started training: a number or 'chrono', None for PyTorch's start.

    A custom cell has ``states``, by name and in the order of their entries in h; ``output_reads``,
    the names of those that the output layer reads, none if it reads all; ``cuts``, the
    steps whose states pass no gradient to those before, since the model's own code detaches or
    resets them; and ``step_input``, which says what x_t is.

    Raises: TraceError for a field that a file cannot hold
    """

    task: Text
    cell: Text
    nonlinearity: Text
    loss: Text
    layer: Text
    output_layer: Text | None
    dtype: Text
    parameters_hash: Text
    inputs_hash: Text
    module: Text = "nn.RNN"
    reduction: Text = "sum"
    training: bool = False
    device: Text = "cpu"
    language: Text = "en"
    seed: Count | None = None
    forget_bias: Finite | Text | None = None
    epochs: Count | None = None
    accuracy: Finite | None = None
    accuracy_name: Text = ""
    source: Text = ""
    task_options: Mapping[Text, Any] = field(default_factory=dict)
    step_labels: tuple[tuple[Text, ...], ...] = ()
    target_labels: tuple[tuple[Text, ...], ...] = ()
    input_labels: tuple[Text, ...] = ()
    output_labels: tuple[Text, ...] = ()
    effective: tuple[Text, ...] = ()
    shared: Mapping[Text, Text] = field(default_factory=dict)
    states: tuple[NamedState, ...] = ()
    output_reads: tuple[Text, ...] = ()
    cuts: tuple[Count, ...] = ()
    step_input: Text = ""
    versions: Mapping[Text, Text] = field(default_factory=dict)
    schema: Count = PLAIN_SCHEMA

    def __post_init__(self) -> None:
        try:
            _checked(vars(self))
        except InvalidJson as error:
            raise TraceError(f"metadata: {error}") from error

    def output_parameter(self, kind: str) -> str:
        """Return the name under which the weight or bias of the output layer is recorded."""
        name = f"{self.output_layer}.{kind}"
        return self.shared.get(name, name)

    def shares(self, name: str) -> bool:
        """Whether a recorded parameter is used in several places, which all add to its gradient."""
        return name in self.shared.values()


_ABSENT: Final[Mapping[str, Any]] = {
    "effective": [],
    "shared": {},
    "forget_bias": None,
    "states": [],
    "output_reads": [],
    "cuts": [],
    "step_input": "",
}
"""What files have that were written before these fields, or have no use for them."""
_Fields = msgspec.defstruct("_Fields", get_type_hints(Metadata, include_extras=True).items())
"""The fields of the metadata, all of them required."""


def to_json(metadata: Metadata) -> str:
    """Return the metadata as a file holds them."""
    held = asdict(metadata)
    for name in _LATER:
        if not held[name]:
            del held[name]
    return json.dumps(held, ensure_ascii=False, sort_keys=True)


def read_metadata(source: Path, header: str) -> Metadata:
    """Read the metadata in a file's header.

    Raises: TraceError for another schema, or a field that is missing or invalid
    """
    try:
        raw = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise TraceError(
            f"{str(source)!r} has metadata that cannot be read ({error}); record it again"
        ) from error
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if type(schema) is not int:
        raise TraceError(
            f"{str(source)!r} is not a complete trace (it has no schema); record it again"
        )
    if schema > SCHEMA:
        raise TraceError(
            f"{str(source)!r} has schema {schema}, but this rnnviz reads {SCHEMA}; upgrade rnnviz"
        )
    if schema < PLAIN_SCHEMA:
        raise TraceError(
            f"{str(source)!r} has schema {schema}, but this rnnviz reads {SCHEMA}; record it again"
        )
    try:
        values = _checked({**_ABSENT, **raw})
        return Metadata(**values)
    except InvalidJson as error:
        raise TraceError(
            f"{str(source)!r} is not a complete trace ({error}); record it again"
        ) from error


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of metadata, their lists as tuples. Raises InvalidJson"""
    values = msgspec.structs.asdict(validated(fields, _Fields))
    if not _is_json(values["task_options"]):
        raise InvalidJson(
            f"task_options: expected JSON, at most {_DEEPEST} levels deep, with finite numbers "
            f"and text without NUL and lone surrogates, got {shown(values['task_options'])}"
        )
    return values


def _is_json(value: Any, depth: int = _DEEPEST) -> bool:
    if value is None or isinstance(value, bool | int) or is_text(value):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return (
        isinstance(value, dict | list | tuple)
        and depth > 0
        and (not isinstance(value, dict) or all(map(is_text, value)))
        and all(_is_json(part, depth - 1) for part in parts)
    )
