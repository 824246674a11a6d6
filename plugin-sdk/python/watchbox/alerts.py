"""What an alert about an event says that the event does not, or not for sure.

Looks clients up: without the grant ``clients`` it knows the hostnames that events tell.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from . import clients
from ._failure import CapabilityError


@dataclass(frozen=True)
class Alert:
    """An alert."""

    client_id: str
    """The client."""
    hostname: str
    """As the event's column ``Hostname`` tells it, or as the server knows it; empty for none."""
    log: str
    """The log that the event is of."""
    time: str
    """When the server received the event, as people read it, in UTC."""
    columns: dict[str, Any]
    """The event's columns and, for templates, ``alert.client_id``, ``alert.hostname``, ``alert.log`` and ``alert.time``, which no column passes
    for."""


class Alerts:
    """The alerts of one turn, about events of a log. A client is looked up once."""

    def __init__(self, log: str):
        self._log = log
        self._hostnames: dict[str, str] = {}

    def of(self, event: dict[str, Any]) -> Alert:
        """The alert about an event."""
        client_id, hostname, time = event["ClientId"], self._hostname(event), utc(event.get("_ts"))
        ours = {"alert.client_id": client_id, "alert.hostname": hostname, "alert.log": self._log, "alert.time": time}
        return Alert(client_id, hostname, self._log, time, {**event, **ours})

    def _hostname(self, event: dict[str, Any]) -> str:
        told = event.get("Hostname")
        if isinstance(told, str) and told:
            return told
        client_id = event["ClientId"]
        if client_id not in self._hostnames:
            self._hostnames[client_id] = _looked_up(client_id)
        return self._hostnames[client_id]


def _looked_up(client_id: str) -> str:
    try:
        client = clients.get(client_id)
    except CapabilityError:
        # Not granted, or not there just now: an alert without a hostname is one all the same.
        return ""
    return client.hostname if client else ""


def utc(seconds: Any) -> str:
    """A time in seconds since the Unix epoch as people read it, in UTC; empty where it is none."""
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc).isoformat(' ', 'seconds')[:19]} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
