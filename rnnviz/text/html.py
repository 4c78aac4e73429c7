"""Content embedded in HTML pages, so that they need no other file."""

import base64
import json
from typing import Any


def data_uri(content: bytes, media_type: str) -> str:
    """Return content as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def in_script(value: Any) -> str:
    """Return a value as JSON that is safe within a script element."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def filled(template: str, **texts: str) -> str:
    """Replace each ``{{name}}`` of a template once, without looking into the inserted texts."""
    parts = [template]
    for name, text in texts.items():
        place = next(index for index, part in enumerate(parts) if "{{" + name + "}}" in part)
        before, after = parts[place].split("{{" + name + "}}", 1)
        parts[place : place + 1] = [before, text, after]
    return "".join(parts)
