"""What is left of the stage without some of its parts."""

from collections.abc import Iterable
from typing import Any


def leaving(mobjects: Iterable[Any], staying: set[Any]) -> list[Any]:
    """Return the mobjects without some; one that loses parts is replaced by the parts left."""
    left: list[Any] = []
    for mobject in mobjects:
        if mobject not in staying:
            parts = leaving(mobject.submobjects, staying)
            left += [mobject] if parts == mobject.submobjects else parts
    return left
