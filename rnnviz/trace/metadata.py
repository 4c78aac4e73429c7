"""What is known of a trace beside its arrays, and how it stands in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import TraceError
from rnnviz.system.json_fields import (
    JSON_OBJECT,
    REAL,
    TEXT,
    TRUTH,
    Kind,
    Unfit,
    checked,
    listed,
    named,
    or_null,
    whole,
)
from rnnviz.system.short_repr import ShortRepr

SCHEMA: Final = 2
_LABELS: Final = listed(TEXT)
_LABELS_OF_STEPS: Final = listed(_LABELS)
_FIELDS: Final[Mapping[str, Kind]] = {
    "task": TEXT,
    "cell": TEXT,
    "nonlinearity": TEXT,
    "loss": TEXT,
    "layer": TEXT,
    "output_layer": or_null(TEXT),
    "dtype": TEXT,
    "parameters_hash": TEXT,
    "inputs_hash": TEXT,
    "module": TEXT,
    "reduction": TEXT,
    "training": TRUTH,
    "device": TEXT,
    "language": TEXT,
    "seed": or_null(whole(0)),
    "epochs": or_null(whole(0)),
    "accuracy": or_null(REAL),
    "accuracy_name": TEXT,
    "source": TEXT,
    "task_options": JSON_OBJECT,
    "step_labels": _LABELS_OF_STEPS,
    "target_labels": _LABELS_OF_STEPS,
    "input_labels": _LABELS,
    "output_labels": _LABELS,
    "effective": _LABELS,
    "shared": named(TEXT),
    "versions": named(TEXT),
    "schema": whole(0),
}
"""What the metadata of a trace hold, in a file and in memory."""
_NESTED: Final = ("step_labels", "target_labels")


@dataclass(frozen=True, repr=False)
class Metadata(ShortRepr):
    """What is known of a trace beside its arrays; all of it is JSON.

    ``step_labels`` and ``target_labels`` (batch × time) say what people call x_t and the target;
    ``input_labels`` and ``output_labels`` name the entries of x_t and y_t. ``layer`` and
    ``output_layer`` are the module paths of the recurrent layer and of the Linear after it
    (None if what follows is something else). ``reduction`` is 'sum' where L is the sum of the
    recorded losses of all steps and sequences, 'batch' where each is that of the whole batch.
    ``dtype`` is the network's; what ran in half precision is recorded as float32. ``effective``
    names the parameters that are none of the model's own, but made of these, as a parametrized or
    a pruned weight is: what is recorded is what the layer used. ``shared`` gives, for every further
    name of a parameter that stands in several places, as a decoder's weight that is the embedding's
    does, the name under which it is recorded.

    Raises: TraceError for a field that no file can hold
    """

    task: str
    cell: str
    nonlinearity: str
    loss: str
    layer: str
    output_layer: str | None
    dtype: str
    parameters_hash: str
    inputs_hash: str
    module: str = "nn.RNN"
    reduction: str = "sum"
    training: bool = False
    device: str = "cpu"
    language: str = "en"
    seed: int | None = None
    epochs: int | None = None
    accuracy: float | None = None
    accuracy_name: str = ""
    source: str = ""
    task_options: Mapping[str, Any] = field(default_factory=dict)
    step_labels: tuple[tuple[str, ...], ...] = ()
    target_labels: tuple[tuple[str, ...], ...] = ()
    input_labels: tuple[str, ...] = ()
    output_labels: tuple[str, ...] = ()
    effective: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        try:
            checked({item.name: getattr(self, item.name) for item in fields(self)}, _FIELDS)
        except Unfit as error:
            raise TraceError(f"metadata: {error}") from error

    def output_parameter(self, kind: str) -> str:
        """The name under which the weight or bias of the output layer is recorded."""
        name = f"{self.output_layer}.{kind}"
        return self.shared.get(name, name)

    def shares(self, name: str) -> bool:
        """Whether a recorded parameter stands in several places, which all add to its gradient."""
        return name in self.shared.values()


def to_json(metadata: Metadata) -> str:
    """The metadata as they stand in a file."""
    return json.dumps(asdict(metadata), ensure_ascii=False, sort_keys=True)


def read_metadata(source: Path, header: str) -> Metadata:
    """The metadata of a file's header.

    Raises: TraceError for another schema, or a header that lacks something
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
            f"{str(source)!r} lacks what a trace must hold (its metadata name no schema); record "
            "it again"
        )
    if schema > SCHEMA:
        raise TraceError(
            f"{str(source)!r} has schema {schema}, this rnnviz reads up to {SCHEMA}; upgrade rnnviz"
        )
    if schema < SCHEMA:
        raise TraceError(
            f"{str(source)!r} has schema {schema}, which this rnnviz no longer reads; "
            "record it again"
        )
    known = {name: value for name, value in raw.items() if name in _FIELDS}
    known = {"effective": [], "shared": {}, **known}  # which files did not name at first
    try:
        values = checked(known, _FIELDS)
        for name in _NESTED:
            values[name] = tuple(map(tuple, values[name]))
        return Metadata(**values)
    except Unfit as error:
        raise TraceError(
            f"{str(source)!r} lacks what a trace must hold ({error}); record it again"
        ) from error
