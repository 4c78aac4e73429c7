"""The sentences of the README, and the tests that verify them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = Path(__file__).with_suffix(".toml")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_END = re.compile(r"(?<=[.;?!])\s+(?=[A-Z`\[*(‖∂])|(?<=\.\*\*)\s+")


def sentences() -> list[str]:
    """Return every sentence and table row of the README, without code, headings and images."""
    text = _CODE.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    found = []
    for line in text.splitlines():
        line = line.strip().removeprefix("- ")
        if not line or line.startswith(("#", "![", "| ---", "**English**")):
            continue
        found += [line] if line.startswith("|") else [part for part in _END.split(line) if part]
    return found


def promises() -> dict[str, list[str]]:
    """Return each sentence that makes a claim, with the tests that verify it."""
    held = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {each["says"]: each["tests"] for each in held["promise"]}


def others() -> dict[str, str]:
    """Return each sentence that no test can verify, with the reason."""
    held = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {each["says"]: each["why"] for each in held["other"]}
