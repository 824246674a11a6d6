"""What was not told by itself and is to be told together, kept until it can be."""

import json
from dataclasses import asdict, dataclass

from watchbox import state

_KEY = "held-back"

# How many kinds are told apart, and how many bytes of state they take; rows of others are counted.
_MOST = 200
_LARGEST = 250_000


@dataclass
class About:
    """What a kind of rows is known by: what was known of the first."""

    subject: str
    """The subject, as a mail about it has it: made safe, and no longer than that."""
    client_id: str
    hostname: str


@dataclass
class Kind:
    """Rows that are alike."""

    key: str
    about: About
    count: int
    """How many there are."""
    first: float
    """When the first of them came: seconds since the Unix epoch."""
    last: float
    """When the last of them came."""


class HeldBack:
    """All of it, as the turns before have left it."""

    def __init__(self) -> None:
        kept = state.get(_KEY, {})
        self.nth: int = kept.get("nth", 0)
        """How often it was told before."""
        self.others: int = kept.get("others", 0)
        """Rows of kinds that are not told apart."""
        kinds = [Kind(about=About(**kind.pop("about")), **kind) for kind in kept.get("kinds", [])]
        self._kinds = {kind.key: kind for kind in kinds}
        self._size = sum(map(_size, kinds))
        self._changed = False

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that are told apart, in the order in which they came."""
        return list(self._kinds.values())

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(kind.count for kind in self._kinds.values()) + self.others

    def add(self, key: str, about: About, count: int, first: float, last: float) -> None:
        """Holds rows back."""
        self._changed = True
        known = self._kinds.get(key)
        if known is not None:
            known.count += count
            known.last = last
            return
        kind = Kind(key, about, count, first, last)
        if len(self._kinds) >= _MOST or self._size + _size(kind) > _LARGEST:
            self.others += count
            return
        self._kinds[key] = kind
        self._size += _size(kind)

    def told(self) -> None:
        """It was told, or is given up."""
        self._kinds, self._size, self.others = {}, 0, 0
        self.nth += 1
        self._changed = True

    def save(self) -> None:
        """Keeps it for the next turn."""
        if self._changed:
            state.set(_KEY, {"nth": self.nth, "others": self.others, "kinds": [asdict(kind) for kind in self._kinds.values()]})


def _size(kind: Kind) -> int:
    # Counts grow by a few digits.
    return len(json.dumps(asdict(kind))) + 20
