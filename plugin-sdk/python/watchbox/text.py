"""Text that came from an endpoint, for people to read."""

import json
import re
from typing import Any, Callable, Mapping

# Control characters, separators of lines, what is not seen (marks of direction, of no width, of formats, and tags), and halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_PLACE = re.compile(r"\{([^{}]+)\}")


def printable(text: str) -> str:
    """The text with what would be obeyed and not seen made visible: control characters as ``␊``, ``␛``, ...; marks of direction, characters of no
    width, tags and the like as ``<U+202E>``; a lone surrogate as U+FFFD. It is one line then. (What begins a link or a mention is the target's
    own: escape that too.)"""
    return _UNSEEN.sub(_seen, text)


def _seen(found: re.Match[str]) -> str:
    point = ord(found[0])
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    return "\ufffd" if 0xD800 <= point <= 0xDFFF else f"<U+{point:04X}>"


def cut(text: str, longest: int) -> str:
    """The text, or its first ``longest`` characters and a note that says how many there are behind them."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest} more characters)"


def shown(value: Any) -> str:
    """A column's value as text: text as it is, nothing for ``None``, JSON for all else."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def column(columns: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at ``a.b.c``: of a column that has this very name, or within one; ``default`` where there is none."""
    if path in columns:
        return columns[path]
    value: Any = columns
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return default
        value = value[name]
    return value


def fill(template: str, columns: Mapping[str, Any], show: Callable[[Any], str] = shown) -> str:
    """The template with each ``{Column}`` replaced by that column's value as ``show`` gives it; ``{Column.Name}`` goes into maps. What is missing
    leaves nothing."""
    return _PLACE.sub(lambda place: show(column(columns, place[1])), template)
