"""Tells the time. Needs the grant ``clock``."""

from ._contract import Err
from ._host import host, refused


def now() -> float:
    """The turn's time: when its first try began, in seconds since the Unix epoch. The same at every call and on every try of the turn, so
    that a turn done again comes out the same; it can't be used to measure."""
    try:
        return host().clock.now()
    except Err as error:
        refused("clock", error.value, {})
