"""How many mails may still go out, over all turns."""

from watchbox import state

_KEY = "budget"

# The grant's limit is one by the hour; what is longer is left over from a clock that was wrong.
_LONGEST_PAUSE = 3_600.0


class Budget:
    """At most so many mails within so many seconds, which begin with the first of them; and none during a pause.

    One that becomes one to each recipient counts as often, and is seen through even where that is more. What is more is not owed: with many
    recipients and a long time, nobody would hear of anything for days.
    """

    def __init__(self, most: int, seconds: float, now: float):
        self._most = most
        self._seconds = seconds
        self._now = now
        kept = state.get(_KEY, {})
        self._since: float = kept.get("since", now)
        self._count: int = kept.get("count", 0)
        self._pause: float = kept.get("pause", now)
        self._changed = False
        if not self._since - seconds <= now < self._since + seconds:
            self._since, self._count = now, 0

    @property
    def lack(self) -> str:
        """Why no mail may go out now; empty where one may."""
        if self._now < self._pause <= self._now + _LONGEST_PAUSE:
            return "the grant's mails an hour are spent"
        if self._count >= self._most:
            return f"{self._most} mails were sent within {self._seconds} seconds"
        return ""

    def spend(self) -> None:
        """A mail goes out."""
        if self._count == 0:
            self._since = self._now
        self._count += 1
        self._changed = True

    def pause(self, seconds: float) -> None:
        """None may go out for so long."""
        self._pause = self._now + seconds
        self._changed = True

    def save(self) -> None:
        """Keeps it for the next turn."""
        if self._changed:
            state.set(_KEY, {"since": self._since, "count": self._count, "pause": self._pause})
