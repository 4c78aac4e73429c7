"""What is known of a trace beside its arrays, and how it stands in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import TraceError

SCHEMA: Final = 2


@dataclass(frozen=True)
class Metadata:
    """What is known of a trace beside its arrays; all of it is JSON.

    ``step_labels`` and ``target_labels`` (batch × time) say what people call x_t and the target;
    ``input_labels`` and ``output_labels`` name the entries of x_t and y_t. ``layer`` and
    ``output_layer`` are the module paths of the recurrent layer and of the Linear after it
    (None if what follows is something else). ``reduction`` is 'sum' where L is the sum of the
    recorded losses of all steps and sequences, 'batch' where each is that of the whole batch.
    ``dtype`` is the network's; what ran in half precision is recorded as float32. ``effective``
    names the parameters that are none of the model's own, but made of these, as a parametrized or
    a pruned weight is: what is recorded is what the layer used.
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
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA


def to_json(metadata: Metadata) -> str:
    """The metadata as they stand in a file."""
    return json.dumps(asdict(metadata), ensure_ascii=False, sort_keys=True)


def read_metadata(source: Path, header: str) -> Metadata:
    """The metadata of a file's header.

    Raises: TraceError for another schema, or a header that lacks something
    """
    try:
        raw = json.loads(header)
        schema = raw["schema"]
        if schema > SCHEMA:
            raise TraceError(
                f"{str(source)!r} has schema {schema}, this rnnviz reads up to {SCHEMA}; "
                "upgrade rnnviz"
            )
        if schema < SCHEMA:
            raise TraceError(
                f"{str(source)!r} has schema {schema}, which this rnnviz no longer reads; "
                "record it again"
            )
        nested = ("step_labels", "target_labels")
        flat = ("input_labels", "output_labels")
        values = {
            **raw,
            **{name: tuple(tuple(row) for row in raw[name]) for name in nested},
            **{name: tuple(raw[name]) for name in flat},
            "effective": tuple(raw.get("effective", ())),
        }
        known = {item.name for item in fields(Metadata)}
        return Metadata(**{name: value for name, value in values.items() if name in known})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TraceError(
            f"{str(source)!r} lacks what a trace must hold ({error}); record it again"
        ) from error
