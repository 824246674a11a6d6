"""What the mails say. What is not ours stands on one line, behind a name that is."""

from typing import Any, Optional, Sequence

from held_back import HeldBack, Kind
from safe import safe
from watchbox.alerts import Alert, utc
from watchbox.text import shown

# How many columns a mail shows.
_MOST_COLUMNS = 100

# How much of each value: the first of these with which the columns have no more characters than this.
_STEPS = (4_000, 1_000, 250, 60)
_LARGEST = 100_000

_LONGEST_FACT = 300
_LONGEST_GIST = 120

# Names that are longer than this do not push the values of all others to the right.
_WIDEST = 30


def of_alert(alert: Alert, columns: Sequence[tuple[str, Any]], more: int) -> str:
    """The text about a row; its columns' names are safe, and ``more`` like it came before and were not told by themselves."""
    facts = [
        ("Log", alert.log),
        ("Client", _fact(alert.client_id)),
        ("Host", _fact(alert.hostname)),
        ("Received", alert.time),
        ("Held back", f"{more} more like it before, not told by themselves" if more else None),
    ]
    row = ["", "The row:", "", *_columns(columns)] if columns else []
    return "\n".join([*_aligned(facts), *row, ""])


def of_held_back(held: HeldBack, log: str) -> str:
    """The text about rows that were not told by themselves."""
    kinds = held.kinds
    if len(kinds) == 1 and not held.others:
        return _of_kind(kinds[0], log)
    lines = [f"{held.count} rows of {log} were not told by themselves.", "How many of a kind there are, when the first came, its client, host and subject:", ""]
    lines += [f"{kind.count:>6}  {utc(kind.first)}  {_gist(kind.about.client_id)}  {_gist(kind.about.hostname) or '-'}  {kind.about.subject}" for kind in kinds]
    if held.others:
        lines.append(f"{held.others:>6}  of other kinds")
    return "\n".join([*lines, "", _WHERE, ""])


def _of_kind(kind: Kind, log: str) -> str:
    facts = [
        ("Log", log),
        ("Subject", kind.about.subject),
        ("Client of the first", _fact(kind.about.client_id)),
        ("Host of the first", _fact(kind.about.hostname)),
        ("Alike in", _fact(kind.key)),
        ("From", utc(kind.first)),
        ("To", utc(kind.last)),
    ]
    told = "1 row was not told by itself." if kind.count == 1 else f"{kind.count} rows were not told by themselves."
    return "\n".join([told, "", *_aligned(facts), "", _WHERE, ""])


_WHERE = "The rows themselves are in the log."


def _columns(columns: Sequence[tuple[str, Any]]) -> list[str]:
    texts = [(name, shown(value)) for name, value in columns[:_MOST_COLUMNS]]
    lines: list[str] = []
    for longest in _STEPS:
        lines = _aligned([(name, safe(text, longest)) for name, text in texts])
        if sum(map(len, lines)) <= _LARGEST:
            break
    if len(columns) > len(texts):
        lines.append(f"… and {len(columns) - len(texts)} more columns")
    return lines


def _aligned(facts: Sequence[tuple[str, Optional[str]]]) -> list[str]:
    """``Name: value`` lines, of those that have one."""
    told = [(f"{name}:", value) for name, value in facts if value is not None]
    width = min(max((len(name) for name, _ in told), default=0), _WIDEST)
    return [f"{name:<{width}} {value}".rstrip() for name, value in told]


def _fact(text: str) -> Optional[str]:
    """A text that has few characters where all is well; ``None`` for none."""
    return safe(text, _LONGEST_FACT) or None


def _gist(text: str) -> str:
    return safe(text, _LONGEST_GIST)
