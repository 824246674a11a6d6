"""Puts labels on clients and takes them off, as part of the turn. Needs the grant ``labels``."""

from ._contract import Err
from ._failure import CapabilityError
from ._host import host, refused


class UnknownClient(CapabilityError):
    """There is no client of this id."""

    def __init__(self, id: str):
        super().__init__(f"labels: no client {id}")


class InvalidLabel(CapabilityError):
    """One of the labels is none: 1 to 64 characters are wanted, without commas, control characters, or white space at the ends."""

    def __init__(self, label: str):
        super().__init__(f"labels: no label: {label}")


_KINDS = {"UnknownClient": UnknownClient, "InvalidLabel": InvalidLabel}


def add(client_id: str, *labels: str) -> None:
    """Puts labels on a client: all of them, or on an error none. One that it carries already is left as it is."""
    try:
        host().labels.add(client_id, list(labels))
    except Err as error:
        refused("labels", error.value, _KINDS)


def remove(client_id: str, *labels: str) -> None:
    """Takes labels off a client: all of them, or on an error none. One that it does not carry is passed over."""
    try:
        host().labels.remove(client_id, list(labels))
    except Err as error:
        refused("labels", error.value, _KINDS)
