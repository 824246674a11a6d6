"""Windows of silence: what is alike is told once, and then, when its window is over, how many more there were.

Needs the grant ``state``, where they are kept. Times are seconds since the Unix epoch.
"""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import state
from .digest import digest

# The longest key that is kept as it is.
_LONGEST_KEY = 255


@dataclass
class Window:
    """A window."""

    key: str
    """What is alike in it."""
    since: float
    """When it was opened."""
    until: float
    """When it ends, or ended."""
    more: int
    """How many were not told on their own."""
    last: float
    """When the last of them came."""
    about: Any = None
    """What it was opened with."""


class Arrival(NamedTuple):
    """What to do with something that has come."""

    tell: bool
    """Whether it is to be told."""
    more: int
    """How many more there were in the window before, if nobody told of them."""


class Windows:
    """Those of an artifact, as the turns before have left them: read them at a turn's beginning, :meth:`save` them at its end."""

    def __init__(self, seconds: float, *, most: int = 500, largest: int = 400_000, name: str = "windows"):
        """``seconds`` is how long a window is; with 0 everything is told. At most ``most`` are open at once, and hold ``largest`` bytes of
        state: with one more, the oldest ends early. ``name`` is the key in the state."""
        self._seconds = seconds
        self._most = most
        self._largest = largest
        self._name = name
        self._early: list[Window] = []
        self._changed = False
        kept = state.get_bytes(name) or b"[]"
        self._size = len(kept)
        self._open = {one["key"]: Window(until=one["since"] + seconds, **one) for one in json.loads(kept)}

    def arrives(self, key: str, now: float, about: Any = None) -> Arrival:
        """Something has come: whether it is to be told, in which case a window opens, kept with ``about``, which is what JSON can hold; and how
        many more there were in the window before, if nobody told of them."""
        if self._seconds <= 0:
            return Arrival(True, 0)
        self._changed = True
        before = self._open.get(key)
        if before is not None and self._lasts(before, now):
            before.more += 1
            before.last = now
            return Arrival(False, 0)
        more = self.close(key)
        window = self._open[key] = Window(key, now, now + self._seconds, 0, now, about)
        self._size += _size(window)
        # What came last stays, whatever its size.
        while len(self._open) > 1 and (len(self._open) > self._most or self._size > self._largest):
            self._early.append(self._take(next(iter(self._open))))
        return Arrival(True, more)

    def add(self, key: str, count: int = 1) -> bool:
        """Counts into the open window what was to be told and could not be. ``False`` where there is none."""
        window = self._open.get(key)
        if window is None:
            return False
        window.more += count
        self._changed = True
        return True

    def close(self, key: str) -> int:
        """Closes a window before its time; gives how many were not told on their own."""
        return self._take(key).more if key in self._open else 0

    def ended(self, now: float) -> list[Window]:
        """Takes out the windows that are over, or had to make room, and gives those in which there was more to tell, the oldest first."""
        over, self._early = self._early, []
        over += [self._take(window.key) for window in list(self._open.values()) if not self._lasts(window, now)]
        return [window for window in over if window.more > 0]

    def save(self) -> None:
        """Keeps them for the next turn."""
        if not self._changed:
            return
        if self._open:
            state.set(self._name, [_kept(window) for window in self._open.values()])
        else:
            state.remove(self._name)
        self._changed = False

    def _lasts(self, window: Window, now: float) -> bool:
        # One that lies in the future is left over from a clock that was wrong. (Turns that are tried again for long are a little behind.)
        return window.since - self._seconds <= now < window.until

    def _take(self, key: str) -> Window:
        window = self._open.pop(key)
        self._size -= _size(window)
        self._changed = True
        return window


def _kept(window: Window) -> dict[str, Any]:
    return {"key": window.key, "since": window.since, "more": window.more, "last": window.last, "about": window.about}


def _size(window: Window) -> int:
    """About how many bytes of state it takes."""
    return len(json.dumps(_kept(window), separators=(",", ":"))) + 1


def key_of(text: str, longest: int = _LONGEST_KEY) -> str:
    """A key of at most ``longest`` characters: a longer one is cut, and ends in its digest."""
    if len(text) <= longest:
        return text
    tail = f"#{digest(text)[:32]}"
    return text[: longest - len(tail)] + tail
