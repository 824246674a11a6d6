"""What an artifact is."""

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional

from ._failure import Reject


@dataclass(frozen=True)
class Tick:
    """A tick of the artifact's schedule."""

    due: float
    """When it was due, in seconds since the Unix epoch. May be long past; :func:`watchbox.clock.now` is the turn's time."""


class Batch:
    """Events of one log, oldest first: iterate over it. Each is a ``dict``, column name to value."""

    __slots__ = ("artifact", "events")

    def __init__(self, artifact: str, events: list[dict[str, Any]]):
        self.artifact = artifact
        """The log's name: tells several subscriptions apart."""
        self.events = events
        """The events. ``ClientId`` and ``_ts`` are always there; other columns come from endpoints: never trust their presence or type."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


Rows = Optional[Iterable[Any]]
"""Rows: ``dict`` or dataclass instances, in a list or from a generator; ``None`` for none."""


class Artifact:
    """A server monitoring artifact.

    The host makes one for its parameters and keeps it warm between turns, so attributes last from turn to turn; but it may be dropped at
    any moment, and is after a failed turn: what must not be lost belongs in :mod:`watchbox.state`.
    """

    parameters: dict[str, Any]
    """The parameters, by the names that the manifest gives them; annotate it with a dataclass for typed ones. Secrets are not among
    them: see :func:`watchbox.http.secret`."""

    def configure(self) -> None:
        """Called once, with :attr:`parameters` set. An exception's text tells the operator what is wrong with them. No capability but
        :mod:`watchbox.log` may be used here."""

    def events(self, batch: Batch) -> Rows:
        """One turn with events of a log that the manifest subscribes to."""
        raise Reject(f"the manifest subscribes to {batch.artifact}, but the artifact has no `events`")

    def tick(self, tick: Tick) -> Rows:
        """One turn with a tick of the manifest's schedule."""
        raise Reject("the manifest has a schedule, but the artifact has no `tick`")
