"""Find a notation by its name, or read one of one's own from a TOML file."""

import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from rnnviz.errors import TextError
from rnnviz.system.choices import suggestion
from rnnviz.system.validation import InvalidJson, validated
from rnnviz.text.notation import NOTATIONS, UWV, Gates, Notation
from rnnviz.text.symbols import symbol_of

_FILE: Final = ".toml"
_MOST_BYTES: Final = 100_000
_ROLES: Final = tuple(
    each.name for each in fields(Notation) if each.name not in ("name", "gates", "cell_state")
)
_GATES: Final = tuple(each.name for each in fields(Gates))
_OF_LSTM: Final = ("cell_state", "input", "forget", "candidate", "output")
_OF_GRU: Final = ("state", "reset", "update", "new")
_ALLOWED: Final = (
    'write a letter, a Greek name, a word in quotes as in W_"hh", or one of these in hat(), '
    "tilde(), bar(), dot() or bold(), with _ for an index and ^ for an exponent"
)


_Gates: Final = msgspec.defstruct("Gates", [(gate, str, "") for gate in _GATES])
_File: Final = msgspec.defstruct(
    "File",
    [
        ("like", str, UWV.name),
        ("gates", _Gates, msgspec.field(default_factory=_Gates)),
        *((role, str, "") for role in (*_ROLES, "cell_state")),
    ],
)
"""The content of a file, whose keys are checked before."""


def load_notation(source: Notation | str | Path) -> Notation:
    """Return a notation by its name, or from a TOML file of one's own.

    Raises: TextError for an unknown name, or a file that is not a notation
    """
    if isinstance(source, Notation):
        return source
    if str(source) in NOTATIONS:
        return NOTATIONS[str(source)]
    if not is_file(source):
        raise TextError(
            f"unknown notation {str(source)!r}; give a file that ends in {_FILE}, or a name: "
            f"{suggestion(str(source), NOTATIONS)}"
        )
    return read_notation(Path(source))


def is_file(source: Notation | str | Path) -> bool:
    """Whether a notation is given by a file rather than by its name."""
    return str(source).lower().endswith(_FILE)


def read_notation(path: Path) -> Notation:
    """Return the notation in a TOML file, which has the file's name.

    Each role has its symbol; the table ``gates`` has those of gates. ``like`` names the notation
    that has the symbols which the file does not give, ``uwv`` if it is left out.

    Raises: TextError for a file that cannot be read, an unknown role or gate, what is no symbol,
            or one symbol for two roles
    """
    try:
        like, symbols, gates = _content(_table(path))
        base = NOTATIONS[_known(like, NOTATIONS, "is like an unknown notation")]
        for role, source in (*symbols.items(), *gates.items()):
            _check(role, source)
        made = replace(base, name=_name(path), gates=replace(base.gates, **gates), **symbols)
        _check_distinct(made)
    except ValueError as error:
        raise TextError(f"notation {str(path)!r} {error}") from error
    return made


def _name(path: Path) -> str:
    """Return the name of a file's notation, which no built-in one has."""
    return f"own_{path.stem}" if path.stem in NOTATIONS else path.stem


def _table(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("is too long; give a file of one line for each role")
        return tomllib.loads(content.decode())
    except FileNotFoundError:
        raise ValueError("does not exist; give an existing file") from None
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}); give a readable file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"""is no TOML ({reason}); write lines such as state = 's'""") from error


def _content(table: dict[str, Any]) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return ``like``, and the symbols that a file gives, of roles and of gates."""
    for key in table:
        _known(key, (*_ROLES, "cell_state", "gates", "like"), "has an unknown role")
    given = table.get("gates", {})
    for gate in given if isinstance(given, dict) else ():
        _known(gate, _GATES, "has an unknown gate")
    try:
        content: Any = validated(table, _File)
    except InvalidJson as error:
        raise ValueError(f"is wrong at {error}; {_ALLOWED}") from error
    symbols = {role: getattr(content, role) for role in table if role not in ("gates", "like")}
    return content.like, symbols, {gate: getattr(content.gates, gate) for gate in given}


def _known(name: str, choices: Iterable[str], what: str) -> str:
    known = tuple(choices)
    if name not in known:
        raise ValueError(f"{what}, {name!r}; {suggestion(name, known)}")
    return name


def _check(role: str, source: str) -> None:
    try:
        terms = symbol_of(source)
    except ValueError:
        raise ValueError(f"has {source!r} as {role}, which is no symbol; {_ALLOWED}") from None
    if len(terms) > 1 and role != "hidden_bias":
        raise ValueError(f"has the sum {source!r} as {role}; only hidden_bias may be a sum")


def _check_distinct(notation: Notation) -> None:
    """Check that no two roles that are seen together have the same symbol."""
    symbols = {role: getattr(notation, role) for role in (*_ROLES, "cell_state")}
    gates = {gate: getattr(notation.gates, gate) for gate in _GATES}
    together = (
        {role: symbols[role] for role in _ROLES},
        {name: gates.get(name) or symbols[name] for name in _OF_LSTM},
        {name: gates.get(name) or symbols[name] for name in _OF_GRU},
    )
    for group in together:
        holders: dict[str, str] = {}
        for role, symbol in group.items():
            if symbol in holders:
                raise ValueError(
                    f"has {symbol!r} as {holders[symbol]} and as {role}; give them different "
                    "symbols"
                )
            holders[symbol] = role
