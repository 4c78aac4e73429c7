"""Themes from outside: a palette by its name, or a TOML file that changes one."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import replace
from math import floor
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from rnnviz.errors import ThemeError
from rnnviz.system.choices import suggestion
from rnnviz.system.validation import InvalidJson, Text, validated
from rnnviz.text.palette import COLORS, PALETTES, READABLE, ROLES, Palette, contrast

ENDING: Final = ".toml"
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_LARGEST: Final = 1 << 20
"""Bytes."""


class _ThemeFile(Struct):
    """What a theme's file may hold; the names are checked before."""

    base: Text
    type_scale: Annotated[float, Meta(ge=0.8, le=1.5)] = 1.0
    font: Text | tuple[Text, ...] = ()
    colors: dict[Text, Text] = {}


def load_theme(theme: str | Path | Palette) -> Palette:
    """Return a theme: "dark" or "light", a TOML file, or a palette made in Python.

    A file has ``base = "dark"`` or ``"light"``, and what differs from it: ``type_scale`` (0.8 to
    1.5), ``font`` (as ``--font``, one or a list; files are relative to this file), and a table
    ``[colors]`` of the fields of ``Palette``.

    Raises: ThemeError for an unknown name or field, a colour that is not ``#RRGGBB``, and text
            with a contrast below 4.5 with the background or with boxes
    Example: >>> load_theme("light").ground
             '#FFFFFF'
    """
    if isinstance(theme, Palette):
        _check(theme, f"theme {theme.name!r}")
        return theme
    if isinstance(theme, str) and not theme.lower().endswith(ENDING):
        if theme not in PALETTES:
            raise ThemeError(
                f"unknown theme {theme!r}; {suggestion(theme, PALETTES)} or give a FILE{ENDING}"
            )
        return PALETTES[theme]
    return _read(Path(theme))


def _read(path: Path) -> Palette:
    what = f"theme {str(path)!r}"
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ThemeError(f"{what} is larger than a theme can be; choose another file")
        found = tomllib.loads(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ThemeError(f"{what} cannot be read ({reason}); choose another file") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ThemeError(f"{what} is no TOML: {error or 'it is too deep'}; correct it") from error
    known = msgspec.structs.fields(_ThemeFile)
    _check_names(what, "field", found, [field.name for field in known])
    colors = found.get("colors", {})
    if isinstance(colors, dict):
        _check_names(what, "colour", colors, COLORS)
    try:
        told = validated(found, _ThemeFile)
    except InvalidJson as error:
        raise ThemeError(f"{what}: {error}; correct it") from error
    if told.base not in PALETTES:
        raise ThemeError(f"{what}: unknown base {told.base!r}; {suggestion(told.base, PALETTES)}")
    given = (told.font,) if isinstance(told.font, str) else told.font
    made = replace(
        PALETTES[told.base],
        name=f"own-{path.stem}" if path.stem in PALETTES else path.stem,
        type_scale=told.type_scale,
        fonts=tuple(_place(font, path.parent) for font in given),
        **told.colors,
    )
    _check(made, what)
    return made


def _check_names(what: str, kind: str, found: Collection[str], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            raise ThemeError(f"{what}: unknown {kind} {name!r}; {suggestion(name, known)}")


def _check(palette: Palette, what: str) -> None:
    """Check that the colours are colours, and that text can be read."""
    for name in COLORS:
        if not _COLOR.fullmatch(getattr(palette, name)):
            raise ThemeError(
                f"{what}: {name} is {getattr(palette, name)!r}, which is no colour; "
                "write it as '#RRGGBB'"
            )
    for role in ROLES:
        for behind in ("ground", "surface"):
            color, ground = getattr(palette, role), getattr(palette, behind)
            found = contrast(color, ground)
            if found < READABLE:
                remedy = "darker" if palette.scheme == "light" else "lighter"
                raise ThemeError(
                    f"{what}: {role} {color} has a contrast of {floor(100 * found) / 100} with "
                    f"{behind} {ground}, and text needs {READABLE}; choose a {remedy} {role}"
                )


def _place(font: str, folder: Path) -> str:
    """Return a font's file where it lies beside the theme, else the font as it is named."""
    beside = folder / font
    return str(beside) if beside.with_name(beside.name.partition("#")[0]).is_file() else font
