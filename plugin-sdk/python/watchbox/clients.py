"""Looks up clients: the endpoints that the server knows. Needs the grant ``clients``."""

from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

from ._contract import Err
from ._failure import CapabilityError
from ._host import host, refused

_PAGE = 1_000


@dataclass
class Client:
    """An endpoint."""

    id: str
    """Its id, such as ``C.1a2b3c4d5e6f7a8b``; never changes."""
    hostname: str = ""
    """Its hostname; empty until it reported one."""
    os: str = ""
    """Its operating system, as it was registered; empty where none was."""
    labels: list[str] = field(default_factory=list)
    """Its labels, sorted. They compare without regard to ASCII case."""
    first_seen: float = 0.0
    """When it was registered, or first reported: seconds since the Unix epoch."""
    last_seen: float = 0.0
    """When it last reported anything: seconds since the Unix epoch; 0 where it has not reported yet."""


class InvalidQuery(CapabilityError):
    """The search term is none."""

    def __init__(self, text: str):
        super().__init__(f"clients: no search term: {text}")


class Unavailable(CapabilityError):
    """The server could not read its clients just now."""

    def __init__(self, text: str):
        super().__init__(f"clients: unavailable: {text}")


_KINDS = {"InvalidQuery": InvalidQuery, "Unavailable": Unavailable}


def search(query: str) -> Iterator[Client]:
    """Clients that match, ordered by id: ``label:X``, ``host:X`` (``*`` stands for any characters), ``client:X``, ``all``, or bare text.
    They are fetched as they are asked for, a thousand at a time."""
    after = None
    while True:
        try:
            page = host().clients.search(query, _PAGE, after)
        except Err as error:
            refused("clients", error.value, _KINDS)
        for client in page:
            yield _client(client)
        if len(page) < _PAGE:
            return
        after = page[-1].id


def get(id: str) -> Optional[Client]:
    """The client of this id, if there is one that a granted search term matches."""
    try:
        found = host().clients.get(id)
    except Err as error:
        refused("clients", error.value, _KINDS)
    return None if found is None else _client(found)


def _client(found: Any) -> Client:
    return Client(found.id, found.hostname, found.os, list(found.labels), found.first_seen, found.last_seen)
