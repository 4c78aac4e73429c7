"""What an error about an unknown name suggests."""

from collections.abc import Collection
from difflib import get_close_matches


def suggestion(name: str, choices: Collection[str]) -> str:
    """Return the choices that look like an unknown name, or all of them.

    Example: >>> suggestion("gaets", ["gates", "states"]), suggestion("x", ["gates", "states"])
             ('did you mean gates?', 'choose gates, states')
    """
    near = get_close_matches(name, choices, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"choose {', '.join(choices)}"
